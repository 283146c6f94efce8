"""What stands before every route: only this computer asks, and the page may load nothing from elsewhere."""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

#: Names by which this computer calls itself; any other in the Host header is a page of somebody else that
#: has bent its own name to this address (DNS rebinding).
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

#: Nothing but our own files. ``data:`` and ``blob:`` pictures are the icons and textures MapLibre makes itself.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """ASGI middleware: refuses foreign Host headers and adds the headers above to every answer.

    Parameters
    ----------
    app
        What is guarded.
    names
        Host names accepted, without port.
    """

    def __init__(self, app: App, names: Iterable[str] = LOOPBACK_NAMES) -> None:
        self.app = app
        self.names = frozenset(names)

    async def __call__(self, scope: Message, receive, send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                cache = () if b"cache-control" in own else ((b"cache-control", b"no-cache"),)
                message["headers"] = [*message["headers"], *HEADERS, *cache]
            await send(message)

        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if host_name(host) not in self.names:
            await _refuse(send_guarded, host)
            return
        await self.app(scope, receive, send_guarded)


def host_name(host: str) -> str:
    """The name in a Host header, lower case, without its port; IPv6 addresses keep their brackets.

    Examples
    --------
    >>> host_name("LocalHost:8765"), host_name("[::1]:80")
    ('localhost', '[::1]')
    """
    name = host.strip().lower()
    head, _, port = name.rpartition(":")
    return head if head and port.isdecimal() else name


async def _refuse(send, host: str) -> None:
    body = json.dumps(
        {
            "error": {
                "type": "HTTPError",
                "message": f"the host '{host}' is not this computer; open the address that `houfeng serve` printed",
            }
        }
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
