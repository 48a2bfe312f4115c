"""Exact bytes of what was logged: plain values with media records inside.

msgpack, sealed by a checksum; media records and ints beyond 64 bits are extensions (`media.extension`). A
record of a kind that this version does not know is kept verbatim and comes back as an UnknownRecord.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from diorama.errors import BadRequest
from diorama.media import MediaRecord as MediaUnion
from diorama.media import UnknownRecord, decode_record
from diorama.media.core.base import MediaRecord
from diorama.media.core.extension import as_wire, value_from
from diorama.model import BlobRef
from diorama.store.seal import seal, unseal

_encoder = msgspec.msgpack.Encoder()


def pack(value: object) -> bytes:
    """Bytes that `unpack` turns back into an equal value. Raises BadRequest for what can't be kept."""
    try:
        return seal(_encoder.encode(as_wire(value)))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequest(f"a value can't be stored: {error}") from error


def unpack(data: bytes) -> Any:
    """The value that was packed. Raises Corrupt if the bytes are not the same any more."""
    return _decoder.decode(unseal(data))


def record_from_bytes(data: bytes) -> Any:
    """A typed record, or an UnknownRecord if its kind (or its shape) is not one that this version knows."""
    try:
        return decode_record(data)
    except msgspec.ValidationError:
        return UnknownRecord(msgspec.msgpack.decode(data))


def record_from_dict(value: dict[str, Any]) -> Any:
    """A typed record from its JSON, or the same dict if it is not a record that this version knows."""
    try:
        return msgspec.convert(value, MediaUnion, strict=False)
    except msgspec.ValidationError:
        return value


def kind_of_record(value: object) -> str | None:
    """The kind of a media record, None if `value` is none."""
    if isinstance(value, MediaRecord):
        return str(type(value).__struct_config__.tag)
    if isinstance(value, UnknownRecord):
        return value.kind
    return None


def blobs_in(value: object) -> Iterator[BlobRef]:
    """Every blob that a value names."""
    if isinstance(value, BlobRef):
        yield value
    elif isinstance(value, UnknownRecord):
        yield from blobs_in(value.fields)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from blobs_in(getattr(value, name))
    elif isinstance(value, dict):
        if set(value) == {"sha256", "size_bytes", "mime"}:
            yield BlobRef(str(value["sha256"]), int(value["size_bytes"]), str(value["mime"]))
        else:
            for item in value.values():
                yield from blobs_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from blobs_in(item)


_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    ext_hook=lambda code, data: value_from(code, data, record_from_bytes)
)
