"""Manifests: blobs that list other blobs, such as those that the cells of a table name."""

from __future__ import annotations

import msgspec

from diorama.errors import BadRequest, TooLarge
from diorama.model import SHA256_TEXT, BlobRef
from diorama.store.blobs import Blobs

MANIFEST_LIMIT_BYTES = 256 << 20
"""About two million blobs."""
MIME_LIMIT_CHARS = 200

_decoder = msgspec.msgpack.Decoder(list[tuple[str, int, str]])


def blobs_of_manifest(blobs: Blobs, manifest: BlobRef) -> list[BlobRef]:
    """The blobs that a stored manifest lists.

    Raises NotFound if it is not stored, TooLarge over the limit, BadRequest for bytes that are no manifest.
    """
    size_bytes = blobs.size_bytes(manifest.sha256)
    if size_bytes is not None and size_bytes > MANIFEST_LIMIT_BYTES:
        raise TooLarge(f"a list of blobs has {size_bytes} bytes; the limit is {MANIFEST_LIMIT_BYTES}")
    return refs_from_manifest(blobs.get(manifest.sha256))


def refs_from_manifest(data: bytes | bytearray | memoryview) -> list[BlobRef]:
    """The blobs that the bytes of a manifest list. Raises BadRequest."""
    try:
        listed = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"a list of blobs can't be read: {error}") from error
    for sha256, size_bytes, mime in listed:
        if not SHA256_TEXT.fullmatch(sha256) or not 0 <= size_bytes < 2**62 or len(mime) > MIME_LIMIT_CHARS:
            raise BadRequest("a list of blobs names something that is no blob")
    return [BlobRef(*one) for one in listed]
