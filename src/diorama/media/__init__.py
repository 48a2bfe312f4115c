"""The kinds of media, as a list that you can read, and the codec of their records.

Importing this package imports neither numpy nor Pillow.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from diorama.media import file, histogram, image
from diorama.media.adopt import adopt
from diorama.media.base import Kind
from diorama.media.boxes import BoundingBoxes2D
from diorama.media.file import FileRecord, RunFile
from diorama.media.histogram import Histogram, HistogramRecord
from diorama.media.image import Image, ImageRecord
from diorama.media.masks import ImageMask
from diorama.media.overlays import Classes

__all__ = [
    "KINDS",
    "KINDS_BY_NAME",
    "BoundingBoxes2D",
    "Classes",
    "FileRecord",
    "Histogram",
    "HistogramRecord",
    "Image",
    "ImageMask",
    "ImageRecord",
    "MediaRecord",
    "RunFile",
    "UnknownRecord",
    "adopt",
    "decode_record",
    "encode_record",
    "plain_record",
    "record_warnings",
]

KINDS: tuple[Kind, ...] = (image.KIND, histogram.KIND, file.KIND)
KINDS_BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

MediaRecord = Union[ImageRecord, HistogramRecord, FileRecord]  # noqa: UP007 msgspec wants a real Union on 3.10
"""The closed union of records: the storage schema, the API's and TypeScript's. Tagged by `kind`."""


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


_encoder = msgspec.msgpack.Encoder()
_tag_decoder = msgspec.msgpack.Decoder(_Tag)
_record_decoder = msgspec.msgpack.Decoder(MediaRecord)
_plain_decoder = msgspec.msgpack.Decoder(dict[str, Any])


def encode_record(record: MediaRecord | UnknownRecord) -> bytes:
    """The msgpack of a record, tagged by its kind."""
    return _encoder.encode(record.fields if isinstance(record, UnknownRecord) else record)


def decode_record(data: bytes | memoryview) -> MediaRecord | UnknownRecord:
    """A record from its msgpack.

    Raises msgspec.ValidationError for bytes that are no tagged map, or a known kind with wrong fields.
    """
    if _tag_decoder.decode(data).kind in KINDS_BY_NAME:
        record: MediaRecord = _record_decoder.decode(data)
        return record
    return UnknownRecord(_plain_decoder.decode(data))


def plain_record(record: MediaRecord | UnknownRecord) -> dict[str, Any]:
    """A record as plain dicts, lists, numbers and text, its kind included: what JSON shows."""
    if isinstance(record, UnknownRecord):
        return record.fields
    plain: dict[str, Any] = msgspec.to_builtins(record, str_keys=True)
    return plain


def record_warnings(record: MediaRecord | UnknownRecord) -> list[tuple[str, str, int]]:
    """(code, text, how many values) of what encoding could not keep as it was given, for the run to show.

    The text is the same each time, so that a run shows one line with a count.
    """
    if isinstance(record, ImageRecord):
        return image.warnings_of(record)
    if isinstance(record, HistogramRecord):
        return histogram.warnings_of(record)
    return []
