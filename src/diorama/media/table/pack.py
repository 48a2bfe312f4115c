"""Packs: some rows of a table as bytes, column by column, on their way from the training process.

A pack is a 4-byte length, a msgpack list of parts (one per column) and the parts' bytes. Forms of a part:

    ["raw", offset, size, dtype, shape of a cell, offset of validity or None]   numbers, as numpy holds them
    ["cells", offset, size]                                       msgpack of a list of cells, with extensions

The media in cells lie in the pack too: header in the cell, buffers among the bytes. So a table of many small
pictures is a few files of some megabytes in the spool, and neither its frame nor the memory grows with it.
A media object that comes again is written once: within a column of a pack a cell refers to the first one, and
in later packs its buffers are those in the earlier pack, which the later one then names.
"""

from __future__ import annotations

import datetime
import decimal
import weakref
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.msgpack import Ext

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.extension import EXT_INTEGER, integer_extension, integer_from
from diorama.media.core.extent import Data, head_of
from diorama.media.core.keep import InMemory, Kept, keep
from diorama.media.table.types import EXACT_FLOAT_INTEGER, NONE_TYPE, ArrayCell, GrowingColumn
from diorama.model import clean_text

PACK_BYTES = 4 << 20
PACK_ROWS = 8192

_EXT_MEDIA = 1  # 2: EXT_INTEGER
_EXT_AGAIN = 3
"""The n-th media object of this column of this pack once more; n as a little-endian integer."""
_EXT_DATETIME = 10
_EXT_DATE = 11
_EXT_DECIMAL = 12
_EXT_ARRAY = 13

_PLAIN_SETS = (frozenset({str}), frozenset({str, NONE_TYPE}), frozenset({bool, NONE_TYPE}))
_encode = msgspec.msgpack.Encoder().encode


class RawColumn:
    """Numbers of one column as numpy holds them: `data` (C-contiguous bytes) of a dtype, cells of a shape.

    validity: a byte per row, 0 where the cell is None; None if all are there.
    """

    __slots__ = ("data", "dtype", "shape", "validity")

    def __init__(
        self, data: Any, dtype: str, shape: Sequence[int] = (), validity: bytes | None = None
    ) -> None:
        self.data = data
        self.dtype = dtype
        self.shape = shape
        self.validity = validity


class Pack(NamedTuple):
    """Some columns of some rows as bytes. others: the packs of earlier rows that media in it lie in."""

    kept: Kept
    column_count: int
    others: tuple[Kept, ...] = ()


class _Place(NamedTuple):
    """Where a living media object was written: its buffers, and where each begins in a pack."""

    owner: weakref.ref[Media]
    buffers: tuple[Kept, ...]
    pack: Kept
    starts: tuple[int, ...]


class MediaPlaces:
    """Where the media objects of a table lie that may come again, because somebody still holds them."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}

    def find(self, media: Media, buffers: tuple[Kept, ...]) -> _Place | None:
        """Where the buffers that `media` has now were written."""
        place = self._places.get(id(media))
        if place is None or place.owner() is not media or len(place.buffers) != len(buffers):
            return None
        is_same = all(kept is known for kept, known in zip(buffers, place.buffers, strict=True))
        return place if is_same else None

    def knows(self, media: Media) -> bool:
        place = self._places.get(id(media))
        return place is not None and place.owner() is media

    def add(self, media: Media, buffers: tuple[Kept, ...], pack: Kept, starts: tuple[int, ...]) -> None:
        places, key = self._places, id(media)
        owner = weakref.ref(media, lambda _: places.pop(key, None))
        places[key] = _Place(owner, buffers, pack, starts)


class _Packing:
    """Bytes of a pack that is being made."""

    def __init__(self, places: MediaPlaces) -> None:
        self.pieces: list[Any] = []
        self.size = 0
        self.others: list[Kept] = []
        self.fresh: list[tuple[Media, tuple[Kept, ...], list[int]]] = []
        """Media that were written to this pack: their buffers, and where these begin in it."""
        self.again: dict[int, Ext] = {}
        """By the id of a media object that this column holds already: what its next cells refer to it by."""
        self._places = places

    def add(self, data: Any) -> tuple[int, int]:
        view = memoryview(data).cast("B") if not isinstance(data, bytes) else data
        start, size = self.size, len(view)
        self.pieces.append(view)
        self.size += size
        return start, size

    def begin_column(self) -> None:
        self.again = {}

    def add_media(self, media: Media) -> Ext:
        """What is put into the cell in place of `media`."""
        again = self.again.get(id(media))
        if again is not None:
            return again
        self.again[id(media)] = Ext(_EXT_AGAIN, len(self.again).to_bytes(4, "little"))
        snapshot = media.snapshot()
        place = self._places.find(media, snapshot.buffers)
        lies_in: list[Any]
        if place is None:
            lies_in = [self.add(kept.read()) for kept in snapshot.buffers]
            if lies_in:
                self.fresh.append((media, snapshot.buffers, [start for start, _ in lies_in]))
        else:
            number = self._number_of(place.pack)
            sizes = (kept.size_bytes for kept in place.buffers)
            lies_in = [(number, start, size) for start, size in zip(place.starts, sizes, strict=True)]
        return Ext(_EXT_MEDIA, _encode([snapshot.kind, snapshot.header, lies_in]))

    def _number_of(self, pack: Kept) -> int:
        for number, other in enumerate(self.others):
            if other is pack:
                return number
        self.others.append(pack)
        return len(self.others) - 1


def pack_columns(
    columns: Sequence[GrowingColumn],
    cells: Sequence[Sequence[Any] | RawColumn],
    places: MediaPlaces | None = None,
    *,
    is_lasting: bool = True,
) -> Pack:
    """Frozen cells, column by column, as one pack. What they show of the columns is noted in those.

    places: where the table's media lie so far; those that are new are noted there, if the pack is lasting.
    """
    places = MediaPlaces() if places is None else places
    packing = _Packing(places)
    parts = [_part(packing, column, values) for column, values in zip(columns, cells, strict=True)]
    head = _encode(parts)
    kept = keep(b"".join([len(head).to_bytes(4, "little"), head, *packing.pieces]))
    if is_lasting:
        begin = 4 + len(head)
        for media, buffers, starts in packing.fresh:
            places.add(media, buffers, kept, tuple(begin + start for start in starts))
    return Pack(kept, len(columns), tuple(packing.others))


def _part(packing: _Packing, column: GrowingColumn, values: Sequence[Any] | RawColumn) -> list[Any]:
    raw = values if isinstance(values, RawColumn) else _raw_from_cells(column, values)
    if raw is not None:
        column.dtypes.add(_dtype_name(raw.dtype))
        start, size = packing.add(raw.data)
        validity = None if raw.validity is None else packing.add(raw.validity)[0]
        return ["raw", start, size, raw.dtype, list(raw.shape), validity]
    assert not isinstance(values, RawColumn)
    packing.begin_column()
    return ["cells", *packing.add(_cells_from(packing, column, values))]


def _dtype_name(dtype: str) -> str:
    sizes = {"i": "int", "u": "uint", "f": "float", "b": "bool", "M": "datetime64"}
    if dtype[1] == "M":
        return dtype[1:].replace("M8", "datetime64")
    return "bool" if dtype[1] == "b" else f"{sizes[dtype[1]]}{8 * int(dtype[2:])}"


def _raw_from_cells(column: GrowingColumn, values: Sequence[Any]) -> RawColumn | None:
    """Cells of one class of numbers as raw bytes; None if they are anything else."""
    if column.type == "any":
        return None
    types = set(map(type, values))
    if len(types) != 1:
        return None
    [cls] = types
    if cls is float:
        return RawColumn(array("d", values).tobytes(), "<f8")
    if cls is int:
        try:
            data = array("q", values)
        except OverflowError:
            return None
        if not column.is_wide and (max(data) > EXACT_FLOAT_INTEGER or min(data) < -EXACT_FLOAT_INTEGER):
            column.is_wide = True
        return RawColumn(data.tobytes(), "<i8")
    if cls is bool:
        return RawColumn(bytes(values), "|b1")
    if cls is ArrayCell:
        dtype, shape, _ = values[0]
        if 0 in shape or any(cell.dtype != dtype or cell.shape != shape for cell in values):
            return None
        return RawColumn(b"".join(cell.data for cell in values), dtype, shape)
    if cls.__module__ == "numpy":
        import numpy as np

        numbers = np.array(values)
        numbers = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
        note_wide(column, numbers)
        return RawColumn(numbers.tobytes(), numbers.dtype.str)
    return None


def note_wide(column: GrowingColumn, numbers: Any) -> None:
    """Note whether an array has integers that a float64 would round."""
    if numbers.dtype.kind in "iu" and numbers.dtype.itemsize == 8 and numbers.size and not column.is_wide:
        column.is_wide = bool(
            int(numbers.max()) > EXACT_FLOAT_INTEGER or int(numbers.min()) < -EXACT_FLOAT_INTEGER
        )


def _cells_from(packing: _Packing, column: GrowingColumn, values: Sequence[Any]) -> bytes:
    if set(map(type, values)) in _PLAIN_SETS:
        try:
            return _encode(values)
        except UnicodeEncodeError:
            pass  # a lone surrogate, which the way below spells out
    again = packing.again
    return _encode(
        [again[id(value)] if id(value) in again else _wire(packing, column, value) for value in values]
    )


def _wire(packing: _Packing, column: GrowingColumn, value: Any) -> Any:
    """A frozen value as msgpack takes it."""
    cls = type(value)
    if value is None or cls is bool:
        return value
    if cls is float:
        column.dtypes.add("float64")
        return value
    if cls is str:
        return clean_text(value)
    if cls is int:
        if not -EXACT_FLOAT_INTEGER <= value <= EXACT_FLOAT_INTEGER:
            column.is_wide = True
        if -(2**63) <= value < 2**63:
            column.dtypes.add("int64")
            return value
        column.dtypes.add("integer")
        return integer_extension(value)
    if cls is list:
        return [_wire(packing, column, item) for item in value]
    if cls is dict:
        return {key: _wire(packing, column, item) for key, item in value.items()}
    if cls is bytes:
        return value
    if isinstance(value, Media):
        return packing.add_media(value)
    if cls is ArrayCell:
        column.dtypes.add(_dtype_name(value.dtype))
        return Ext(_EXT_ARRAY, _encode([value.dtype, value.shape, value.data]))
    if isinstance(value, datetime.datetime):
        column.has_aware |= value.tzinfo is not None
        return Ext(_EXT_DATETIME, value.isoformat().encode())
    if isinstance(value, datetime.date):
        return Ext(_EXT_DATE, value.isoformat().encode())
    if isinstance(value, decimal.Decimal):
        column.dtypes.add("decimal")
        return Ext(_EXT_DECIMAL, str(value).encode())
    item = value.item()
    column.dtypes.add(str(value.dtype))
    return _wire(packing, column, item) if type(item) is int else item


class PackSlice:
    """Some of the bytes of a pack, read when they are asked for."""

    __slots__ = ("_pack", "_size", "_start")

    def __init__(self, pack: Kept, start: int, size: int) -> None:
        self._pack = pack
        self._start = start
        self._size = size

    @property
    def size_bytes(self) -> int:
        return self._size

    def read(self) -> bytes | memoryview:
        return memoryview(_pack_bytes(self._pack))[self._start : self._start + self._size]

    def head(self, size_bytes: int) -> bytes:
        return head_of(self.read(), size_bytes)

    def source(self) -> Data:
        return self.read()


_last_read: tuple[Kept, bytes | memoryview] | None = None


def _pack_bytes(pack: Kept) -> bytes | memoryview:
    """The bytes of a pack. The last one stays in memory: neighbours are read one after another."""
    global _last_read
    last = _last_read
    if last is not None and last[0] is pack:
        return last[1]
    data = pack.read()
    if not isinstance(pack, InMemory):
        _last_read = (pack, data)
    return data


class PackReader:
    """Reads a pack. `media_from(snapshot)` makes of media in cells what the caller wants of them; once for
    media that come again in a column. others: the packs that this one names."""

    def __init__(
        self,
        pack: Kept,
        media_from: Callable[[Snapshot], Any],
        *,
        is_lazy: bool,
        others: Sequence[Kept] = (),
    ) -> None:
        self._pack = pack
        self._others = others
        self._in_column: list[Any] = []
        self._data = memoryview(_pack_bytes(pack) if is_lazy else pack.read())
        head_size = int.from_bytes(self._data[:4], "little")
        self._begin = 4 + head_size
        self.parts: list[list[Any]] = msgspec.msgpack.decode(self._data[4 : self._begin])
        self._media_from = media_from
        self._is_lazy = is_lazy
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=self._extension)

    def column(self, index: int) -> RawColumn | list[Any]:
        """A column: numbers as they lie there, or a list of values."""
        form, start, size, *more = self.parts[index]
        data = self._bytes(start, size)
        if form == "cells":
            self._in_column = []
            cells: list[Any] = self._decoder.decode(data)
            return cells
        dtype, shape, validity = more
        if validity is None:
            return RawColumn(data, dtype, shape)
        count = size // max(int(dtype[2:].partition("[")[0]) * _product(shape), 1)
        return RawColumn(data, dtype, shape, bytes(self._bytes(validity, count)))

    def _bytes(self, start: int, size: int) -> memoryview:
        return self._data[self._begin + start : self._begin + start + size]

    def _buffer(self, *place: int) -> Kept:
        """(start, size) in this pack, or (number of another pack, start from its first byte, size)."""
        if len(place) == 3:
            number, start, size = place
            other = self._others[number]
            if isinstance(other, InMemory):
                return InMemory(memoryview(other.data)[start : start + size])
            return PackSlice(other, start, size)
        start, size = place
        if self._is_lazy:
            return PackSlice(self._pack, self._begin + start, size)
        return InMemory(self._bytes(start, size))

    def _extension(self, code: int, data: memoryview) -> Any:
        if code == _EXT_MEDIA:
            kind, header, places = msgspec.msgpack.decode(data)
            buffers = tuple(self._buffer(*place) for place in places)
            self._in_column.append(self._media_from(Snapshot(kind, header, buffers)))
            return self._in_column[-1]
        if code == _EXT_AGAIN:
            return self._in_column[int.from_bytes(data, "little")]
        if code == _EXT_ARRAY:
            dtype, shape, content = msgspec.msgpack.decode(data)
            return ArrayCell(dtype, tuple(shape), content)
        if code == EXT_INTEGER:
            return integer_from(data)
        text = bytes(data).decode()
        if code == _EXT_DATETIME:
            return datetime.datetime.fromisoformat(text)
        if code == _EXT_DATE:
            return datetime.date.fromisoformat(text)
        return decimal.Decimal(text)


def _product(shape: Sequence[int]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product
