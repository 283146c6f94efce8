"""A real server on a real port, started as a person would."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from houfeng.cli.main import main
from houfeng.errors import InputError
from houfeng.service import server

ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """A server in a process of its own, and what it printed first."""

    process: subprocess.Popen
    said: dict

    @property
    def url(self) -> str:
        return self.said["url"]


@contextlib.contextmanager
def serving(store: Path, *options: str):
    code = "import sys; from houfeng.cli.main import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0", "--store", store, "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        lines = [process.stdout.readline() for _ in range(4)]
        yield Running(process, json.loads("".join(lines)))
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_it_prints_its_address_answers_and_stops_at_ctrl_c(store_folder):
    with serving(store_folder) as running:
        assert running.said["store"] == str(store_folder)
        with httpx.Client(base_url=running.url, trust_env=False) as http:
            health = http.get("/api/health").json()
            assert health["ok"] and health["store"]["n_runs"] == 4
            page = http.get("/")
            assert page.headers["content-type"].startswith("text/html") and "page.js" in page.text
            assert http.get("/api/health", headers={"host": "evil.example"}).status_code == 421
            assert "server" not in page.headers
        running.process.send_signal(signal.SIGINT)
        _, err = running.process.communicate(timeout=30)
        assert running.process.returncode == 0 and "stopped" in err and "Traceback" not in err


def test_it_listens_on_this_computer_alone(store_folder):
    with serving(store_folder) as running:
        port = int(running.url.rsplit(":", 1)[1].strip("/"))
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in own - {"127.0.0.1"}:
            if not address.startswith("127."):
                with pytest.raises(OSError):
                    socket.create_connection((address, port), timeout=2)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.example.org"])
def test_another_address_is_refused(host):
    with pytest.raises(InputError, match="answers this computer only, not .*ssh -L"):
        server.listen(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", " LocalHost ", "127.0.0.2"])
def test_addresses_of_this_computer(host):
    with contextlib.closing(server.listen(host, 0)) as opened:
        address, port = opened.getsockname()
        assert address.startswith("127.") and port > 0
        assert server.address_of(opened) == f"http://{address}:{port}/"


def test_ipv6_has_brackets():
    if not socket.has_ipv6:
        pytest.skip("Python was built without IPv6")
    try:
        opened = server.listen("::1", 0)
    except InputError as error:
        pytest.skip(f"this computer has no IPv6 loopback: {error}")
    with contextlib.closing(opened):
        assert server.address_of(opened).startswith("http://[::1]:")


def test_a_port_in_use_is_told_in_one_line(store_folder, capsys, monkeypatch):
    with contextlib.closing(server.listen("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        assert main(["serve", "--port", str(port), "--store", str(store_folder)]) == 2
    err = capsys.readouterr().err
    assert err == f"error: port {port} on 127.0.0.1 is in use or reserved; give another with --port, or --port 0 for a free one\n"  # fmt: skip  # noqa: E501


def test_a_store_that_cannot_be_read_is_told_before_serving(tmp_path, capsys):
    (tmp_path / "houfeng.db").write_bytes(b"something else" * 500)
    assert main(["serve", "--port", "0", "--store", str(tmp_path)]) == 2
    assert "error: the store" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(capsys, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "houfeng.service.server", raising=False)
    monkeypatch.delattr("houfeng.service.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", "--port", "0", "--store", str(tmp_path), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {
        "type": "MissingExtraError",
        "message": 'houfeng serve needs uvicorn; pip install "houfeng[service]"',
    }


def test_the_data_folder_of_the_settings_is_served_and_the_page_opened(capsys, monkeypatch, tmp_path):
    served, opened = [], []
    monkeypatch.setenv("HOUFENG_DATA_DIR", str(tmp_path / "mine"))
    monkeypatch.setattr(server, "serve", lambda sock, store: served.append(store))
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["serve", "--port", "0", "--open"]) == 0
    out, err = capsys.readouterr()
    assert served == [tmp_path / "mine"] and out == f"Houfeng is at {opened[0]}\n"
    assert str(tmp_path / "mine") in err and not (tmp_path / "mine").exists()


def test_the_command_line_loads_the_server_only_when_asked():
    code = "import sys, houfeng.cli.main; print(sorted({'fastapi', 'uvicorn', 'starlette'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
