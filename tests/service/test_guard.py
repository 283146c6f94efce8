"""Only this computer asks, and the page loads nothing from elsewhere."""

import pytest

from houfeng.service.guard import CONTENT_SECURITY_POLICY, host_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8765", "127.0.0.1"),
        ("LOCALHOST", "localhost"),
        ("localhost:80", "localhost"),
        ("[::1]:8765", "[::1]"),
        ("[::1]", "[::1]"),
        ("evil.example:127", "evil.example"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("127.0.0.1:evil.example", "127.0.0.1:evil.example"),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(host, name):
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "localhost.evil.example", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/api/runs", "/", "/page.js", "/nothing"])
def test_a_foreign_host_header_gets_nothing(client, host, path):
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["type"] == "HTTPError" and host in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:1", "[::1]:8765", "127.0.0.1"])
def test_this_computer_by_any_of_its_names_is_answered(client, host):
    assert client.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/vendor/maplibre-gl.mjs", "/api/runs", "/api/runs/999", "/nothing"])
def test_every_answer_carries_the_rules_of_the_page(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


def test_the_policy_allows_no_other_host_no_inline_script_and_no_eval():
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'self'"
    assert not {"script-src", "style-src", "connect-src", "worker-src"} & set(rules)  # so the default holds
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert set(rules["img-src"].split()) == {"'self'", "data:", "blob:"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/api/runs", "/api/forecasts/1", "/"])
def test_nothing_can_be_changed(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.json() == {"error": {"type": "HTTPError", "message": f"{path} is only read: use GET"}}
