"""The kinds of media by name, and the codec of their records.

This module knows no kind. `diorama.media` hands them over when it is imported, so that code below can ask
for a kind without importing it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Union

import msgspec

from diorama.media.core.base import Kind, MediaRecord

KINDS_BY_NAME: dict[str, Kind] = {}
"""Every kind, by the name that its records are tagged with, in the order in which bare values are offered."""


class UnknownRecord:
    """A record of a kind that this Diorama does not know. It is kept, and encoded again, verbatim."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])

    @property
    def caption(self) -> str | None:
        caption = self.fields.get("caption")
        return caption if isinstance(caption, str) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownRecord) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]  # the fields are mutable

    def __repr__(self) -> str:
        return f"UnknownRecord({self.fields!r})"


class _Tag(msgspec.Struct):
    kind: str


class _Codec:
    """The decoder of all records, made anew when kinds are added."""

    def __init__(self) -> None:
        self.encoder = msgspec.msgpack.Encoder()
        self.tag = msgspec.msgpack.Decoder(_Tag)
        self.plain = msgspec.msgpack.Decoder(dict[str, Any])
        self.record: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()


_codec = _Codec()


def register(kinds: Iterable[Kind]) -> None:
    """Add kinds. Raises ValueError for a name that another kind has."""
    for kind in kinds:
        known = KINDS_BY_NAME.setdefault(kind.name, kind)
        if known is not kind:
            raise ValueError(f"two kinds of media are named {kind.name!r}: {known.cls} and {kind.cls}")
    records = tuple(kind.record for kind in KINDS_BY_NAME.values())
    _codec.record = msgspec.msgpack.Decoder(Union[records])  # noqa: UP007 made at run time


def encode_record(record: MediaRecord | UnknownRecord) -> bytes:
    """The msgpack of a record, tagged by its kind."""
    return _codec.encoder.encode(record.fields if isinstance(record, UnknownRecord) else record)


def decode_record(data: bytes | memoryview) -> Any:
    """A record from its msgpack: of one of the kinds, or an UnknownRecord.

    Raises msgspec.ValidationError for bytes that are no tagged map, or a known kind with wrong fields.
    """
    if _codec.tag.decode(data).kind in KINDS_BY_NAME:
        return _codec.record.decode(data)
    return UnknownRecord(_codec.plain.decode(data))


def plain_record(record: MediaRecord | UnknownRecord) -> dict[str, Any]:
    """A record as plain dicts, lists, numbers and text, its kind included: what JSON shows."""
    if isinstance(record, UnknownRecord):
        return record.fields
    plain: dict[str, Any] = msgspec.to_builtins(record, str_keys=True)
    return plain


def record_warnings(record: MediaRecord | UnknownRecord) -> list[tuple[str, str, int]]:
    """(code, text, how many values) of what encoding could not keep as it was given, for the run to show."""
    if isinstance(record, UnknownRecord):
        return []
    return KINDS_BY_NAME[str(type(record).__struct_config__.tag)].warnings(record)
