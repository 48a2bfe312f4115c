"""Columnar history in SQL: small fresh chunks are appended, and merged into large ones for good.

A chunk's tier grows with its size (x16 each). When 16 chunks of one tier lie at the fresh end of a key,
they become one; when 65,536 points are open, they are sealed: sorted by step, cut into full chunks, each
with its pyramid. So every point is rewritten a handful of times at most, and a reader meets few chunks.
Merging only neighbours keeps ids in order of arrival. All of it happens in the caller's transaction.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import sqlalchemy as sa

from diorama.errors import Corrupt
from diorama.store import columns as codec
from diorama.store import pyramid as pyramids
from diorama.store.columns import Ints, Points
from diorama.store.pyramid import Buckets
from diorama.store.schema import chunks as chunks_table
from diorama.store.schema import pyramids as pyramids_table

K = TypeVar("K")
V = TypeVar("V")

SEAL_POINTS = 65_536
MERGE_CHUNKS = 16
OPEN_CHUNK_LIMIT = 256
SEALED = 9
_TIER_LIMITS = (16, 256, 4096, SEAL_POINTS)
CACHE_BYTES = 64 * 1024 * 1024
_POINT_BYTES = 33
_SELECT_AT_ONCE = 500
_DENSE = 3
"""If at least one in three numbers of a range is wanted, the whole range is read."""


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


@dataclass(frozen=True)
class Compacted:
    """What compaction left of a key: points still open, and how many same-row repeats went."""

    open_points: int
    dropped: int


def tier_of(count: int) -> int:
    """The tier of an open chunk with that many points."""
    return sum(count >= limit for limit in _TIER_LIMITS)


def append(connection: sa.Connection, points_by_key: Mapping[int, Points]) -> None:
    """Add fresh points, in order of arrival: one small chunk for each key id."""
    if points_by_key:
        connection.execute(
            sa.insert(chunks_table),
            [_row(key_id, points, tier_of(len(points))) for key_id, points in points_by_key.items()],
        )


def compact(connection: sa.Connection, key_id: int) -> Compacted:
    """Merge what has become many or large. Call it after every 16 appends to a key, or when 65,536 points
    are open."""
    table = chunks_table.c
    found = connection.execute(
        sa.select(table.id, table.tier, table.count)
        .where(table.key_id == key_id, table.tier < SEALED)
        .order_by(table.id)
    ).all()
    opened = [(int(id_), int(tier), int(count)) for id_, tier, count in found]
    total = sum(count for _, _, count in opened)
    if total >= SEAL_POINTS:
        return _seal(connection, key_id, [id_ for id_, _, _ in opened], total)
    dropped = 0
    for tier in range(len(_TIER_LIMITS)):
        start = len(opened)
        while start and opened[start - 1][1] <= tier:
            start -= 1
        fresh = opened[start:]
        if sum(chunk_tier == tier for _, chunk_tier, _ in fresh) < MERGE_CHUNKS:
            continue
        merged, gone = _replace(connection, key_id, [id_ for id_, _, _ in fresh])
        dropped += gone
        opened[start:] = [merged]
    if len(opened) > OPEN_CHUNK_LIMIT:
        merged, gone = _replace(connection, key_id, [id_ for id_, _, _ in opened])
        opened, dropped = [merged], dropped + gone
    return Compacted(sum(count for _, _, count in opened), dropped)


def _replace(connection: sa.Connection, key_id: int, ids: list[int]) -> tuple[tuple[int, int, int], int]:
    before = _read_all(connection, ids)
    points = before.ordered()
    tier = tier_of(len(points))
    result = connection.execute(sa.insert(chunks_table).values(**_row(key_id, points, tier)))
    connection.execute(sa.delete(chunks_table).where(chunks_table.c.id.in_(ids)))
    assert result.inserted_primary_key is not None
    return (int(result.inserted_primary_key[0]), tier, len(points)), len(before) - len(points)


def _seal(connection: sa.Connection, key_id: int, ids: list[int], total: int) -> Compacted:
    points = _read_all(connection, ids).ordered()
    full = len(points) // SEAL_POINTS * SEAL_POINTS
    for start in range(0, full, SEAL_POINTS):
        part = points.take(slice(start, start + SEAL_POINTS))
        result = connection.execute(sa.insert(chunks_table).values(**_row(key_id, part, SEALED)))
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
        connection.execute(sa.insert(chunks_table).values(**_row(key_id, rest, tier_of(len(rest)))))
    for first in range(0, len(ids), _SELECT_AT_ONCE):
        some = ids[first : first + _SELECT_AT_ONCE]
        connection.execute(sa.delete(chunks_table).where(chunks_table.c.id.in_(some)))
    return Compacted(len(rest), total - len(points))


def _read_all(connection: sa.Connection, ids: list[int]) -> Points:
    data = _data_of(connection, ids)
    return codec.join([codec.decode(data[id_]) for id_ in ids])


def _row(key_id: int, points: Points, tier: int) -> dict[str, object]:
    return {
        "key_id": key_id,
        "tier": tier,
        "count": len(points),
        "data": codec.encode(points),
    } | _extent(points)


def _extent(points: Points) -> dict[str, object]:
    if len(points) == 1:
        step, time = int(points.steps[0]), float(points.times[0])
        return {"step_min": step, "step_max": step, "time_min": time, "time_max": time}
    return {
        "step_min": int(points.steps.min()),
        "step_max": int(points.steps.max()),
        "time_min": float(points.times.min()),
        "time_max": float(points.times.max()),
    }


def rows_are_missing(what: str) -> Corrupt:
    """The error for rows that other rows name and that are not found. Within one snapshot only damage can be
    the reason."""
    return Corrupt(
        f"the database is damaged: {what} are missing", hint="`diorama doctor` says how to mend it"
    )


def _data_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
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


class ChunkReader:
    """Reads chunks and pyramids, remembering the decoded ones (chunks never change).

    Safe to use from several threads. Holds at most about 64 MB.
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._points: _Cache[int, Points] = _Cache(cache_bytes // 2)
        self._buckets: _Cache[tuple[int, int], Buckets] = _Cache(cache_bytes // 2)

    def points(self, connection: sa.Connection, chunks: Sequence[Chunk]) -> dict[int, Points]:
        """chunk id -> points, for all of `chunks`."""
        found: dict[int, Points] = {}
        absent: list[int] = []
        for chunk in chunks:
            points = self._points.get(chunk.id)
            if points is None:
                absent.append(chunk.id)
            else:
                found[chunk.id] = points
        for id_, data in _data_of(connection, absent).items():
            points = found[id_] = codec.decode(data)
            self._points.put(id_, points, len(points) * _POINT_BYTES + 600)
        return found

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
        """chunk id -> buckets of a level of LEVELS, for all of `chunks` (sealed ones only)."""
        found: dict[int, Buckets] = {}
        absent: list[int] = []
        for chunk in chunks:
            buckets = self._buckets.get((chunk.id, level))
            if buckets is None:
                absent.append(chunk.id)
            else:
                found[chunk.id] = buckets
        table = pyramids_table.c
        for first in range(0, len(absent), _SELECT_AT_ONCE):
            rows = connection.execute(
                sa.select(table.chunk_id, table.data).where(
                    table.chunk_id.in_(absent[first : first + _SELECT_AT_ONCE]), table.level == level
                )
            )
            for id_, data in rows:
                buckets = found[int(id_)] = Buckets.from_matrix(codec.decode_floats(bytes(data)))
                self._buckets.put((int(id_), level), buckets, len(buckets) * 80 + 600)
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


class _Cache(Generic[K, V]):
    """The most recently used values, up to a number of bytes."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, name: K) -> V | None:
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return None
            self._entries.move_to_end(name)
            return entry[0]

    def put(self, name: K, value: V, size_bytes: int) -> None:
        with self._lock:
            if name in self._entries:
                return
            self._entries[name] = (value, size_bytes)
            self._size_bytes += size_bytes
            while self._size_bytes > self._limit_bytes and len(self._entries) > 1:
                _, (_, gone_bytes) = self._entries.popitem(last=False)
                self._size_bytes -= gone_bytes
