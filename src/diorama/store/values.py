"""Exact bytes of what was logged: plain values with media records inside.

msgpack, sealed by a checksum, with two extensions: EXT_INTEGER for ints beyond 64 bits, EXT_RECORD for media
records. A record of a kind that this version does not know is kept verbatim and comes back as an
UnknownRecord.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from diorama.errors import BadRequest
from diorama.journal.entry import EXT_INTEGER, EXT_RECORD
from diorama.media import MediaRecord as MediaUnion
from diorama.media import UnknownRecord, decode_record, encode_record
from diorama.media.base import MediaRecord
from diorama.model import BlobRef
from diorama.store.seal import seal, unseal

_encoder = msgspec.msgpack.Encoder()
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
DEPTH_LIMIT = 200


def pack(value: object) -> bytes:
    """Bytes that `unpack` turns back into an equal value. Raises BadRequest for what can't be kept."""
    try:
        return seal(_encoder.encode(as_wire(value)))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequest(f"a value can't be stored: {error}") from error


def unpack(data: bytes) -> Any:
    """The value that was packed. Raises Corrupt if the bytes are not the same any more."""
    return _decoder.decode(unseal(data))


def as_wire(value: Any, depth: int = 0) -> Any:
    """`value` with records and huge ints as msgpack extensions; the same object if it has none."""
    kind = type(value)
    if kind is float or kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return (
            value if _INT_MIN <= value <= _INT_MAX else msgspec.msgpack.Ext(EXT_INTEGER, str(value).encode())
        )
    if depth > DEPTH_LIMIT:
        raise BadRequest(f"a value is nested more than {DEPTH_LIMIT} levels deep")
    if kind is dict:
        return {str(name): as_wire(item, depth + 1) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [as_wire(item, depth + 1) for item in value]
    if isinstance(value, MediaRecord | UnknownRecord):
        return msgspec.msgpack.Ext(EXT_RECORD, encode_record(cast("MediaUnion | UnknownRecord", value)))
    if hasattr(value, "code") and hasattr(value, "data"):  # an extension of a newer Diorama
        return msgspec.msgpack.Ext(value.code, value.data)
    return value


def from_extension(code: int, data: memoryview) -> Any:
    """msgspec's ext_hook: what an extension stands for."""
    if code == EXT_INTEGER:
        return int(bytes(data))
    if code == EXT_RECORD:
        return record_from_bytes(bytes(data))
    return msgspec.msgpack.Ext(code, bytes(data))


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


_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=from_extension)
