"""From a snapshot to a record, whatever happens: bytes that were logged are never given up.

If an encoder fails, for whatever reason, a record of kind "failed" takes the place of the wanted one. It
names the snapshot's header and buffers as blobs, so that a person, or a later Diorama, can still make of them
what they are:

    {"kind": "failed", "of": "image", "reason": "ValueError: ...", "caption": ...,
     "buffers": [blob, ...], "header": blob of msgpack}

A buffer that can't be read (its file is damaged) is None there.
"""

from __future__ import annotations

import errno
import hashlib
import time
from typing import Any

import msgspec

from diorama.errors import Corrupt, is_of_the_moment
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import Data, pieces_of
from diorama.media.core.limited import NoWorker
from diorama.media.core.registry import KINDS_BY_NAME, UnknownRecord
from diorama.model import BlobRef

FAILED = "failed"
HEADER_MIME = "application/vnd.diorama.header"
BUFFER_MIME = "application/octet-stream"
REASON_LIMIT_CHARS = 500
WAITS_SECS = (0.2, 1.0)
"""Before media that need more memory or threads than there are now are encoded again."""


def encode_media(snapshot: Snapshot, put_blob: PutBlob) -> Any:
    """The record of a snapshot, its blobs put: of its kind, or an UnknownRecord of kind "failed".

    Raises what `put_blob` raises, and OSError when the machine lacks processes, descriptors or space on a
    disk: then nothing is said about the media, and the same call may succeed later.
    """
    for wait_secs in (*WAITS_SECS, None):
        blobs = _Blobs(put_blob)
        try:
            kind = KINDS_BY_NAME.get(snapshot.kind)
            if kind is None:
                raise ValueError(f"this Diorama knows no media of kind {snapshot.kind!r}")
            record = kind.encode(snapshot, blobs.put)
            if blobs.trouble is None:
                return record
            raise blobs.trouble  # the encoder took it for a fault of its media
        except BaseException as error:  # whatever an encoder dies of: what it was to encode must be kept
            if blobs.trouble is not None:
                raise blobs.trouble from None
            if isinstance(error, NoWorker) and error.__cause__ and is_of_the_moment(error.__cause__):
                raise BlockingIOError(errno.EAGAIN, str(error)) from error
            if is_of_the_moment(error):
                if isinstance(error, OSError):
                    raise
                if wait_secs is not None:
                    time.sleep(wait_secs)
                    continue
            return UnknownRecord(_failed(snapshot, f"{type(error).__name__}: {error}", put_blob))
    raise AssertionError("the last attempt returns or raises")


def content_of(media: Snapshot) -> bytes:
    """A digest of all that a record is made from: the same content makes the same record."""
    digest = hashlib.sha256(msgspec.msgpack.encode([media.kind, media.header]))
    for kept in media.buffers:
        digest.update(kept.size_bytes.to_bytes(8, "little"))
        for piece in pieces_of(kept.source()):
            digest.update(piece)
    return digest.digest()


def _failed(snapshot: Snapshot, reason: str, put_blob: PutBlob) -> dict[str, Any]:
    header = put_blob(msgspec.msgpack.encode(snapshot.header), HEADER_MIME)
    buffers: list[dict[str, Any] | None] = []
    for kept in snapshot.buffers:
        try:
            data = kept.source()
        except Corrupt:
            buffers.append(None)
            continue
        buffers.append(_plain(put_blob(data, BUFFER_MIME)))
    fields = {
        "kind": FAILED,
        "of": snapshot.kind,
        "reason": reason[:REASON_LIMIT_CHARS],
        "buffers": buffers,  # before the header: the first blob of a file's record is its content
        "header": _plain(header),
    }
    caption = snapshot.header.get("caption")
    return fields | ({"caption": caption} if isinstance(caption, str) else {})


def _plain(ref: BlobRef) -> dict[str, Any]:
    return {"sha256": ref.sha256, "size_bytes": ref.size_bytes, "mime": ref.mime}


class _Blobs:
    """put_blob that remembers why it failed, so that no encoder can take that for the fault of its media."""

    def __init__(self, put_blob: PutBlob) -> None:
        self.trouble: BaseException | None = None
        self._put_blob = put_blob

    def put(self, data: Data, mime: str) -> BlobRef:
        try:
            return self._put_blob(data, mime)
        except BaseException as error:
            self.trouble = error
            raise
