"""Shipping to a server: `PUT /api/blobs/{sha256}`, then `POST /api/ingest`.

A request that fails is sent again a few times at once; coming again later (with growing, jittered
waits) is the pump's part, because only it knows whether anybody still waits. A 200 that is not our own reply
(a captive portal, a proxy's page) is no acknowledgement. What waits to be sent is on disk, but for small
blobs, and is sent from there piece by piece; a file that is closed to change is sent from where it lies.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import IO, Any, TypeVar
from urllib.parse import quote

import msgspec

from diorama.http import Answer, Body, NoAnswer, ServerConnection
from diorama.journal.codec import encode_batch
from diorama.journal.entry import Batch, Entry, media_values
from diorama.lru import Lru
from diorama.media.core.base import MANIFEST_MIME
from diorama.media.core.extent import Data, Extent, head_of, pieces_of, sha256_of, size_of
from diorama.model import BlobRef, RunKey
from diorama.service.views import BlobsMissing, BlobsWanted, IngestReply, PastRunView, Problem
from diorama.sidecar.transport import BlobsGone, Broken, Refused, Unavailable
from diorama.store.manifest import refs_from_manifest
from diorama.store.values import blobs_in

IDLE_SECS = 60.0
QUICK_RETRY_SECS = (0.1, 0.4)
ANSWER_LIMIT_BYTES = 4 << 20
PAST_LIMIT_BYTES = 256 << 20
KNOWN_BLOBS_LIMIT = 100_000
RETRY_AFTER_LIMIT_SECS = 300.0
STAGED_LIMIT_BYTES = 64 << 20
"""More bytes than that are sent before a batch names them: the cells of a large table."""
ON_DISK_FROM_BYTES = 1 << 20
ASKED_AT_ONCE = 10_000

_NEEDS_MENDING = {
    401: "set DIORAMA_API_KEY to the key that `diorama key` prints on the server",
    403: "this key must not write here; ask for another one, or check DIORAMA_URL",
    404: "check DIORAMA_URL: there is a server, but no Diorama API at this address",
    405: "check DIORAMA_URL: there is a server, but no Diorama API at this address",
}
_REFUSES_THIS_BATCH = {400, 409, 413, 415, 422}

_Reply = TypeVar("_Reply")


class _Staged:
    """Bytes that wait to be sent: few of them in memory, those of a closed file where they lie, the rest in a
    file that has no name."""

    def __init__(self, data: Data, mime: str) -> None:
        self.mime = mime
        self.size_bytes = size_of(data)
        self._data = b""
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()
        if self.size_bytes < ON_DISK_FROM_BYTES:
            self._data = head_of(data, self.size_bytes)
            return
        if isinstance(data, Extent) and data.is_closed:
            self._file = data.open()  # it stays there as long as it is open, whoever removes its name
            return
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as this object
        try:
            for piece in pieces_of(data):
                self._file.write(piece)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __del__(self) -> None:
        # Not closed when it is unstaged, because another thread may be sending it at that moment.
        if self._file is not None:
            self._file.close()

    def read_at(self, start: int, size_bytes: int) -> bytes:
        if self._file is None:
            return self._data[start : start + size_bytes]
        with self._lock:
            self._file.seek(start)
            return self._file.read(size_bytes)

    def body(self) -> Any:
        """For a request: bytes, or what is read piece by piece."""
        return self._data if self._file is None else _Reading(self)


class _Reading:
    """Reads staged bytes from their beginning; several may read the same ones at once."""

    def __init__(self, staged: _Staged) -> None:
        self._staged = staged
        self._start = 0

    def read(self, size_bytes: int = -1) -> bytes:
        piece = self._staged.read_at(self._start, self._staged.size_bytes if size_bytes < 0 else size_bytes)
        self._start += len(piece)
        return piece


class HttpTransport:
    """Ships to the Diorama server at `url` (which may have a path prefix) with an API key.

    Raises UsageError for a URL that is not http or https.
    """

    def __init__(self, url: str, api_key: str | None = None, *, idle_secs: float = IDLE_SECS) -> None:
        self._server = ServerConnection(url, api_key, idle_secs=idle_secs)
        self._base = self._server.url
        self._uploads = ThreadPoolExecutor(3, thread_name_prefix="diorama-upload")
        self._lock = threading.Lock()
        self._staged: dict[str, _Staged] = {}
        self._staged_bytes = 0
        self._early = threading.Lock()
        self._refused: dict[str, Refused] = {}
        self._broken: set[str] = set()
        """Blobs over which the server broke. They are sent only when a batch names them, not earlier."""
        self._known: Lru[str, bool] = Lru(KNOWN_BLOBS_LIMIT)

    def put_blob(self, data: Data, mime: str) -> BlobRef:
        sha256, size_bytes = sha256_of(data), size_of(data)
        with self._lock:
            is_new = sha256 not in self._known and sha256 not in self._staged
        if is_new:
            staged = _Staged(data, mime)
            with self._lock:
                if sha256 not in self._staged:
                    self._staged[sha256] = staged
                    self._staged_bytes += size_bytes
        if self._staged_bytes > STAGED_LIMIT_BYTES:
            self._upload_early()
        return BlobRef(sha256=sha256, size_bytes=size_bytes, mime=mime)

    def ingest(self, batch: Batch) -> int:
        self._upload_for(batch)
        body = encode_batch(batch)
        try:
            answer = self._request("POST", "/api/ingest", body, "application/msgpack")
        except Refused as refusal:
            if refusal.status != 409:
                raise
            self._known.clear()
            raise BlobsGone(refusal.message) from refusal
        acked_seq = self._decode(answer, IngestReply).acked_seq
        if batch.entries and acked_seq < batch.entries[-1].seq:
            raise Unavailable(f"{self._base} stored only up to entry {acked_seq} of a batch")
        return acked_seq

    def stored(self, key: RunKey) -> dict[str, int]:
        path = "/".join(quote(part, safe="") for part in (key.entity, key.project, key.id))
        try:
            answer = self._server.request(
                "GET", f"/api/runs/{path}/past", limit_bytes=PAST_LIMIT_BYTES, retries=len(QUICK_RETRY_SECS)
            )
        except NoAnswer as trouble:
            raise Unavailable(
                trouble.message, hint=trouble.hint, needs_mending=trouble.needs_mending
            ) from trouble
        if answer.status == 404 and _problem_in(answer) is not None:
            return {}
        if answer.status != 200:
            raise self._trouble_in(answer)
        return self._decode(answer, PastRunView).stored

    def close(self) -> None:
        self._uploads.shutdown(wait=True, cancel_futures=True)
        self._server.close()

    def _upload_for(self, batch: Batch) -> None:
        """Send the blobs that the batch names and the server lacks."""
        blobs = {blob.sha256: blob for numbered in batch.entries for blob in _blobs_of(numbered.entry)}
        manifests = {name for name, blob in blobs.items() if blob.mime == MANIFEST_MIME}
        named = set(blobs)
        with self._lock:
            listing = [self._staged[name] for name in manifests if name in self._staged]
        for one in listing:
            named |= {blob.sha256 for blob in refs_from_manifest(one.read_at(0, one.size_bytes))}
        with self._lock:
            refused = next((self._refused[name] for name in named if name in self._refused), None)
            staged = {name: self._staged[name] for name in named if name in self._staged}
        if refused is not None:
            raise Refused(refused.message, hint=refused.hint)
        # Manifests last: while one is staged, what it lists is known to be needed.
        self._send({name: staged[name] for name in staged if name not in manifests})
        self._send({name: staged[name] for name in staged if name in manifests})

    def _upload_early(self) -> None:
        """Send what is staged before any batch names it, so that it does not fill the disk. Others wait.

        Raises Unavailable if the server takes nothing now. What it refuses or breaks over is the affair of
        the batch that names it, not of whoever puts a blob at this moment.
        """
        with self._early:
            with self._lock:
                if self._staged_bytes <= STAGED_LIMIT_BYTES:
                    return
                staged = {
                    name: one
                    for name, one in self._staged.items()
                    if one.mime != MANIFEST_MIME and name not in self._broken
                }
            with contextlib.suppress(Refused, Broken):
                self._send(staged)

    def _send(self, staged: Mapping[str, _Staged]) -> None:
        names = list(staged)
        for first in range(0, len(names), ASKED_AT_ONCE):
            some = names[first : first + ASKED_AT_ONCE]
            asked = msgspec.json.encode(BlobsWanted(some))
            answer = self._request("POST", "/api/blobs/missing", asked, "application/json")
            missing = {name for name in self._decode(answer, BlobsMissing).sha256 if name in staged}
            for name in some:
                if name not in missing:
                    self._note_stored(name)
            uploads = [self._uploads.submit(self._upload, name, staged[name]) for name in missing]
            wait(uploads)
            troubles = [error for upload in uploads if (error := upload.exception()) is not None]
            # First those that only say that the server is away: they are not the fault of any blob.
            for trouble in sorted(troubles, key=lambda trouble: isinstance(trouble, Refused | Broken)):
                raise trouble

    def _upload(self, sha256: str, staged: _Staged) -> None:
        try:
            answer = self._request(
                "PUT", f"/api/blobs/{sha256}", staged.body, staged.mime, size_bytes=staged.size_bytes
            )
            if self._decode(answer, BlobRef).sha256 != sha256:
                raise Unavailable(f"{self._base} has stored other bytes than were sent")
        except Broken:
            with self._lock:
                self._broken.add(sha256)
            raise
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
            self._known.put(sha256, True)

    def _unstage(self, sha256: str) -> None:
        staged = self._staged.pop(sha256, None)
        if staged is not None:
            self._staged_bytes -= staged.size_bytes
        self._broken.discard(sha256)

    def _decode(self, answer: Answer, shape: type[_Reply]) -> _Reply:
        try:
            return msgspec.json.decode(answer.data, type=shape)
        except msgspec.DecodeError as error:
            raise Unavailable(
                f"{self._base} answered {answer.status}, but not as a Diorama server does",
                hint="is there a login page or another program at this address?",
            ) from error

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | Callable[[], Body],
        mime: str,
        *,
        size_bytes: int | None = None,
    ) -> Answer:
        """Send, and at once a few times more where that may help: all our requests may come twice.
        body: bytes, or what makes the body of each attempt anew."""
        for wait_secs in (*QUICK_RETRY_SECS, None):
            try:
                return self._request_once(
                    method, path, body if isinstance(body, bytes) else body(), mime, size_bytes
                )
            except Unavailable as trouble:
                if trouble.needs_mending or trouble.wait_secs or wait_secs is None:
                    raise
                time.sleep(wait_secs * random.uniform(0.5, 1.0))
        raise AssertionError("the last attempt returns or raises")

    def _request_once(self, method: str, path: str, body: Body, mime: str, size_bytes: int | None) -> Answer:
        try:
            answer = self._server.request(
                method, path, body=body, mime=mime, size_bytes=size_bytes, limit_bytes=ANSWER_LIMIT_BYTES
            )
        except NoAnswer as trouble:
            raise Unavailable(
                trouble.message, hint=trouble.hint, needs_mending=trouble.needs_mending
            ) from trouble
        if not 200 <= answer.status < 300:
            raise self._trouble_in(answer)
        return answer

    def _trouble_in(self, answer: Answer) -> Unavailable | Refused:
        status = answer.status
        said = _problem_in(answer)
        text = f"{self._base} answered {status}" + (f": {said.message}" if said else "")
        hint = said.hint if said else ""
        if status in _REFUSES_THIS_BATCH and said is not None:
            return Refused(text, hint=hint, status=status)
        if status in _NEEDS_MENDING:
            return Unavailable(
                text,
                hint=hint or _NEEDS_MENDING[status],
                needs_mending=True,
            )
        if status == 500:
            return Broken(text, hint=hint, wait_secs=_retry_after_secs(answer))
        return Unavailable(text, hint=hint, wait_secs=_retry_after_secs(answer))


def _blobs_of(entry: Entry) -> Iterator[BlobRef]:
    for value in media_values(entry):
        yield from blobs_in(value)


def _problem_in(answer: Answer) -> Problem | None:
    try:
        return msgspec.json.decode(answer.data, type=Problem)
    except msgspec.DecodeError:
        return None


def _retry_after_secs(answer: Answer) -> float:
    text = answer.headers.get("Retry-After", "").strip()
    return min(float(text), RETRY_AFTER_LIMIT_SECS) if text.isdigit() else 0.0
