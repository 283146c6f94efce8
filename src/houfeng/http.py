"""The one way Houfeng fetches over HTTP: retries, timeouts, a cache on disk, and errors that say what to do.

Everything that changes under test is given: the transport, the cache folder, the sleep between attempts.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Self

import httpx

from houfeng import __version__
from houfeng.errors import SourceError

#: Worth another attempt: too many requests, or a server that is down, overloaded or behind a tired proxy.
TRANSIENT = (429, 500, 502, 503, 504)

#: A server that asks for a longer pause is reported instead of waited for.
LONGEST_PAUSE_S = 120.0

#: A body may take this many timeouts in all, so that a drip of bytes does not hold a fetch for ever.
TIMEOUTS_PER_BODY = 20


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its address, status and body, and when it left the server (UTC)."""

    url: str
    status: int
    body: bytes
    retrieved: datetime


class HttpClient:
    """A synchronous client; use it in a ``with`` block.

    Parameters
    ----------
    timeout_s
        Longest silence of a server, seconds; a whole body may take twenty times as long.
    retries
        Further attempts after a failed one, after 1, 2, 4 ... seconds or what Retry-After says.
    cache_dir
        Folder of the cache, made when first written; None: no cache.
    cache_max_age_s
        Older copies are fetched again, seconds.
    transport
        Stands in for the network in tests.
    sleep
        How to pause, seconds.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 60.0,
        retries: int = 4,
        cache_dir: Path | None = None,
        cache_max_age_s: float = 86_400.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.timeout_s, self.retries, self.sleep = timeout_s, retries, sleep
        self.cache_dir, self.cache_max_age_s = cache_dir, cache_max_age_s
        self._client = httpx.Client(
            timeout=timeout_s,
            transport=transport,
            follow_redirects=True,
            headers={"User-Agent": f"houfeng/{__version__}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        expected: tuple[int, ...] = (200, 204),
        fault: Callable[[bytes], str] = lambda body: "",
        cache: bool = True,
    ) -> Response:
        """Fetch `url` whole, from the cache when that holds a fresh copy.

        Parameters
        ----------
        expected
            Statuses to hand back; any other is an error. Only 200 and 204 enter the cache.
        fault
            Says what is wrong with a body (empty: nothing); a faulty body is fetched again and never cached.
        cache
            False for an answer that will be another one next time, such as the events up to now.

        Raises
        ------
        SourceError
            When the server does not deliver after all attempts; names host, status and what to do.
        """
        full = _address(url, params)
        name = f"{hashlib.sha256(full.encode()).hexdigest()[:32]}.http"
        entry = self.cache_dir / name if cache and self.cache_dir else None
        if entry and (hit := _read_entry(entry, full, self.cache_max_age_s)):
            return hit

        def receive(answer: httpx.Response) -> Response:
            body = b"".join(self._chunks(answer))
            if answer.status_code == 200 and (wrong := fault(body)):
                raise httpx.RemoteProtocolError(wrong)
            return Response(full, answer.status_code, body, datetime.now(UTC))

        response = self._attempt(full, receive, expected)
        if entry and response.status in (200, 204):
            _write_entry(entry, response)
        return response

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Response:
        """Send `content` to `url`, which must answer with a status of 200 to 299; redirects are not followed.

        Every attempt sends the same bytes and headers: give the receiver a header by which it can tell a repetition.

        Raises
        ------
        SourceError
            When the server does not accept it after all attempts; names host, status and what to do.
        """

        def receive(answer: httpx.Response) -> Response:
            return Response(url, answer.status_code, b"".join(self._chunks(answer)), datetime.now(UTC))

        return self._attempt(_address(url, None), receive, tuple(range(200, 300)), content=content, headers=headers)

    def _attempt(
        self,
        url: str,
        receive: Callable[[httpx.Response], Response],
        expected: tuple[int, ...],
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        host = httpx.URL(url).netloc.decode()
        method = "GET" if content is None else "POST"
        request = {"content": content, "headers": headers, "follow_redirects": content is None}
        failure = ""
        for attempt in range(self.retries + 1):
            pause_s = 2.0**attempt
            try:
                with self._client.stream(method, url, **request) as answer:
                    if answer.status_code in expected:
                        return receive(answer)
                    failure = f"{host} answered {_refusal(answer)} to {url}"
                    if answer.status_code not in TRANSIENT:
                        raise SourceError(f"{failure}; check the address and the question")
                    pause_s = max(pause_s, _retry_after_s(answer))
            except httpx.TransportError as error:
                failure = f"{host} {_plainly(error, self.timeout_s)} ({url})"
            except httpx.HTTPError as error:
                raise SourceError(f"{host}: {error} ({url}); check the address") from error
            if attempt == self.retries:
                break
            if pause_s > LONGEST_PAUSE_S:
                raise SourceError(f"{failure} and asks to wait {pause_s:.0f} s; run it again after that")
            self.sleep(pause_s)
        raise SourceError(f"{failure}; gave up after {self.retries + 1} attempts, try again later")

    def _chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        deadline = time.monotonic() + TIMEOUTS_PER_BODY * self.timeout_s
        for chunk in answer.iter_bytes():
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the body came too slowly")
            yield chunk


def _address(url: str, params: Mapping[str, str] | None) -> str:
    try:
        address = httpx.URL(url).copy_merge_params(params or {})
    except httpx.InvalidURL as error:
        raise SourceError(f"'{url}' is not an address: {error}; write it like https://host/path") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SourceError(f"'{url}' is not an address; write it like https://host/path")
    return str(address)


def _refusal(answer: httpx.Response) -> str:
    """Status and the first words of a server's explanation."""
    words = " ".join(answer.read().decode("utf-8", "replace").split())[:160]
    return f"{answer.status_code} {answer.reason_phrase}" + (f" ('{words}')" if words else "")


def _plainly(error: httpx.TransportError, timeout_s: float) -> str:
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached; check the network and the address"
    if isinstance(error, httpx.TimeoutException):
        return f"did not answer within {timeout_s:g} s; raise http.timeout_s if it is known to be slow"
    return f"sent a broken answer: {error}"


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds to wait by the Retry-After header: a number or a date (RFC 9110, section 10.2.3); 0 without."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    with suppress(ValueError, TypeError):
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    return 0.0


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it was written whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            os.replace(part, path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"cannot write {path}: {error.strerror or error}; free space or set data_dir to another folder"
        ) from error


def _write_entry(entry: Path, response: Response) -> None:
    head = {
        "url": response.url,
        "status": response.status,
        "retrieved": response.retrieved.isoformat(),
        "length": len(response.body),
    }
    with _appearing(entry) as file:
        file.write(json.dumps(head).encode() + b"\n" + response.body)


def _read_entry(entry: Path, url: str, max_age_s: float) -> Response | None:
    """The copy in the cache; None where there is none, or it is stale, or damaged."""
    try:
        line, _, body = entry.read_bytes().partition(b"\n")
        head = json.loads(line)
        retrieved = datetime.fromisoformat(head["retrieved"])
        sound = head["url"] == url and head["length"] == len(body)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    age_s = (datetime.now(UTC) - retrieved).total_seconds()
    return Response(url, head["status"], body, retrieved) if sound and 0 <= age_s <= max_age_s else None
