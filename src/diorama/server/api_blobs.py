"""Bytes by their SHA-256: range reads that browsers may cache for ever, and verified uploads."""

from __future__ import annotations

import hashlib
import mmap
import re
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from starlette.responses import Response, StreamingResponse

from diorama.errors import BadRequest, Corrupt, NotFound
from diorama.model import BlobRef
from diorama.server.content import SNIFF_BYTES, byte_range, content_headers
from diorama.server.endpoint import Call, endpoint
from diorama.server.problem import Refusal
from diorama.server.request import stream_body
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Service

_SHA256 = re.compile(r"[0-9a-f]{64}")
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
    """The bytes. Pictures are shown inline; everything else is a download. `Range` is understood."""
    found = await find_blob(call, path.sha256)
    return await blob_response(call, found, name=query.name)


async def find_blob(call: Call, sha256: str) -> BlobRef:
    """The blob, if some run names it. NotFound also for what is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound("there is no such blob")
    found: BlobRef = await call.run(call.service.blob_info, sha256)
    return found


async def blob_response(
    call: Call, found: BlobRef, *, name: str | None, cache: str | None = None
) -> Response:
    """A blob, or the range of it that is asked for; `name` makes it a download of that name.

    Small blobs are checked against their hash before the first byte leaves. Of large ones, the last
    piece is held back until the hash of all is known to be right.
    """
    etag = f'"{found.sha256}"'
    asked = call.request.headers
    head: bytes = await call.run(call.service.get_blob_range, found.sha256, 0, SNIFF_BYTES)
    headers = {**content_headers(head, name=name), "etag": etag, "accept-ranges": "bytes"}
    if cache is not None:
        headers["cache-control"] = cache
    if _names_etag(asked.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    # A range of another version of the thing would be nonsense; bytes by hash have one version.
    wants_range = asked.get("if-range", etag) == etag
    try:
        part = byte_range(asked.get("range"), found.size_bytes) if wants_range else None
    except ValueError:
        content_range = f"bytes */{found.size_bytes}"
        raise Refusal(
            416, "the range lies behind the end", headers={"content-range": content_range}
        ) from None
    start, end = part or (0, found.size_bytes)
    status = 200 if part is None else 206
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{found.size_bytes}"
    if found.size_bytes <= CHECKED_BYTES:
        data: bytes = await call.run(call.service.get_blob, found.sha256)
        return Response(data[start:end], status_code=status, headers=headers)
    headers["content-length"] = str(end - start)
    pieces = _pieces(call.service, found, start, end)
    return StreamingResponse(pieces, status_code=status, headers=headers)


def _pieces(service: Service, found: BlobRef, start: int, end: int) -> Iterator[bytes]:
    is_whole = (start, end) == (0, found.size_bytes)
    hasher = hashlib.sha256()
    for offset in range(start, end, _PIECE_BYTES):
        stop = min(offset + _PIECE_BYTES, end)
        piece = service.get_blob_range(found.sha256, offset, stop)
        if is_whole:
            hasher.update(piece)
            if stop == end and hasher.hexdigest() != found.sha256:
                raise Corrupt(f"blob {found.sha256} does not match its checksum", hint="see `diorama doctor`")
        yield piece


@endpoint("PUT", "/api/blobs/{sha256}", body_mime="application/octet-stream", reply=BlobRef)
async def put_blob(call: Call, path: BlobPath) -> Response:
    """Store the body. 422 when its SHA-256 is not the one in the path; nothing is kept then."""
    if not _SHA256.fullmatch(path.sha256):
        raise BadRequest(
            "a blob is named by the SHA-256 of its bytes", hint="64 lower-case hexadecimal digits"
        )
    limits = call.settings.limits
    mime = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    mime = mime if _MIME.fullmatch(mime) else "application/octet-stream"
    hasher = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spooled:
        async for piece in stream_body(
            call.request, limit_bytes=limits.blob_bytes, idle_secs=limits.body_idle_secs
        ):
            hasher.update(piece)
            await call.run(spooled.write, piece)
        if hasher.hexdigest() != path.sha256:
            raise Refusal(
                422,
                f"the bytes have the SHA-256 {hasher.hexdigest()}, not the one in the path",
                hint="send them again",
            )
        stored: BlobRef = await call.run(_store, call.service, spooled, mime)
    return Response(msgspec.json.encode(stored), status_code=201, media_type="application/json")


def _store(service: Service, spooled: tempfile.SpooledTemporaryFile[bytes] | BinaryIO, mime: str) -> BlobRef:
    """Hand a verified upload to the store; a large one is mapped, not read into memory."""
    size_bytes = spooled.seek(0, 2)
    spooled.seek(0)
    if size_bytes <= _IN_MEMORY_BYTES:
        return service.put_blob(spooled.read(), mime)
    with mmap.mmap(spooled.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
        return service.put_blob(view, mime)


@endpoint("POST", "/api/blobs/missing")
def missing_blobs(service: Service, body: views.BlobsWanted) -> views.BlobsMissing:
    """Which of these the store lacks, so that nobody uploads twice."""
    if len(body.sha256) > _ASKED_LIMIT:
        raise BadRequest(f"at most {_ASKED_LIMIT} blobs can be asked for at once")
    if not all(_SHA256.fullmatch(name) for name in body.sha256):
        raise BadRequest("a blob is named by 64 lower-case hexadecimal digits")
    return views.BlobsMissing(service.missing_blobs(body.sha256))


def _names_etag(header: str | None, etag: str) -> bool:
    return header is not None and any(
        candidate.strip().removeprefix("W/") in {etag, "*"} for candidate in header.split(",")
    )
