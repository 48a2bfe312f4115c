"""Bytes by their SHA-256: range reads that browsers may cache for ever, and verified uploads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from diorama.errors import BadRequest, NotFound
from diorama.model import SHA256_TEXT, BlobRef
from diorama.server.content import CONTENT_HEADERS, SNIFF_BYTES, byte_range, content_headers
from diorama.server.endpoint import Call, endpoint
from diorama.server.problem import Refusal
from diorama.server.request import stream_body
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Access, Incoming, NamedBlob

_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+\-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+\-]{0,126}")
_ASKED_LIMIT = 20_000
_IN_MEMORY_BYTES = 1024 * 1024
_PIECE_BYTES = 1024 * 1024
CHECKED_BYTES = 16 * 1024 * 1024
"""Blobs up to this size are read whole and compared with their hash before they are sent."""


class BlobPath(msgspec.Struct):
    """The SHA-256 of the bytes: 64 lower-case hexadecimal digits."""

    sha256: str


class BlobQuery(msgspec.Struct, forbid_unknown_fields=True):
    """name: answer as a download of this name."""

    name: str | None = None


@endpoint("GET", "/api/blobs/{sha256}", reply_mime="application/octet-stream")
async def blob(call: Call, path: BlobPath, query: BlobQuery) -> Response:
    """The bytes. Pictures, sound and video are shown inline, all else is a download. It knows `Range`."""
    if not SHA256_TEXT.fullmatch(path.sha256):
        raise NotFound("there is no such blob")
    if _names_etag(call.request.headers.get("if-none-match"), f'"{path.sha256}"'):
        found: NamedBlob = await call.run(call.service.blob, path.sha256)
        return Response(status_code=304, headers={**CONTENT_HEADERS, "etag": f'"{found.ref.sha256}"'})
    loaded: _Loaded = await call.run(_load, call.service, path.sha256)
    return _response(call, loaded, name=query.name)


async def file_response(call: Call, file: views.FileView) -> Response:
    """The bytes of a run's file, as a download of its name. The name may get other bytes later."""
    loaded: _Loaded = await call.run(_load, call.service, file.sha256)
    reply = _response(call, loaded, name=file.name)
    reply.headers["cache-control"] = "private, no-cache"
    return reply


@dataclass(frozen=True)
class _Loaded:
    """A blob on its way out: its first bytes, and all of them when it is small."""

    blob: NamedBlob
    head: bytes
    data: bytes | None


def _load(service: Access, sha256: str) -> _Loaded:
    """Small blobs are checked against their hash before the first byte leaves; NotFound unless a run
    names the blob."""
    blob = service.blob(sha256)
    if blob.ref.size_bytes > CHECKED_BYTES:
        return _Loaded(blob, blob.read_range(0, SNIFF_BYTES), None)
    data = blob.read()
    return _Loaded(blob, data[:SNIFF_BYTES], data)


def _response(call: Call, loaded: _Loaded, *, name: str | None) -> Response:
    """The bytes, or the range of them that is asked for; `name` makes them a download of that name."""
    ref = loaded.blob.ref
    etag = f'"{ref.sha256}"'
    asked = call.request.headers
    headers = {**content_headers(loaded.head, name=name), "etag": etag, "accept-ranges": "bytes"}
    # A range of another version of the thing would be nonsense; bytes by hash have one version.
    wants_range = asked.get("if-range", etag) == etag
    try:
        part = byte_range(asked.get("range"), ref.size_bytes) if wants_range else None
    except ValueError:
        content_range = f"bytes */{ref.size_bytes}"
        raise Refusal(
            416, "the range lies behind the end", headers={"content-range": content_range}
        ) from None
    start, end = part or (0, ref.size_bytes)
    status = 200 if part is None else 206
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{ref.size_bytes}"
    if loaded.data is not None:
        return Response(loaded.data[start:end], status_code=status, headers=headers)
    headers["content-length"] = str(end - start)
    return call.stream(_pieces(loaded.blob, start, end), status_code=status, headers=headers)


def _pieces(blob: NamedBlob, start: int, end: int) -> Iterator[bytes]:
    """A large blob piece by piece. Of all of it the last piece is held back until the hash is known to be
    right; the pieces of a part are proven one by one."""
    if (start, end) == (0, blob.ref.size_bytes):
        yield from blob.pieces()
        return
    for offset in range(start, end, _PIECE_BYTES):
        yield blob.read_range(offset, min(offset + _PIECE_BYTES, end))


@endpoint("PUT", "/api/blobs/{sha256}", body_mime="application/octet-stream", reply=BlobRef, lane="writes")
async def put_blob(call: Call, path: BlobPath) -> Response:
    """Store the body. 422 when its SHA-256 is not the one in the path; nothing is kept then."""
    if not SHA256_TEXT.fullmatch(path.sha256):
        raise BadRequest(
            "a blob is named by the SHA-256 of its bytes", hint="64 lower-case hexadecimal digits"
        )
    limits = call.settings.limits
    mime = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    mime = mime if _MIME.fullmatch(mime) else "application/octet-stream"
    gathered = bytearray()
    with ExitStack() as stack:
        incoming: Incoming | None = None
        async for piece in stream_body(
            call.request, limit_bytes=limits.blob_bytes, idle_secs=limits.body_idle_secs
        ):
            gathered += piece
            if len(gathered) >= _IN_MEMORY_BYTES:
                if incoming is None:
                    incoming = stack.enter_context(await call.run(call.service.receive_blob))
                await call.run(incoming.write, bytes(gathered))
                gathered.clear()
        stored: BlobRef = await call.run(_store, call.service, incoming, bytes(gathered), path.sha256, mime)
    return Response(msgspec.json.encode(stored), status_code=201, media_type="application/json")


def _store(service: Access, incoming: Incoming | None, rest: bytes, sha256: str, mime: str) -> BlobRef:
    """Store an upload if its bytes are those that `sha256` names: what was written, and the rest of them."""
    if incoming is not None:
        incoming.write(rest)
    found = hashlib.sha256(rest).hexdigest() if incoming is None else incoming.sha256
    if found != sha256:
        raise Refusal(
            422, f"the bytes have the SHA-256 {found}, not the one in the path", hint="send them again"
        )
    if incoming is None:
        return service.put_blob(rest, mime)
    return BlobRef(incoming.keep(), incoming.size_bytes, mime)


@endpoint("POST", "/api/blobs/missing", lane="writes")
def missing_blobs(service: Access, body: views.BlobsWanted) -> views.BlobsMissing:
    """Which of these the store lacks, so that nobody uploads twice."""
    if len(body.sha256) > _ASKED_LIMIT:
        raise BadRequest(f"at most {_ASKED_LIMIT} blobs can be asked for at once")
    if not all(SHA256_TEXT.fullmatch(name) for name in body.sha256):
        raise BadRequest("a blob is named by 64 lower-case hexadecimal digits")
    return views.BlobsMissing(service.missing_blobs(body.sha256))


def _names_etag(header: str | None, etag: str) -> bool:
    return header is not None and any(
        candidate.strip().removeprefix("W/") in {etag, "*"} for candidate in header.split(",")
    )
