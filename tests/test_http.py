"""The HTTP client: what it retries, what it keeps, what it says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from houfeng.errors import SourceError
from houfeng.http import LONGEST_PAUSE_S, HttpClient

URL = "https://data.example.org/query"
Handler = Callable[[httpx.Request], httpx.Response]


class Script:
    """A transport that plays a list of answers (or errors) and remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests, self.pauses = list(answers), [], []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options) -> HttpClient:
        return HttpClient(transport=httpx.MockTransport(self), sleep=self.pauses.append, **options)


def test_a_plain_answer_comes_back_with_its_time():
    script = Script(httpx.Response(200, content=b"abc"))
    before = datetime.now(UTC)
    with script.client() as client:
        response = client.get(URL, {"a": "1", "b": "x y"})
    assert (response.status, response.body) == (200, b"abc")
    assert before <= response.retrieved <= datetime.now(UTC)
    assert script.requests[0].url.params["b"] == "x y"
    assert script.requests[0].headers["User-Agent"].startswith("houfeng/")


def test_parameters_join_those_of_the_address():
    script = Script(httpx.Response(200))
    with script.client() as client:
        client.get(f"{URL}?key=7", {"a": "1"})
    assert str(script.requests[0].url) == f"{URL}?key=7&a=1"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_transient_statuses_are_tried_again_with_growing_pauses(status):
    script = Script(*[httpx.Response(status)] * 3, httpx.Response(200, content=b"ok"))
    with script.client(retries=4) as client:
        assert client.get(URL).body == b"ok"
    assert script.pauses == [1, 2, 4]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusals_are_not_tried_again(status):
    script = Script(httpx.Response(status, text="no such thing here"))
    with script.client() as client, pytest.raises(SourceError) as caught:
        client.get(URL)
    message = str(caught.value)
    assert "data.example.org" in message and str(status) in message and "no such thing here" in message
    assert len(script.requests) == 1 and script.pauses == []


def test_it_gives_up_after_the_last_attempt_and_says_what_to_do():
    script = Script(httpx.Response(503, text="busy"))
    with script.client(retries=2) as client, pytest.raises(SourceError, match="after 3 attempts, try again"):
        client.get(URL)
    assert len(script.requests) == 3 and len(script.pauses) == 2


def test_retry_after_in_seconds_is_honoured():
    script = Script(httpx.Response(429, headers={"Retry-After": "17"}), httpx.Response(200))
    with script.client() as client:
        client.get(URL)
    assert script.pauses == [17]


def test_retry_after_as_a_date_is_honoured():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    script = Script(httpx.Response(503, headers={"Retry-After": later}), httpx.Response(200))
    with script.client() as client:
        client.get(URL)
    assert 45 < script.pauses[0] <= 50


@pytest.mark.parametrize("nonsense", ["soon", "", "-5", "Wed, 21 Oct 2015 07:28:00", "1e9"])
def test_a_senseless_retry_after_falls_back_to_the_usual_pause(nonsense):
    script = Script(httpx.Response(503, headers={"Retry-After": nonsense}), httpx.Response(200))
    with script.client() as client:
        client.get(URL)
    assert script.pauses == [1]


def test_a_very_long_retry_after_is_reported_instead_of_waited_for():
    script = Script(httpx.Response(429, headers={"Retry-After": f"{LONGEST_PAUSE_S + 1:.0f}"}))
    with script.client() as client, pytest.raises(SourceError, match="asks to wait 121 s"):
        client.get(URL)
    assert script.pauses == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("refused"), "cannot be reached; check the network"),
        (httpx.ReadTimeout("slow"), "did not answer within 60 s"),
        (httpx.RemoteProtocolError("cut"), "sent a broken answer: cut"),
    ],
)
def test_network_errors_are_tried_again_then_told_plainly(error, words):
    with Script(error, httpx.Response(200, content=b"ok")).client() as client:
        assert client.get(URL).body == b"ok"
    with Script(error).client(retries=1) as client, pytest.raises(SourceError, match=words):
        client.get(URL)


@pytest.mark.parametrize("address", ["ftp://host/x", "not an address", "https://", "http://host:port/"])
def test_a_bad_address_is_told(address):
    with (
        Script(httpx.Response(200)).client() as client,
        pytest.raises(SourceError, match="is not an address"),
    ):
        client.get(address)


def test_a_redirect_is_followed_and_a_loop_of_them_told():
    script = Script(httpx.Response(302, headers={"Location": "/other"}), httpx.Response(200, content=b"there"))
    with script.client() as client:
        assert client.get(URL).body == b"there"
    loop = Script(httpx.Response(302, headers={"Location": "/query"}))
    with loop.client() as client, pytest.raises(SourceError, match="redirect"):
        client.get(URL)


def test_the_cache_answers_without_asking_again(tmp_path):
    script = Script(httpx.Response(200, content=b"abc"))
    folder = tmp_path / "new" / "cache"
    with script.client(cache_dir=folder) as client:
        assert not folder.exists()
        first = client.get(URL, {"q": "1"})
        assert client.get(URL, {"q": "1"}) == first
        client.get(URL, {"q": "2"})
    assert len(script.requests) == 2
    with script.client(cache_dir=folder) as another:
        assert another.get(URL, {"q": "1"}) == first
    assert len(script.requests) == 2
    assert not list(folder.glob(".part-*"))


def test_the_cache_keeps_no_content_but_no_refusal(tmp_path):
    script = Script(httpx.Response(204), httpx.Response(413), httpx.Response(200))
    with script.client(cache_dir=tmp_path) as client:
        for _ in range(2):
            assert client.get(URL).status == 204
        assert client.get(URL + "/b", expected=(200, 413)).status == 413
        assert client.get(URL + "/b", expected=(200, 413)).status == 200


def test_the_cache_can_be_passed_by(tmp_path):
    script = Script(httpx.Response(200, content=b"now"))
    with script.client(cache_dir=tmp_path) as client:
        client.get(URL, cache=False)
        client.get(URL, cache=False)
    assert len(script.requests) == 2 and not list(tmp_path.iterdir())


def test_an_old_copy_is_fetched_again(tmp_path):
    script = Script(httpx.Response(200, content=b"abc"))
    with script.client(cache_dir=tmp_path, cache_max_age_s=3600) as client:
        client.get(URL)
        (entry,) = tmp_path.iterdir()
        head, _, body = entry.read_bytes().partition(b"\n")
        fields = json.loads(head)
        fields["retrieved"] = (datetime.now(UTC) - timedelta(seconds=3601)).isoformat()
        entry.write_bytes(json.dumps(fields).encode() + b"\n" + body)
        client.get(URL)
    assert len(script.requests) == 2


@pytest.mark.parametrize("damage", [b"", b"\n", b"garbage", b"[1]\nabc", b"null\n", b"\xff\xfe\n\x00"])
def test_a_damaged_copy_is_fetched_again(tmp_path, damage):
    script = Script(httpx.Response(200, content=b"abcdef"))
    with script.client(cache_dir=tmp_path) as client:
        client.get(URL)
        (entry,) = tmp_path.iterdir()
        entry.write_bytes(damage)
        assert client.get(URL).body == b"abcdef"
        entry.write_bytes(entry.read_bytes()[:-2])  # shorter than it says
        assert client.get(URL).body == b"abcdef"
    assert len(script.requests) == 3


def test_a_faulty_body_is_tried_again_and_never_cached(tmp_path):
    def fault(body: bytes) -> str:
        return "" if body.endswith(b"END") else "no END"

    script = Script(httpx.Response(200, content=b"half"), httpx.Response(200, content=b"whole END"))
    with script.client(cache_dir=tmp_path) as client:
        assert client.get(URL, fault=fault).body == b"whole END"
    bad = Script(httpx.Response(200, content=b"half"))
    with (
        bad.client(cache_dir=tmp_path / "other", retries=1) as client,
        pytest.raises(SourceError, match="no END"),
    ):
        client.get(URL, fault=fault)
    assert not (tmp_path / "other").exists()


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        Script(httpx.Response(200)).client(cache_dir=tmp_path / "file" / "cache") as client,
        pytest.raises(SourceError, match="cannot write .*data_dir"),
    ):
        client.get(URL)


def test_a_broken_answer_leaves_nothing_in_the_cache(tmp_path):
    def broken():
        yield b"first part"
        raise httpx.ReadError("cut")

    cut = Script(httpx.Response(200, content=broken()))
    with cut.client(retries=0, cache_dir=tmp_path) as client, pytest.raises(SourceError, match="broken answer"):
        client.get(URL)
    assert not list(tmp_path.iterdir())


def test_a_drip_of_bytes_ends_in_a_timeout(monkeypatch):
    clock = iter(range(0, 100_000, 400))
    monkeypatch.setattr("houfeng.http.time.monotonic", lambda: next(clock))

    def drip():
        for _ in range(10):
            yield b"x"

    script = Script(httpx.Response(200, content=drip()))
    with script.client(retries=0, timeout_s=60) as client, pytest.raises(SourceError, match="did not answer"):
        client.get(URL)


def test_a_post_sends_the_same_bytes_and_headers_at_every_attempt_and_follows_no_redirect():
    script = Script(httpx.Response(503), httpx.Response(202, content=b"taken"))
    with script.client() as client:
        answer = client.post(URL, b"body", {"Idempotency-Key": "k1"})
    assert (answer.status, answer.body) == (202, b"taken")
    assert [(r.method, r.content, r.headers["Idempotency-Key"]) for r in script.requests] == [
        ("POST", b"body", "k1")
    ] * 2
    moved = Script(httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    with moved.client() as client, pytest.raises(SourceError, match="answered 302"):
        client.post(URL, b"body", {})
    assert len(moved.requests) == 1
