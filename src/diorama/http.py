"""The one way to talk HTTP to a Diorama server.

Redirects are never followed, so that the key never reaches another host. Answers are bounded, so that
a broken or hostile server can't fill the memory. Proxies are those that the environment names, unless the
caller wants none.

What an answer means is the caller's part: the sidecar comes again later, the read side raises.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import urllib3

from diorama.errors import DioramaError, UsageError

ANSWER_LIMIT_BYTES = 64 << 20
"""Longer answers are refused, unless the caller allows more or reads the answer piece by piece."""
PART_BYTES = 1 << 16

Body = bytes | bytearray | memoryview | IO[bytes]


class NoAnswer(DioramaError):
    """The server did not answer, or not in a way that can be used.

    needs_mending: True when trying again won't help (a certificate that is not trusted, a redirect).
    """

    code = "no_answer"

    def __init__(self, message: str, *, hint: str = "", needs_mending: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.needs_mending = needs_mending


class Answer(NamedTuple):
    """A whole answer. `headers` are found in any spelling of upper and lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class ServerConnection:
    """A few kept connections to the server at `url` (which may have a path prefix). Safe for threads.

    key: the API key, sent with each request and nowhere else.
    connect_secs, idle_secs: how long to wait for a connection, and for the next bytes of an answer.
    connections: how many are kept open.
    uses_proxies: False for a server on this machine.

    Raises UsageError for a URL that is not http or https.

    >>> with ServerConnection("https://lab.example/diorama", key="dio-...") as server:    # doctest: +SKIP
    ...     server.request("GET", "/healthz").status
    200
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        connect_secs: float = 5.0,
        idle_secs: float = 60.0,
        connections: int = 4,
        uses_proxies: bool = True,
    ) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise UsageError(f"the server's URL must begin with http:// or https://, not {url[:80]!r}")
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        proxy = _proxy_for(self.url) if uses_proxies else None
        timeout = urllib3.Timeout(connect=connect_secs, read=idle_secs)
        self._pool = (
            urllib3.ProxyManager(
                proxy, maxsize=connections, retries=False, timeout=timeout, blocksize=PART_BYTES
            )
            if proxy
            else urllib3.PoolManager(
                maxsize=connections, retries=False, timeout=timeout, blocksize=PART_BYTES
            )
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Body | None = None,
        size_bytes: int | None = None,
        mime: str | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
        retries: int = 0,
    ) -> Answer:
        """Ask, and read the whole answer, whatever its status (but redirects).

        path: begins with a slash. query: values of None are left out.
        body: bytes, or an open file, which is sent without being read whole; with `size_bytes`, its length.
        limit_bytes: the longest answer that is read.
        retries: how often to try again, after a growing wait, when nothing answers.

        Raises NoAnswer if nothing answers, the connection breaks, the answer is a redirect or too long.
        """
        for attempt in range(retries):
            try:
                return self._request_once(method, path, query, body, size_bytes, mime, limit_bytes)
            except NoAnswer as trouble:
                if trouble.needs_mending:
                    raise
                time.sleep(0.2 * 2**attempt)
        return self._request_once(method, path, query, body, size_bytes, mime, limit_bytes)

    @contextmanager
    def stream(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        """(status, parts of the answer) of a request whose answer may be long. Raises NoAnswer as `request`
        does, also from the parts."""
        with closing(self._open(method, path, query, None, None, None)) as reply:
            yield reply.status, self._parts_of(reply)

    def close(self) -> None:
        self._pool.clear()

    def __enter__(self) -> ServerConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request_once(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Body | None,
        size_bytes: int | None,
        mime: str | None,
        limit_bytes: int,
    ) -> Answer:
        with closing(self._open(method, path, query, body, size_bytes, mime)) as reply:
            data = bytearray()
            for part in self._parts_of(reply):
                data += part
                if len(data) > limit_bytes:
                    raise NoAnswer(f"{self.url} answered with more than {limit_bytes} bytes")
            return Answer(reply.status, reply.headers, bytes(data))

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Body | None,
        size_bytes: int | None,
        mime: str | None,
    ) -> urllib3.BaseHTTPResponse:
        fields = {name: str(value) for name, value in (query or {}).items() if value is not None}
        headers = dict(self._headers)
        if mime is not None:
            headers["Content-Type"] = mime
        if size_bytes is not None:
            headers["Content-Length"] = str(size_bytes)
        try:
            # Closing it ends the connection only if the answer was not read to its end.
            reply = self._pool.request(
                method,
                self.url + path + (f"?{urlencode(fields)}" if fields else ""),
                body=body,  # type: ignore[arg-type]  # any buffer will do
                headers=headers,
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.SSLError as error:
            raise NoAnswer(
                f"{self.url}: {error}",
                hint="the server's certificate is not trusted here",
                needs_mending=True,
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(f"{self.url} does not answer: {error}") from error
        if 300 <= reply.status < 400:
            reply.close()
            raise NoAnswer(
                f"{self.url} redirects to {reply.headers.get('Location', 'another place')}",
                hint="give that address as the server's URL; the key is never sent along a redirect",
                needs_mending=True,
            )
        return reply

    def _parts_of(self, reply: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        try:
            yield from reply.stream(PART_BYTES)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(f"{self.url} broke off its answer: {error}") from error


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url`, if any."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    return None if urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]) else proxy
