"""A web hook: the CAP message by POST, signed, so that the receiver knows whose it is and that nobody changed it.

The signature is HMAC-SHA256 (RFC 2104) over the time in seconds since 1970, a full stop, and the body.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from houfeng.alerts.channels.base import Receipt, Released, receipt
from houfeng.errors import InputError, SourceError

TIME_HEADER, SIGNATURE_HEADER, KEY_HEADER = "X-Houfeng-Timestamp", "X-Houfeng-Signature", "Idempotency-Key"

#: A receiver takes no message signed longer ago, so that nobody can play an old one back to it.
TOLERANCE_S = 300.0

SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts CAP XML.

    Attributes
    ----------
    url
        ``https://...``; plain ``http`` only to this computer.
    secret
        Shared with the receiver, at least 16 bytes; not shown anywhere.
    timeout_s, retries
        Longest silence of the receiver, and further attempts after a failed one. The same message may arrive twice:
        its ``Idempotency-Key``, the identifier, is then the same.
    sleep
        How to pause between attempts, seconds.
    """

    name: str
    url: str = field(repr=False)
    secret: bytes = field(repr=False)
    drills: bool = False
    timeout_s: float = 10.0
    retries: int = 3
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        import httpx

        if len(self.secret) < SHORTEST_SECRET:
            raise InputError(f"the secret of channel '{self.name}' is shorter than {SHORTEST_SECRET} bytes")
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise InputError(f"channel '{self.name}': its url is no address: {error}") from error
        local = url.host in ("127.0.0.1", "::1", "localhost")
        if not url.host or url.scheme not in ("https", "http") or (url.scheme == "http" and not local):
            raise InputError(f"channel '{self.name}': its url must begin with https:// (http:// only to this computer)")

    @property
    def address(self) -> str:
        """Scheme and host; the path may hold a secret."""
        import httpx

        url = httpx.URL(self.url)
        return f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}/..."

    def send(self, released: Released) -> Receipt:
        """Post it.

        Raises
        ------
        SourceError
            When the receiver did not accept it after all attempts.
        """
        from houfeng.http import HttpClient

        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/cap+xml",
            KEY_HEADER: released.alert.identifier,
            TIME_HEADER: stamp,
            SIGNATURE_HEADER: signature(self.secret, stamp, released.cap),
        }
        try:
            with HttpClient(timeout_s=self.timeout_s, retries=self.retries, sleep=self.sleep) as client:
                answer = client.post(self.url, released.cap, headers)
        except SourceError as error:
            raise SourceError(str(error).replace(self.url, self.address)) from error
        return receipt(self, f"{self.address} answered {answer.status}")


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """``sha256=`` and the HMAC in hexadecimal of the time stamp, a full stop and the body."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def require_signature(
    secret: bytes, headers: Mapping[str, str], body: bytes, *, now_s: float, tolerance_s: float = TOLERANCE_S
) -> None:
    """For receivers: refuse what is not signed with `secret`, or too long ago.

    Parameters
    ----------
    headers
        Of the request; names in any case.
    now_s
        Seconds since 1970.

    Raises
    ------
    InputError
        Says what is wrong.
    """
    found = {name.lower(): value for name, value in headers.items()}
    stamp, signed = found.get(TIME_HEADER.lower(), ""), found.get(SIGNATURE_HEADER.lower(), "")
    if not stamp.isdecimal() or not signed:
        raise InputError(f"the request lacks {TIME_HEADER} or {SIGNATURE_HEADER}")
    if not hmac.compare_digest(signature(secret, stamp, body).encode(), signed.encode()):
        raise InputError("the signature is not that of this body, time and secret")
    if abs(now_s - int(stamp)) > tolerance_s:
        raise InputError(
            f"signed {now_s - int(stamp):.0f} s ago, more than {tolerance_s:g} s: an old message, or clocks"
        )
