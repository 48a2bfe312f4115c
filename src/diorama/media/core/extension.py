"""Values that msgpack has no words for, as msgpack extensions: in batches and in the store, and the integers
of journals and tables too.

The codes and the bytes behind them are stored: they never change. Codes are unique within one kind of bytes
only; what a journal, or a table on its way from the training, needs besides is defined there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.msgpack import Ext

from diorama.errors import BadRequest
from diorama.media.core.base import MediaRecord
from diorama.media.core.registry import UnknownRecord, decode_record, encode_record

if TYPE_CHECKING:
    from collections.abc import Callable

EXT_INTEGER = 2
"""An int that msgpack can't hold, as ASCII decimal digits."""
EXT_RECORD = 3
"""msgpack of a MediaRecord."""
DEPTH_LIMIT = 200


def integer_as_wire(value: int) -> int | Ext:
    """An int of any size as msgpack takes it. Raises ValueError beyond what Python turns into text."""
    return value if -(2**63) <= value < 2**64 else integer_extension(value)


def integer_extension(value: int) -> Ext:
    """An int as an extension, whatever its size."""
    return Ext(EXT_INTEGER, str(value).encode("ascii"))


def integer_from(data: memoryview) -> int:
    """Undo `integer_extension`."""
    return int(bytes(data))


def as_wire(value: Any, depth: int = 0) -> Any:
    """`value` as msgpack takes it: media records and large ints as extensions.

    A record is a struct, which the encoder would write as a plain map, and nobody could tell it from a dict
    that was logged. Extensions of a newer Diorama stay what they are. Raises BadRequest for a value that is
    nested too deeply, ValueError for an int that is too large.
    """
    kind = type(value)
    if kind is float or kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return integer_as_wire(value)
    if depth > DEPTH_LIMIT:
        raise BadRequest(f"a value is nested more than {DEPTH_LIMIT} levels deep")
    if kind is dict:
        return {str(name): as_wire(item, depth + 1) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [as_wire(item, depth + 1) for item in value]
    if isinstance(value, MediaRecord | UnknownRecord):
        return Ext(EXT_RECORD, encode_record(value))
    return value


def value_from(code: int, data: memoryview, record_from: Callable[[bytes], Any] | None = None) -> Any:
    """What an extension of `as_wire` stands for; msgspec's `ext_hook`. One of a newer Diorama stays as it is.

    record_from: reads records, if not `media.decode_record`, which raises msgspec.ValidationError for fields
    that it does not expect.
    """
    if code == EXT_INTEGER:
        return integer_from(data)
    if code != EXT_RECORD:
        return Ext(code, bytes(data))
    if record_from is not None:
        return record_from(bytes(data))
    return decode_record(bytes(data))
