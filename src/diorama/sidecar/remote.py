"""Shipping to a server: `PUT /api/blobs/{sha256}`, then `POST /api/ingest`.

A request that fails is sent again a few times at once; coming again later (with growing, jittered
waits) is the pump's part, because only it knows whether anybody still waits. Redirects are off, so that
the key never reaches another host. A 200 that is not our own reply (a captive portal, a proxy's page)
is no acknowledgement.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
import urllib.request
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import urllib3

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Batch, Entry
from diorama.media.base import MANIFEST_MIME
from diorama.model import BlobRef
from diorama.service.views import BlobsMissing, BlobsWanted, IngestReply, Problem
from diorama.sidecar.encode import values_of
from diorama.sidecar.ship import BlobsGone, Refused, Unavailable
from diorama.store.manifest import refs_from_manifest
from diorama.store.values import blobs_in

CONNECT_SECS = 5.0
IDLE_SECS = 60.0
QUICK_RETRY_SECS = (0.1, 0.4)
KNOWN_BLOBS_LIMIT = 100_000
RETRY_AFTER_LIMIT_SECS = 300.0
STAGED_LIMIT_BYTES = 64 << 20
"""More bytes than that are sent before a batch names them: the cells of a large table."""
ASKED_AT_ONCE = 10_000

_NEEDS_MENDING = {
    401: "set DIORAMA_API_KEY to the key that `diorama key` prints on the server",
    403: "this key must not write here; ask for another one, or check DIORAMA_URL",
    404: "check DIORAMA_URL: there is a server, but no Diorama API at this address",
    405: "check DIORAMA_URL: there is a server, but no Diorama API at this address",
}
_REFUSES_THIS_BATCH = {400, 409, 413, 415, 422}

_Reply = TypeVar("_Reply")


class HttpTransport:
    """Ships to the Diorama server at `url` (which may have a path prefix) with an API key."""

    def __init__(self, url: str, api_key: str | None = None, *, idle_secs: float = IDLE_SECS) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f"the server's URL must begin with http:// or https://, not {url!r}")
        self._base = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._pool = _pool_for(self._base, urllib3.Timeout(connect=CONNECT_SECS, read=idle_secs))
        self._uploads = ThreadPoolExecutor(3, thread_name_prefix="diorama-upload")
        self._lock = threading.Lock()
        self._staged: dict[str, tuple[bytes | bytearray | memoryview, str]] = {}
        self._staged_bytes = 0
        self._early = threading.Lock()
        self._refused: dict[str, Refused] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    def put_blob(self, data: bytes | bytearray | memoryview, mime: str) -> BlobRef:
        sha256 = hashlib.sha256(data).hexdigest()
        size_bytes = memoryview(data).nbytes
        if isinstance(data, memoryview):  # of a file that is gone when it is sent
            data = bytes(data)
        with self._lock:
            if sha256 not in self._known and sha256 not in self._staged:
                self._staged[sha256] = (data, mime)
                self._staged_bytes += size_bytes
        if self._staged_bytes > STAGED_LIMIT_BYTES:
            self._upload_early()
        return BlobRef(sha256=sha256, size_bytes=size_bytes, mime=mime)

    def ingest(self, batch: Batch) -> int:
        self._upload_for(batch)
        body = encode_batch(batch)
        try:
            reply = self._request("POST", "/api/ingest", body, "application/msgpack")
        except Refused as refusal:
            if refusal.status != 409:
                raise
            with self._lock:
                self._known.clear()
            raise BlobsGone(refusal.message) from refusal
        acked_seq = self._decode(reply, IngestReply).acked_seq
        if batch.entries and acked_seq < batch.entries[-1].seq:
            raise Unavailable(f"{self._base} stored only up to entry {acked_seq} of a batch")
        return acked_seq

    def close(self) -> None:
        self._uploads.shutdown(wait=True, cancel_futures=True)
        self._pool.clear()

    def _upload_for(self, batch: Batch) -> None:
        """Send the blobs that the batch names and the server lacks."""
        blobs = {blob.sha256: blob for numbered in batch.entries for blob in _blobs_of(numbered.entry)}
        manifests = {name for name, blob in blobs.items() if blob.mime == MANIFEST_MIME}
        named = set(blobs)
        with self._lock:
            listing = [self._staged[name][0] for name in manifests if name in self._staged]
        for data in listing:
            named |= {blob.sha256 for blob in refs_from_manifest(data)}
        with self._lock:
            refused = next((self._refused[name] for name in named if name in self._refused), None)
            staged = {name: self._staged[name] for name in named if name in self._staged}
        if refused is not None:
            raise Refused(refused.message, hint=refused.hint)
        # Manifests last: while one is staged, what it lists is known to be needed.
        self._send({name: staged[name] for name in staged if name not in manifests})
        self._send({name: staged[name] for name in staged if name in manifests})

    def _upload_early(self) -> None:
        """Send what is staged before any batch names it, so that it does not fill the memory. Others wait."""
        with self._early:
            with self._lock:
                if self._staged_bytes <= STAGED_LIMIT_BYTES:
                    return
                staged = {name: one for name, one in self._staged.items() if one[1] != MANIFEST_MIME}
            self._send(staged)

    def _send(self, staged: dict[str, tuple[bytes | bytearray | memoryview, str]]) -> None:
        names = list(staged)
        for first in range(0, len(names), ASKED_AT_ONCE):
            some = names[first : first + ASKED_AT_ONCE]
            asked = msgspec.json.encode(BlobsWanted(some))
            reply = self._request("POST", "/api/blobs/missing", asked, "application/json")
            missing = [name for name in self._decode(reply, BlobsMissing).sha256 if name in staged]
            uploads = [self._uploads.submit(self._upload, name, *staged[name]) for name in missing]
            wait(uploads)
            for upload in uploads:
                upload.result()
            for name in some:
                self._note_stored(name)

    def _upload(self, sha256: str, data: bytes | bytearray | memoryview, mime: str) -> None:
        try:
            reply = self._request("PUT", f"/api/blobs/{sha256}", bytes(data), mime)
            if self._decode(reply, BlobRef).sha256 != sha256:
                raise Unavailable(f"{self._base} has stored other bytes than were sent")
        except Refused as refusal:
            if refusal.status == 422:  # damaged on the way: the same bytes may arrive well next time
                raise Unavailable(refusal.message, hint=refusal.hint) from refusal
            with self._lock:
                self._unstage(sha256)
                self._refused[sha256] = refusal
            raise
        self._note_stored(sha256)

    def _note_stored(self, sha256: str) -> None:
        with self._lock:
            self._unstage(sha256)
            self._known[sha256] = None
            while len(self._known) > KNOWN_BLOBS_LIMIT:
                self._known.popitem(last=False)

    def _unstage(self, sha256: str) -> None:
        staged = self._staged.pop(sha256, None)
        if staged is not None:
            self._staged_bytes -= memoryview(staged[0]).nbytes

    def _decode(self, reply: urllib3.BaseHTTPResponse, shape: type[_Reply]) -> _Reply:
        try:
            return msgspec.json.decode(reply.data, type=shape)
        except msgspec.DecodeError as error:
            raise Unavailable(
                f"{self._base} answered {reply.status}, but not as a Diorama server does",
                hint="is there a login page or another program at this address?",
            ) from error

    def _request(self, method: str, path: str, body: bytes, mime: str) -> urllib3.BaseHTTPResponse:
        """Send, and at once a few times more where that may help: all our requests may come twice."""
        for wait_secs in QUICK_RETRY_SECS:
            try:
                return self._request_once(method, path, body, mime)
            except Unavailable as trouble:
                if trouble.needs_mending or trouble.wait_secs:
                    raise
                time.sleep(wait_secs * random.uniform(0.5, 1.0))
        return self._request_once(method, path, body, mime)

    def _request_once(self, method: str, path: str, body: bytes, mime: str) -> urllib3.BaseHTTPResponse:
        try:
            reply = self._pool.request(
                method,
                self._base + path,
                body=body,
                headers={**self._headers, "Content-Type": mime},
                redirect=False,
            )
        except urllib3.exceptions.SSLError as error:
            raise Unavailable(
                f"{self._base}: {error}",
                hint="the server's certificate is not trusted here",
                needs_mending=True,
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"{self._base} does not answer: {error}") from error
        if not 200 <= reply.status < 300:
            raise self._trouble_in(reply)
        return reply

    def _trouble_in(self, reply: urllib3.BaseHTTPResponse) -> Unavailable | Refused:
        status = reply.status
        said = _problem_in(reply)
        text = f"{self._base} answered {status}" + (f": {said.message}" if said else "")
        hint = said.hint if said else ""
        if status in _REFUSES_THIS_BATCH and said is not None:
            return Refused(text, hint=hint, status=status)
        if 300 <= status < 400:
            return Unavailable(
                f"{self._base} redirects to {reply.headers.get('Location', 'another place')}",
                hint="give that address in DIORAMA_URL; the key is never sent along a redirect",
                needs_mending=True,
            )
        if status in _NEEDS_MENDING:
            return Unavailable(
                text,
                hint=hint or _NEEDS_MENDING[status],
                needs_mending=True,
            )
        return Unavailable(text, hint=hint, wait_secs=_retry_after_secs(reply))


def _blobs_of(entry: Entry) -> Iterator[BlobRef]:
    for value in values_of(entry):
        yield from blobs_in(value)


def _pool_for(url: str, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    """Connections to `url`, through the proxy that the environment names for it, if any."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, maxsize=4, retries=False, timeout=timeout)
    return urllib3.PoolManager(maxsize=4, retries=False, timeout=timeout)


def _problem_in(reply: urllib3.BaseHTTPResponse) -> Problem | None:
    try:
        return msgspec.json.decode(reply.data, type=Problem)
    except msgspec.DecodeError:
        return None


def _retry_after_secs(reply: urllib3.BaseHTTPResponse) -> float:
    text = reply.headers.get("Retry-After", "").strip()
    return min(float(text), RETRY_AFTER_LIMIT_SECS) if text.isdigit() else 0.0
