"""Points of a key as columns, and their exact bytes.

A point is (step, time, value, row). `rows` says in which history row it was logged:
`writer number << 40 | row of that writer`. Values keep their Python type (float, int of 64 bits, bool)
bit for bit: -0.0, NaN, infinities and ints beyond 2**53 come back as they were.

Bytes: a head of 8 (format, flags, value type, 0, count u32), then the columns. Steps, rows and times
are stored as differences, all columns as byte planes (all lowest bytes, then all second ones ...),
because neighbours differ in their low bytes only; zstd does the rest. A checksum is behind all of it.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import zstandard

from diorama.errors import Corrupt
from diorama.store.seal import SEAL_BYTES, seal, unseal

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

FLOAT, INT, BOOL = 0, 1, 2
_CODES: dict[type, int] = {float: FLOAT, int: INT, bool: BOOL}
_MIXED = 255
_FORMAT = 1
_IS_COMPRESSED = 1
_COMPRESS_FROM = 24
_HEAD = struct.Struct("<BBBxI")
ROW_BITS = 40
SMALL_POINTS = _COMPRESS_FROM
"""Chunks of fewer points are not compressed."""
_of_thread = threading.local()


@dataclass(frozen=True)
class Points:
    """Columns of equal length. `bits` are the values' 8 bytes, `types` say what they mean."""

    steps: Ints
    times: Floats
    rows: Ints
    bits: Ints
    types: Codes

    def __len__(self) -> int:
        return len(self.steps)

    @classmethod
    def empty(cls) -> Points:
        """No points."""
        ints = np.empty(0, np.int64)
        return cls(ints, np.empty(0, np.float64), ints, ints, np.empty(0, np.uint8))

    def numbers(self) -> Floats:
        """Values as float64 (ints beyond 2**53 are rounded; for charts)."""
        floats = self.bits.view(np.float64)
        if not self.types.any():
            return floats
        return np.where(self.types == FLOAT, floats, self.bits.astype(np.float64))

    def values(self) -> list[Any]:
        """Values as the Python objects that were logged."""
        if not self.types.any():
            return list(self.bits.view(np.float64).tolist())
        if (self.types == INT).all():
            return list(self.bits.tolist())
        if (self.types == BOOL).all():
            return list(self.bits.astype(bool).tolist())
        floats = self.bits.view(np.float64).tolist()
        return [
            number if code == FLOAT else bool(whole) if code == BOOL else whole
            for number, whole, code in zip(floats, self.bits.tolist(), self.types.tolist(), strict=True)
        ]

    def take(self, which: Any) -> Points:
        """The points that an index, slice or mask selects."""
        return Points(
            self.steps[which], self.times[which], self.rows[which], self.bits[which], self.types[which]
        )

    def ordered(self) -> Points:
        """By step, then row; of points that share a row (one key logged twice in it) the last one stays."""
        if len(self) < 2:
            return self
        steps, rows = self.steps, self.rows
        rises = (steps[1:] > steps[:-1]) | ((steps[1:] == steps[:-1]) & (rows[1:] > rows[:-1]))
        if rises.all():
            return self
        ordered = self.take(np.lexsort((rows, steps)))
        is_last = np.ones(len(self), bool)
        is_last[:-1] = (ordered.rows[1:] != ordered.rows[:-1]) | (ordered.steps[1:] != ordered.steps[:-1])
        return ordered if is_last.all() else ordered.take(is_last)


def join(parts: Sequence[Points]) -> Points:
    """All points, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Points.empty()
    return Points(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.bits for part in parts]),
        np.concatenate([part.types for part in parts]),
    )


def bits_from_values(values: list[Any]) -> tuple[Ints, Codes]:
    """Exact columns of Python floats, ints and bools. Raises OverflowError for ints beyond 64 bits."""
    kinds = set(map(type, values))
    count = len(values)
    if kinds == {float}:
        return np.array(values, np.float64).view(np.int64), np.zeros(count, np.uint8)
    if kinds == {int}:
        return np.array(values, np.int64), np.full(count, INT, np.uint8)
    if kinds == {bool}:
        return np.array(values, np.int64), np.full(count, BOOL, np.uint8)
    bits = np.empty(count, np.int64)
    floats = bits.view(np.float64)
    types = np.fromiter(map(_CODES.__getitem__, map(type, values)), np.uint8, count)
    for code in (FLOAT, INT, BOOL):
        places = np.flatnonzero(types == code)
        (floats if code == FLOAT else bits)[places] = [values[place] for place in places.tolist()]
    return bits, types


def encode(points: Points) -> bytes:
    """Bytes that `decode` turns back into equal columns."""
    types = points.types
    uniform = int(types[0]) if len(types) and (types == types[0]).all() else _MIXED
    columns = [
        _planes(_differences(points.steps)),
        _planes(_differences(np.ascontiguousarray(points.times).view(np.int64))),
        _planes(_differences(points.rows)),
        _planes(_differences(points.bits) if uniform == INT else np.ascontiguousarray(points.bits)),
    ]
    if uniform == _MIXED:
        columns.append(types.tobytes())
    body = b"".join(columns)
    flags = 0
    if len(points) >= _COMPRESS_FROM:
        body = _compressor().compress(body)
        flags = _IS_COMPRESSED
    return seal(_HEAD.pack(_FORMAT, flags, uniform, len(points)) + body)


def encode_many(points: Points, counts: Ints) -> list[bytes]:
    """As `encode`, for the first counts[0] points, the next counts[1] and so on, at least one each. Many
    small chunks take hardly longer than one."""
    starts = np.cumsum(counts) - counts
    types = points.types
    is_mixed = np.minimum.reduceat(types, starts) != np.maximum.reduceat(types, starts)
    found: list[bytes] = [b""] * len(counts)
    is_alike = (counts < SMALL_POINTS) & ~is_mixed
    for count in np.unique(counts[is_alike]).tolist():
        places = np.flatnonzero(is_alike & (counts == count))
        chunks = _encode_alike(points, starts[places], count)
        for place, data in zip(places.tolist(), chunks, strict=True):
            found[place] = data
    for place in np.flatnonzero(~is_alike).tolist():
        found[place] = encode(points.take(slice(starts[place], starts[place] + counts[place])))
    return found


def _encode_alike(points: Points, starts: Ints, count: int) -> list[bytes]:
    """Chunks of `count` points of one type each, too few to be compressed."""
    which = starts[:, None] + np.arange(count)
    types = points.types[starts]
    table = np.empty((len(starts), 4, count), np.int64)
    for place, column in enumerate((points.steps, points.times.view(np.int64), points.rows, points.bits)):
        table[:, place] = column[which]
    changes = table.copy()
    changes[:, :, 1:] -= table[:, :, :-1]
    changes[types != INT, 3] = table[types != INT, 3]
    data = np.empty((len(starts), _HEAD.size + 32 * count), np.uint8)
    data[:, : _HEAD.size] = np.frombuffer(_HEAD.pack(_FORMAT, 0, 0, count), np.uint8)
    data[:, 2] = types
    planes = changes.view(np.uint8).reshape(len(starts), 4, count, 8).transpose(0, 1, 3, 2)
    data[:, _HEAD.size :] = planes.reshape(len(starts), -1)
    whole, size = data.tobytes(), data.shape[1]
    return [seal(whole[start : start + size]) for start in range(0, len(whole), size)]


def decode(sealed: bytes) -> Points:
    """The columns that were encoded. Raises Corrupt for bytes that are none, or not the same any more."""
    data = unseal(sealed)
    try:
        version, flags, uniform, count = _HEAD.unpack_from(data)
    except struct.error as error:
        raise Corrupt("a chunk of metric history is too short") from error
    if version != _FORMAT:
        raise Corrupt(f"a chunk of metric history has the unknown format {version}")
    width = 32 + (uniform == _MIXED)
    body = decompress(data[_HEAD.size :], count * width) if flags & _IS_COMPRESSED else data[_HEAD.size :]
    if len(body) != count * width:
        raise Corrupt(f"a chunk of {count} points has {len(body)} bytes, not {count * width}")
    size = count * 8
    steps, times, rows, bits = (
        _from_planes(body[index * size : (index + 1) * size], count) for index in range(4)
    )
    return Points(
        np.cumsum(steps),
        np.cumsum(times).view(np.float64),
        np.cumsum(rows),
        np.cumsum(bits) if uniform == INT else bits,
        np.frombuffer(body, np.uint8, count, 4 * size)
        if uniform == _MIXED
        else np.full(count, uniform, np.uint8),
    )


def decode_many(chunks: Sequence[bytes]) -> tuple[Points, Ints]:
    """The points of many chunks, one chunk after the other, and how many each has; as `decode`, but many
    small ones take hardly longer than one."""
    by_size: dict[int, list[int]] = {}
    for place, data in enumerate(chunks):
        by_size.setdefault(len(data), []).append(place)
    counts = np.zeros(len(chunks), np.int64)
    parts: list[Points] = []
    places: list[Ints] = []
    for size, group in by_size.items():
        count, rest = divmod(size - _HEAD.size - SEAL_BYTES, 32)
        singles = group
        if count >= 1 and not rest:
            heads = {_HEAD.pack(_FORMAT, 0, kind, count) for kind in (FLOAT, INT, BOOL)}
            alike = [place for place in group if chunks[place][: _HEAD.size] in heads]
            if alike:
                parts.append(_decode_alike([chunks[place] for place in alike], count))
                places.append(np.repeat(np.array(alike, np.int64), count))
                counts[alike] = count
            known = set(alike)
            singles = [place for place in group if place not in known]
        for place in singles:
            points = decode(chunks[place])
            parts.append(points)
            places.append(np.full(len(points), place, np.int64))
            counts[place] = len(points)
    if len(parts) < 2:
        return join(parts), counts
    return join(parts).take(np.argsort(np.concatenate(places), kind="stable")), counts


def _decode_alike(chunks: list[bytes], count: int) -> Points:
    """Uncompressed chunks of `count` points of one type each."""
    size = count * 8
    table = np.frombuffer(b"".join(chunks), np.uint8).reshape(len(chunks), -1)
    seals = np.ascontiguousarray(table[:, -SEAL_BYTES:]).view("<u4").ravel().tolist()
    for data, sealed in zip(chunks, seals, strict=True):
        if crc32(data[:-SEAL_BYTES]) != sealed:
            unseal(data)  # raises
    start = _HEAD.size
    steps, times, rows, bits = (
        np.ascontiguousarray(
            table[:, start + index * size : start + (index + 1) * size]
            .reshape(len(chunks), 8, count)
            .transpose(0, 2, 1)
        )
        .view(np.int64)
        .reshape(len(chunks), count)
        for index in range(4)
    )
    types = table[:, 2]
    bits = np.where((types == INT)[:, None], np.cumsum(bits, axis=1), bits)
    return Points(
        np.cumsum(steps, axis=1).ravel(),
        np.cumsum(times, axis=1).ravel().view(np.float64),
        np.cumsum(rows, axis=1).ravel(),
        bits.ravel(),
        np.repeat(types, count),
    )


def encode_floats(matrix: Floats) -> bytes:
    """A matrix of float64 as compressed byte planes, for pyramids."""
    rows, columns = matrix.shape
    planes = b"".join(_planes(np.ascontiguousarray(row).view(np.int64)) for row in matrix)
    return seal(struct.pack("<II", rows, columns) + _compressor().compress(planes))


def decode_floats(sealed: bytes) -> Floats:
    """The matrix that was encoded. Raises Corrupt if the bytes are not the same any more."""
    data = unseal(sealed)
    rows, columns = struct.unpack_from("<II", data)
    body = decompress(data[8:], rows * columns * 8)
    if len(body) != rows * columns * 8:
        raise Corrupt("a pyramid of metric history has the wrong size")
    planes = np.frombuffer(body, np.uint8).reshape(rows, 8, columns)
    return np.ascontiguousarray(planes.transpose(0, 2, 1)).view(np.float64).reshape(rows, columns)


def decompress(data: bytes | memoryview, size_bytes: int) -> bytes:
    """zstd, never giving more than `size_bytes`. Raises Corrupt."""
    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size_bytes)
    except zstandard.ZstdError as error:
        raise Corrupt(f"a chunk of metric history can't be unpacked: {error}") from error


def _compressor() -> zstandard.ZstdCompressor:
    """One for each thread: to make one takes longer than a small chunk does."""
    found: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if found is None:
        found = _of_thread.compressor = zstandard.ZstdCompressor(level=3)
    return found


def _differences(column: Ints) -> Ints:
    changes = np.empty_like(column)
    changes[:1] = column[:1]
    np.subtract(column[1:], column[:-1], out=changes[1:])
    return changes


def _planes(column: Ints) -> bytes:
    planes: bytes = np.ascontiguousarray(column).view(np.uint8).reshape(-1, 8).T.tobytes()
    return planes


def _from_planes(data: bytes | memoryview, count: int) -> Ints:
    planes = np.frombuffer(data, np.uint8).reshape(8, count)
    return np.ascontiguousarray(planes.T).view(np.int64).reshape(count)
