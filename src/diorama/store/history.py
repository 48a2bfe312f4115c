"""Columnar history in SQL: small fresh chunks are appended, and merged into large ones for good.

A chunk's tier grows with its size (x16 each). When 16 chunks of one tier lie at the fresh end of a key,
they become one; when 65,536 points are open, they are sealed: sorted by step, cut into full chunks, each
with its pyramid. So every point is rewritten a handful of times at most, and a reader meets few chunks.
Merging only neighbours keeps ids in order of arrival. All of it happens in the caller's transaction.

A chart of many points reads pyramids; of large chunks that are not sealed yet, it makes the buckets once and
remembers them.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from diorama.errors import Corrupt
from diorama.lru import Lru
from diorama.store import columns as codec
from diorama.store import pyramid as pyramids
from diorama.store.columns import Ints, Points
from diorama.store.database import file_number
from diorama.store.pyramid import Buckets
from diorama.store.schema import chunks as chunks_table
from diorama.store.schema import pyramids as pyramids_table
from diorama.store.statements import Among, prepared_insert

SEAL_POINTS = 65_536
MERGE_CHUNKS = 16
OPEN_CHUNK_LIMIT = 256
SEALED = 9
_TIER_LIMITS = (16, 256, 4096, SEAL_POINTS)
CACHE_BYTES = 64 * 1024 * 1024
_POINT_BYTES = 33
_BUCKET_BYTES = 80
_OBJECT_BYTES = 1100
"""Of the arrays and the object around a chunk's columns: most that are remembered have few points."""
_SELECT_AT_ONCE = 500
_COMPACT_AT_ONCE = 500_000
"""Keys are merged together up to so many points."""
_READERS_OF_MANY = max(2, os.cpu_count() or 1)
_MANY_POINTS = 4096
_DENSE = 3
"""If at least one in three numbers of a range is wanted, the whole range is read."""

_COLUMNS = ("key_id", "tier", "count", "step_min", "step_max", "time_min", "time_max", "data")
_INSERT = prepared_insert(chunks_table, _COLUMNS)
_DELETE = Among(sa.delete(chunks_table), chunks_table.c.id)
_OPEN_CHUNKS = Among(
    sa.select(chunks_table.c.id, chunks_table.c.key_id, chunks_table.c.tier, chunks_table.c.count)
    .where(chunks_table.c.tier < sa.bindparam("below"))
    .order_by(chunks_table.c.id),
    chunks_table.c.key_id,
    ["below"],
)


@dataclass(slots=True)
class Chunk:
    """Where some points of a key lie. Never changed; not frozen, because 100,000 of them are made at once."""

    id: int
    key_id: int
    tier: int
    count: int
    step_min: int
    step_max: int
    time_min: float
    time_max: float

    @property
    def is_sealed(self) -> bool:
        return self.tier == SEALED

    @property
    def is_large(self) -> bool:
        """It is not rewritten before it is sealed."""
        return self.tier >= len(_TIER_LIMITS) - 1


@dataclass(frozen=True)
class Compacted:
    """What compaction left of a key: points still open, and how many same-row repeats went."""

    open_points: int
    dropped: int


def tier_of(count: int) -> int:
    """The tier of an open chunk with that many points."""
    return sum(count >= limit for limit in _TIER_LIMITS)


def append(connection: sa.Connection, key_ids: Sequence[int], points: Points, counts: Ints) -> None:
    """Add fresh points, in order of arrival: one small chunk for each key id. The first counts[0] of the
    points are of the first key, and so on; every key has some."""
    if not len(counts):
        return
    starts = np.cumsum(counts) - counts
    tiers = np.searchsorted(np.array(_TIER_LIMITS), counts, "right")
    columns: list[list[Any]] = [tiers.tolist(), counts.tolist()]
    for column in (points.steps, points.times):
        columns += [
            np.minimum.reduceat(column, starts).tolist(),
            np.maximum.reduceat(column, starts).tolist(),
        ]
    data = codec.encode_many(points, counts)
    _INSERT.execute_many(connection, list(zip(key_ids, *columns, data, strict=True)))


def compact(connection: sa.Connection, key_ids: Sequence[int]) -> dict[int, Compacted]:
    """Merge what has become many or large, key by key. Call it after every 16 appends to a key, or when
    65,536 points of it are open."""
    opened: dict[int, list[_Open]] = {key_id: [] for key_id in key_ids}
    for id_, key_id, tier, count in _OPEN_CHUNKS.read(connection, key_ids, SEALED):
        opened[key_id].append(_Open(id_, tier, count))
    found: dict[int, Compacted] = {}
    some: dict[int, list[_Open]] = {}
    points = 0
    for key_id, chunks in opened.items():
        total = sum(chunk.count for chunk in chunks)
        if total >= SEAL_POINTS:
            found[key_id] = _seal(connection, key_id, [chunk.id for chunk in chunks if chunk.id], total)
            continue
        some[key_id] = chunks
        points += total
        if points >= _COMPACT_AT_ONCE:
            found |= _compact(connection, some)
            some, points = {}, 0
    return found | _compact(connection, some)


@dataclass(slots=True)
class _Open:
    """An open chunk while its key is compacted. One that is not written yet has no id, but its points."""

    id: int | None
    tier: int
    count: int
    points: Points | None = None


def _compact(connection: sa.Connection, opened: dict[int, list[_Open]]) -> dict[int, Compacted]:
    found: dict[int, Compacted] = {}
    before = {key_id: (sum(chunk.count for chunk in chunks), chunks) for key_id, chunks in opened.items()}
    for tier in range(len(_TIER_LIMITS)):
        starts = {key_id: _start_of_fresh(chunks, tier) for key_id, chunks in opened.items()}
        _merge(connection, opened, {key_id: start for key_id, start in starts.items() if start is not None})
    _merge(connection, opened, {key: 0 for key, chunks in opened.items() if len(chunks) > OPEN_CHUNK_LIMIT})
    gone: list[int] = []
    rows: list[tuple[object, ...]] = []
    for key_id, (total, chunks) in before.items():
        left = opened[key_id]
        count = sum(chunk.count for chunk in left)
        found[key_id] = Compacted(count, total - count)
        kept = {chunk.id for chunk in left}
        gone += [chunk.id for chunk in chunks if chunk.id is not None and chunk.id not in kept]
        rows += [_row(key_id, chunk.points, chunk.tier) for chunk in left if chunk.points is not None]
    _INSERT.execute_many(connection, rows)
    _DELETE.execute(connection, gone)
    return found


def _merge(connection: sa.Connection, opened: dict[int, list[_Open]], starts: Mapping[int, int]) -> None:
    """Make one chunk of those from `starts` on, key by key; nothing is written yet."""
    ids = [
        chunk.id
        for key_id, start in starts.items()
        for chunk in opened[key_id][start:]
        if chunk.id is not None
    ]
    read = _read_each(connection, ids)
    for key_id, start in starts.items():
        chunks = opened[key_id]
        parts = [read[chunk.id] if chunk.id is not None else chunk.points for chunk in chunks[start:]]
        points = codec.join([part for part in parts if part is not None]).ordered()
        opened[key_id] = [*chunks[:start], _Open(None, tier_of(len(points)), len(points), points)]


def _read_each(connection: sa.Connection, ids: list[int]) -> dict[int, Points]:
    """The points of each of some chunks."""
    data = _data_of(connection, ids)
    points, counts = codec.decode_many([data[id_] for id_ in ids])
    ends = np.cumsum(counts).tolist()
    return {
        id_: points.take(slice(end - count, end))
        for id_, end, count in zip(ids, ends, counts.tolist(), strict=True)
    }


def _start_of_fresh(chunks: list[_Open], tier: int) -> int | None:
    """Where the chunks at the fresh end begin that are to be merged, if there are enough of a tier."""
    start = len(chunks)
    while start and chunks[start - 1].tier <= tier:
        start -= 1
    is_due = sum(chunk.tier == tier for chunk in chunks[start:]) >= MERGE_CHUNKS
    return start if is_due else None


def _seal(connection: sa.Connection, key_id: int, ids: list[int], total: int) -> Compacted:
    points = _read_all(connection, ids).ordered()
    full = len(points) // SEAL_POINTS * SEAL_POINTS
    for start in range(0, full, SEAL_POINTS):
        part = points.take(slice(start, start + SEAL_POINTS))
        row = dict(zip(_COLUMNS, _row(key_id, part, SEALED), strict=True))
        result = connection.execute(sa.insert(chunks_table).values(**row))
        assert result.inserted_primary_key is not None
        chunk_id = int(result.inserted_primary_key[0])
        connection.execute(
            sa.insert(pyramids_table),
            [
                {"chunk_id": chunk_id, "level": level, "data": codec.encode_floats(buckets.matrix())}
                for level, buckets in pyramids.pyramid(part)
            ],
        )
    rest = points.take(slice(full, None))
    if len(rest):
        _INSERT.execute(connection, *_row(key_id, rest, tier_of(len(rest))))
    _DELETE.execute(connection, ids)
    return Compacted(len(rest), total - len(points))


def _read_all(connection: sa.Connection, ids: list[int]) -> Points:
    data = _data_of(connection, ids)
    return codec.join([codec.decode(data[id_]) for id_ in ids])


def _row(key_id: int, points: Points, tier: int) -> tuple[object, ...]:
    steps, times = points.steps, points.times
    extent = int(steps.min()), int(steps.max()), float(times.min()), float(times.max())
    return (key_id, tier, len(points), *extent, codec.encode(points))


def rows_are_missing(what: str) -> Corrupt:
    """The error for rows that other rows name and that are not found. Within one snapshot only damage can be
    the reason."""
    return Corrupt(
        f"the database is damaged: {what} are missing", hint="`diorama doctor` says how to mend it"
    )


def _data_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    if not ids:
        return found
    for condition in _among(chunks_table.c.id, ids):
        rows = connection.execute(sa.select(chunks_table.c.id, chunks_table.c.data).where(condition))
        found.update((id_, data) for id_, data in rows.all())
    if any(id_ not in found for id_ in ids):
        raise rows_are_missing("chunks of points")
    return found


def _among(column: sa.Column[int], numbers: Sequence[int]) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions that together find all rows with these numbers, and some rows in between."""
    if len(numbers) > _SELECT_AT_ONCE:
        low, high = min(numbers), max(numbers)
        if high - low < _DENSE * len(numbers):
            yield column.between(low, high)
            return
    for first in range(0, len(numbers), _SELECT_AT_ONCE):
        yield column.in_(numbers[first : first + _SELECT_AT_ONCE])


def chunks_of(connection: sa.Connection, key_ids: Iterable[int]) -> dict[int, list[Chunk]]:
    """The chunks of every key id, in order of arrival. No points are read."""
    table = chunks_table.c
    wanted = list(key_ids)
    found: dict[int, list[Chunk]] = {key_id: [] for key_id in wanted}
    for condition in _among(table.key_id, wanted):
        rows = connection.execute(
            sa.select(
                table.id,
                table.key_id,
                table.tier,
                table.count,
                table.step_min,
                table.step_max,
                table.time_min,
                table.time_max,
            )
            .where(condition)
            .order_by(table.id)
        )
        for row in rows.all():
            of_key = found.get(row[1])
            if of_key is not None:
                of_key.append(Chunk(*row))
    return found


def with_buckets(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Those of a key's chunks whose buckets say what their points say: the sealed ones, and large open ones
    that share no step with another open one (of a row that two of them hold, only the last value counts).
    A row that is logged again when it lies in a sealed chunk already counts twice."""
    found = [chunk for chunk in chunks if chunk.is_sealed]
    opened = sorted((chunk for chunk in chunks if not chunk.is_sealed), key=lambda chunk: chunk.step_min)
    before = -math.inf
    for chunk, following in itertools.zip_longest(opened, opened[1:]):
        is_before_next = following is None or chunk.step_max < following.step_min
        if chunk.is_large and before < chunk.step_min and is_before_next:
            found.append(chunk)
        before = max(before, chunk.step_max)
    return found


def _size_of_points(count: int) -> int:
    """Bytes of a chunk in memory."""
    return count * _POINT_BYTES + _OBJECT_BYTES


class ChunkReader:
    """Reads chunks and pyramids, remembering the decoded ones (chunks never change). What is remembered of a
    file that was removed or replaced is not found for the one that lies in its place.

    Safe to use from several threads. Holds at most about 64 MB.
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._points: Lru[tuple[int, int], Points] = Lru(
            cache_bytes // 2, size_of=lambda points: _size_of_points(len(points))
        )
        self._ahead_bytes = cache_bytes // 8
        self._buckets: Lru[tuple[int, int, int], Buckets] = Lru(
            cache_bytes // 2, size_of=lambda buckets: len(buckets) * _BUCKET_BYTES + _OBJECT_BYTES
        )
        self._readers_of_many = threading.BoundedSemaphore(_READERS_OF_MANY)

    @contextmanager
    def turn(self, chunks: Sequence[Chunk]) -> Iterator[None]:
        """Wait until only a few other threads work on as many points as these: on more than there are
        processors they would not be faster, and all of their memory would be in use at once."""
        if sum(chunk.count for chunk in chunks) < _MANY_POINTS:
            yield
            return
        with self._readers_of_many:
            yield

    def points(self, connection: sa.Connection, chunks: Sequence[Chunk]) -> dict[int, Points]:
        """chunk id -> points, for all of `chunks`."""
        found: dict[int, Points] = {}
        absent: list[int] = []
        file = file_number(connection)
        for id_ in dict.fromkeys(chunk.id for chunk in chunks):
            remembered = self._points.get((file, id_))
            if remembered is None:
                absent.append(id_)
            else:
                found[id_] = remembered
        for id_, data in _data_of(connection, absent).items():
            points = found[id_] = codec.decode(data)
            self._points.put((file, id_), points)
        return found

    def ahead(self, connection: sa.Connection, wanted: Sequence[Sequence[Chunk]]) -> Iterator[None]:
        """Once for each of `wanted`, before its chunks are asked for: the small ones are read together with
        those of what comes next, as many as can be remembered for a while."""
        read = 0
        for place in range(len(wanted)):
            if place == read:
                small: list[Chunk] = []
                size = 0
                while read < len(wanted) and size < self._ahead_bytes:
                    found = [chunk for chunk in wanted[read] if chunk.count < codec.SMALL_POINTS]
                    size += sum(_size_of_points(chunk.count) for chunk in found)
                    small += found
                    read += 1
                self.points(connection, small)
            yield

    def joined(self, connection: sa.Connection, chunks: Sequence[Chunk]) -> tuple[Points, Ints]:
        """The points of all of `chunks`, in no order, and for each of them its chunk (0, 1, ...).

        As `points`, but a hundred thousand small chunks take a second, and leave the large ones remembered.
        """
        small = [place for place, chunk in enumerate(chunks) if chunk.count < codec.SMALL_POINTS]
        data = _data_of(connection, [chunks[place].id for place in small])
        points, counts = codec.decode_many([data[chunks[place].id] for place in small])
        parts, places = [points], [np.repeat(np.array(small, np.int64), counts)]
        large = [place for place, chunk in enumerate(chunks) if chunk.count >= codec.SMALL_POINTS]
        found = self.points(connection, [chunks[place] for place in large])
        for place in large:
            parts.append(found[chunks[place].id])
            places.append(np.full(len(parts[-1]), place, np.int64))
        return codec.join(parts), np.concatenate(places)

    def buckets(self, connection: sa.Connection, chunks: Sequence[Chunk], level: int) -> dict[int, Buckets]:
        """chunk id -> buckets of a level of LEVELS, for all of `chunks` (see `with_buckets`)."""
        found: dict[int, Buckets] = {}
        absent: list[int] = []
        opened: list[int] = []
        file = file_number(connection)
        for chunk in chunks:
            buckets = self._buckets.get((file, chunk.id, level))
            if buckets is not None:
                found[chunk.id] = buckets
            elif chunk.is_sealed:
                absent.append(chunk.id)
            else:
                opened.append(chunk.id)
        for id_, data in _data_of(connection, opened).items():
            points = codec.decode(data).ordered()
            buckets = found[id_] = pyramids.merge_points(points, np.arange(0, len(points), level))
            self._buckets.put((file, id_, level), buckets)
        table = pyramids_table.c
        for first in range(0, len(absent), _SELECT_AT_ONCE):
            rows = connection.execute(
                sa.select(table.chunk_id, table.data).where(
                    table.chunk_id.in_(absent[first : first + _SELECT_AT_ONCE]), table.level == level
                )
            )
            for id_, data in rows:
                buckets = found[int(id_)] = Buckets.from_matrix(codec.decode_floats(bytes(data)))
                self._buckets.put((file, int(id_), level), buckets)
        if len(found) < len({chunk.id for chunk in chunks}):
            raise rows_are_missing("pyramids of points")
        return found

    def all_points(self, connection: sa.Connection, chunks: Sequence[Chunk]) -> Points:
        """The points of `chunks` together, by step and row."""
        found = self.points(connection, chunks)
        return codec.join([found[chunk.id] for chunk in chunks]).ordered()

    def points_between(
        self, connection: sa.Connection, chunks: Sequence[Chunk], step_min: int | None, step_max: int | None
    ) -> Points:
        """Points with step_min <= step <= step_max (None: open), by step and row."""
        overlapping = [
            chunk
            for chunk in chunks
            if (step_min is None or chunk.step_max >= step_min)
            and (step_max is None or chunk.step_min <= step_max)
        ]
        points = self.all_points(connection, overlapping)
        first = 0 if step_min is None else int(np.searchsorted(points.steps, step_min, "left"))
        last = len(points) if step_max is None else int(np.searchsorted(points.steps, step_max, "right"))
        return points.take(slice(first, last)) if (first, last) != (0, len(points)) else points
