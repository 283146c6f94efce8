"""Channels on real sockets: signatures, repetitions, failures that stop nobody, and nothing that was not published."""

import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from alert_samples import STANDINGS, illapel, message, oasis_accepts

from houfeng.alerts import Standing, as_issued, read_cap
from houfeng.alerts.channels import Receipt, Released, deliver, read_channels, release, takers
from houfeng.alerts.channels.folder import FolderChannel
from houfeng.alerts.channels.messenger import MessengerChannel
from houfeng.alerts.channels.webhook import WebhookChannel, require_signature, signature
from houfeng.errors import ConfigError, InputError, MissingExtraError, SourceError

#: Apprise loads a module that Python 3.13 has no more; it does without it there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

SECRET = b"sixteen bytes or more"
PUBLISHED = Standing("published", "国家地震中心")


@dataclass
class Receiver:
    """A web server on this computer that keeps what it was sent and answers as told."""

    answers: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    delay_s: float = 0.0
    url: str = ""


@pytest.fixture
def receiver():
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append((dict(self.headers), body))
            time.sleep(found.delay_s)
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/hook/token123"
        yield found
        server.shutdown()
        thread.join(5)


@pytest.fixture
def mailbox():
    """A mail server on this computer; the letters it took."""
    letters: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        lines.append(part)
                    letters.append(b"".join(lines).decode())
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 fine\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1], letters
        server.shutdown()
        thread.join(5)


def hook(url: str, **more) -> WebhookChannel:
    return WebhookChannel("civil protection", url, SECRET, sleep=lambda seconds: None, **more)


def released(**more) -> Released:
    return release(illapel(**more), PUBLISHED)


@pytest.mark.parametrize("standing", [s for s in STANDINGS if s.state != "published"], ids=lambda s: s.state)
def test_nothing_goes_out_that_nobody_published(standing):
    with pytest.raises(InputError, match="only what a named authority has published goes out"):
        release(illapel(), standing)
    with pytest.raises(InputError, match="goes out"):
        Released(as_issued(illapel(), Standing()), b"", PUBLISHED)


def test_a_web_hook_gets_the_signed_message(receiver):
    sent = released()
    told = hook(receiver.url).send(sent)
    ((headers, body),) = receiver.requests
    assert told.delivered and told.detail == f"{hook(receiver.url).address} answered 200"
    assert body == sent.cap and oasis_accepts(body)
    assert headers["Content-Type"] == "application/cap+xml"
    assert headers["Idempotency-Key"] == sent.alert.identifier
    require_signature(SECRET, headers, body, now_s=time.time())


def test_a_receiver_refuses_what_is_forged_changed_or_old(receiver):
    hook(receiver.url).send(released())
    ((headers, body),) = receiver.requests
    now = time.time()
    for secret, content, clock, words in (
        (b"another secret of 20", body, now, "not that of this body"),
        (SECRET, body.replace(b"likely", b"unlikely"), now, "not that of this body"),
        (SECRET, body, now + 360, "old message"),
        (SECRET, body, now - 360, "old message"),
    ):
        with pytest.raises(InputError, match=words):
            require_signature(secret, headers, content, now_s=clock)
    with pytest.raises(InputError, match="lacks X-Houfeng-Timestamp"):
        require_signature(SECRET, {}, body, now_s=now)
    later = {**headers, "X-Houfeng-Timestamp": str(int(now) + 60)}
    with pytest.raises(InputError, match="not that of this body, time"):
        require_signature(SECRET, later, body, now_s=now)


def test_the_signature_is_the_published_one():
    """The value of: printf '1442444280.what do ya want for nothing?' | openssl dgst -sha256 -hmac Jefe."""
    assert signature(b"Jefe", "1442444280", b"what do ya want for nothing?") == (
        "sha256=46de02faa437c641e887fab859b16ab67fc6436b114970880c032e150440d7d7"
    )


def test_a_busy_receiver_is_tried_again_with_the_same_key(receiver):
    receiver.answers = [503, 429, 200]
    told = hook(receiver.url).send(released())
    assert told.delivered and len(receiver.requests) == 3
    assert len({(h["Idempotency-Key"], h["X-Houfeng-Signature"], body) for h, body in receiver.requests}) == 1


@pytest.mark.parametrize(("answer", "attempts"), [(401, 1), (302, 1), (404, 1), (500, 4)])
def test_a_refusal_is_told_without_the_secret_path(receiver, answer, attempts):
    receiver.answers = [answer] * 9
    with pytest.raises(SourceError, match=f"answered {answer}") as caught:
        hook(receiver.url).send(released())
    assert len(receiver.requests) == attempts
    assert "token123" not in str(caught.value)


def test_a_receiver_that_is_not_there_or_silent_is_told(receiver):
    with pytest.raises(SourceError, match="cannot be reached"):
        hook("http://127.0.0.1:9/x", retries=0).send(released())
    receiver.delay_s = 1.0
    with pytest.raises(SourceError, match="did not answer within 0.1 s"):
        hook(receiver.url, retries=0, timeout_s=0.1).send(released())


def test_web_hooks_are_secret_and_encrypted():
    for url in ("http://example.org/x", "ftp://example.org", "example.org", "https://", "http://["):
        with pytest.raises(InputError, match="url"):
            hook(url)
    with pytest.raises(InputError, match="shorter than 16 bytes"):
        WebhookChannel("x", "https://example.org/x", b"short")
    shown = repr(hook("https://example.org/token123"))
    assert "token123" not in shown and "sixteen" not in shown
    assert hook("https://example.org/token123").address == "https://example.org/..."


def test_a_folder_gets_message_card_and_feeds(tmp_path):
    channel = FolderChannel("web", tmp_path / "public", base_url="https://alerts.example/")
    first = illapel()
    sent = release(first, PUBLISHED)
    told = channel.send(sent)
    update = release(message("update", thread=(first,), after=5), PUBLISHED)
    channel.send(update)
    path = tmp_path / "public" / f"{sent.alert.identifier}.xml"
    assert told.detail == str(path) and path.read_bytes() == sent.cap
    assert "国家地震中心" in path.with_suffix(".txt").read_text() and "<html" in path.with_suffix(".html").read_text()
    names = {"atom": "http://www.w3.org/2005/Atom"}
    for language, word in (("en-US", "TSUNAMI"), ("zh-CN", "海啸")):
        feed = ET.fromstring((tmp_path / "public" / f"alerts.{language}.atom").read_bytes())
        entries = feed.findall("atom:entry", names)
        links = [entry.find("atom:link", names).get("href") for entry in entries]
        files = [f"https://alerts.example/{alert.alert.identifier}.xml" for alert in (update, sent)]
        assert links == files, "the newest first"
        assert word in entries[1].findtext("atom:title", "", names)
    assert not [p for p in (tmp_path / "public").iterdir() if p.name.endswith(".part")]


def test_a_strange_file_in_the_folder_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "other.xml").write_text("<words/>")
    told = FolderChannel("web", tmp_path).send(released())
    assert told.delivered and "1 other files could not be read for the feed: other.xml" in told.detail


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot write"):
        FolderChannel("web", tmp_path / "file").send(released())


def test_a_letter_arrives_in_both_languages(mailbox):
    port, letters = mailbox
    url = f"mailto://csn.example:{port}?smtp=127.0.0.1&from=alerts@csn.example&to=duty@csn.example&mode=insecure"
    told = MessengerChannel("duty officer", url, drills=True).send(released(drill=True))
    assert told.delivered and told.detail == "handed to mailto://..."
    (letter,) = letters
    from email import message_from_string
    from email.header import decode_header, make_header

    mail = message_from_string(letter)
    assert "[EXERCISE EXERCISE EXERCISE] TSUNAMI POSSIBLE" in str(make_header(decode_header(mail["Subject"])))
    part = next(p for p in mail.walk() if p.get_content_type() == "text/plain")
    text = part.get_payload(decode=True).decode()
    assert "演习 演习 演习" in text and "drop, cover and hold on" in text


def test_a_service_that_does_not_take_it_and_a_strange_url_are_told():
    with pytest.raises(SourceError, match="json://... did not take it"):
        MessengerChannel("x", "json://127.0.0.1:9/secret").send(released())
    with pytest.raises(InputError, match="Apprise cannot read the url of channel 'x' \\(nosuch://...\\)"):
        MessengerChannel("x", "nosuch://secret").send(released())
    assert "secret" not in repr(MessengerChannel("x", "json://127.0.0.1:9/secret"))


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r'pip install "houfeng\[alerts\]"'):
        MessengerChannel("x", "json://127.0.0.1").send(released())


@dataclass(frozen=True)
class Broken:
    name: str
    error: Exception
    drills: bool = True
    address: str = "nowhere"

    def send(self, released: Released) -> Receipt:
        raise self.error


def test_a_failed_channel_stops_no_other_and_is_reported(receiver, tmp_path):
    channels = (
        Broken("first", SourceError("the line\nis cut")),
        FolderChannel("web", tmp_path / "web", drills=True),
        Broken("second", ZeroDivisionError("a fault of its own")),
        hook(receiver.url, drills=True),
    )
    seen: list[Receipt] = []
    receipts = deliver(released(drill=True), channels, record=seen.append)
    assert [(r.channel, r.delivered) for r in receipts] == [
        ("first", False),
        ("web", True),
        ("second", False),
        ("civil protection", True),
    ]
    assert receipts[0].detail == "the line is cut" and "ZeroDivisionError" in receipts[2].detail
    assert sorted(r.channel for r in seen) == sorted(r.channel for r in receipts)
    assert all(r.time.tzinfo for r in receipts)


def test_a_slow_channel_does_not_hold_up_the_others(receiver, tmp_path):
    receiver.delay_s = 0.5
    order: list[str] = []
    channels = (hook(receiver.url), FolderChannel("web", tmp_path))
    deliver(released(), channels, record=lambda receipt: order.append(receipt.channel))
    assert order == ["web", "civil protection"]


def test_exercises_go_only_where_they_are_wanted(tmp_path):
    public, inner = FolderChannel("public", tmp_path / "a"), FolderChannel("inner", tmp_path / "b", drills=True)
    assert takers((public, inner), drill=True) == (inner,) and takers((public, inner), drill=False) == (public, inner)
    assert [r.channel for r in deliver(released(drill=True), (public, inner))] == ["inner"]
    assert not (tmp_path / "a").exists()
    (path,) = (tmp_path / "b").glob("*.xml")
    assert path.name.startswith("exercise-") and read_cap(path.read_bytes()).status == "Exercise"
    assert deliver(released(drill=True), (public,)) == ()


GOOD = """
[[channel]]
name = "web"
kind = "folder"
folder = "public"
base_url = "https://alerts.example/"
[[channel]]
name = "hook"
kind = "webhook"
url = "https://example.org/hook"
secret_variable = "HOOK_SECRET"
drills = true
[[channel]]
name = "mail"
kind = "apprise"
url_variable = "MAIL_URL"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "channels.toml"
    path.write_text(text)
    return path


def test_channels_are_read_from_a_file_and_secrets_from_variables(tmp_path):
    environment = {"HOOK_SECRET": SECRET.decode(), "MAIL_URL": "mailtos://u:p@example.org"}
    web, webhook, mail = read_channels(write(tmp_path, GOOD), timeout_s=3, retries=1, environment=environment)
    assert web == FolderChannel("web", tmp_path / "public", False, "https://alerts.example/")
    assert (webhook.secret, webhook.timeout_s, webhook.retries, webhook.drills) == (SECRET, 3, 1, True)
    assert mail.address == "mailtos://..."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", r"must hold a list of tables \[\[channel\]\]"),
        ("[[channel]", "are not TOML"),
        ("[[channel]]\nname='a'", "channel 1: kind is None, allowed: folder, webhook, apprise"),
        ("[[channel]]\nname='a'\nkind='folder'", "channel 1 lacks folder"),
        ("[[channel]]\nkind='folder'\nfolder='x'", "channel 1 lacks name"),
        ("[[channel]]\nname='a'\nkind='folder'\nfolder='x'\nurl='y'", "'url' is not known"),
        ("[[channel]]\nname='a'\nkind='folder'\nfolder='x'\ndrills='yes'", "drills is 'yes', it must be true or false"),
        ("[[channel]]\nname='a'\nkind='folder'\nfolder=3", "folder is 3, it must be a text"),
        ("[[channel]]\nname='a'\nkind='apprise'\nurl_variable='NOPE'", "variable NOPE is not set"),
        ("[[channel]]\nname='a'\nkind='apprise'\nurl_variable='HOUFENG_X'", "give it another name"),
        ("[[channel]]\nname='a'\nkind='webhook'\nurl='https://e.org'\nsecret_variable='S'", "shorter than 16"),
        ("[[channel]]\nname='a'\nkind='folder'\nfolder='x'\n" * 2, "two channels have the same name"),
    ],
)
def test_a_wrong_channels_file_is_told(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        read_channels(write(tmp_path, text), environment={"S": "short"})
    with pytest.raises(ConfigError, match="cannot read the channels"):
        read_channels(tmp_path / "none.toml")
