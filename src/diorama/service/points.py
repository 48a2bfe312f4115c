"""Storing the points and records of a batch, and keeping the keys' counts.

All keys together: a call may log 100,000 of them, and each may have one point only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa

from diorama.service.flatten import METRIC, SYSTEM, Gathered, LoggedColumn
from diorama.service.naming import Naming
from diorama.service.spans import spans_with
from diorama.service.step_keys import StepKeys
from diorama.store import history, schema
from diorama.store.columns import ROW_BITS, Floats, Ints, Points, bits_from_values, join
from diorama.store.statements import Among, Prepared, prepared_insert, prepared_update
from diorama.store.values import pack
from diorama.summaries.paths import Path

Name = tuple[Path, str]
"""A path and a kind: what a row of keys stands for."""

_table = schema.keys.c
_COUNTED = ("exact", "count", "first_step", "last_step", "last_value", "fresh_chunks", "open_points", "spans")
"""What is written of a key with each batch; fields of `StoredKey`."""
_INSERT = prepared_insert(schema.keys, ("run", "key", "kind", *_COUNTED, "version"))
_UPDATE = prepared_update(schema.keys, (*_COUNTED, "version"), ("id",))
_READ = Among(
    sa.select(_table.key, _table.kind, _table.id, *(_table[name] for name in _COUNTED)).where(
        _table.run == sa.bindparam("of_run")
    ),
    _table.key,
    ["of_run"],
)
_NEW = 0
"""The version of a key's row between its insert and the end of the transaction."""
_READ_NEW = Prepared(
    lambda _: sa.select(_table.key, _table.kind, _table.id).where(
        _table.run == sa.bindparam("of_run"), _table.version == sa.bindparam("new")
    ),
    ["of_run", "new"],
)
_FINISH_NEW = Prepared(
    lambda _: (
        sa.update(schema.keys)
        .where(_table.run == sa.bindparam("of_run"), _table.version == sa.bindparam("new"))
        .values(version=sa.bindparam("new_version"))
    ),
    ["new_version", "of_run", "new"],
)
_INSERT_RECORD = prepared_insert(schema.records, ("key_id", "step", "row", "time", "data"))


@dataclass(slots=True)
class StoredKey:
    """A row of keys."""

    id: int
    exact: str | None
    count: int
    first_step: int
    last_step: int
    last_value: float | None
    fresh_chunks: int
    open_points: int
    spans: bytes | None

    def counted(self) -> tuple[Any, ...]:
        """The values of `_COUNTED`."""
        return (
            self.exact,
            self.count,
            self.first_step,
            self.last_step,
            self.last_value,
            self.fresh_chunks,
            self.open_points,
            self.spans,
        )


@dataclass
class StoredKeys:
    """Rows of keys that a batch touched, to be finished once the version is known."""

    run: int
    changed: list[StoredKey] = field(default_factory=list)
    has_new: bool = False

    def finish(self, connection: sa.Connection, version: int) -> None:
        """Write the counts and the version."""
        if self.has_new:
            _FINISH_NEW.execute(connection, version, self.run, _NEW)
        _UPDATE.execute_many(connection, [(*key.counted(), version, key.id) for key in self.changed])


@dataclass(frozen=True)
class Origin:
    """Whose points they are. session: the writer's; began: when the run began, in Unix seconds."""

    run: int
    session: int
    writer_number: int
    began: float


def store_points(
    connection: sa.Connection, gathered: Gathered, steps_of: StepKeys, origin: Origin
) -> StoredKeys:
    """Append every column of the batch to its key, add the records, and compact what is due."""
    steps, rows, times = gathered.columns()
    rows = rows | (origin.writer_number << ROW_BITS)
    steps_of.join(gathered, rows)
    names, points, counts = _points(gathered, steps, rows, times, origin)
    if not names:
        return StoredKeys(origin.run)
    keys, new = _count(*_named_keys(connection, origin.run, names), points, counts, origin.session)
    _insert(connection, origin.run, new)
    history.append(connection, [key.id for key in keys], points, counts)
    _store_records(connection, gathered, dict(zip(names, keys, strict=True)), steps, rows, times)
    compacted = _compact(connection, keys)
    are_new = {key.id for _, key in new} - compacted
    return StoredKeys(origin.run, [key for key in keys if key.id not in are_new], has_new=bool(new))


def _points(
    gathered: Gathered, steps: Ints, rows: Ints, times: Floats, origin: Origin
) -> tuple[list[Name], Points, Ints]:
    """The keys of a batch, their points, one key's after the other's, and how many each has."""
    columns: list[LoggedColumn] = [*gathered.numbers.values(), *gathered.objects.values()]
    names = [*((path, METRIC) for path in gathered.numbers), *gathered.objects]
    counts = [len(column.index) for column in columns]
    lengths = (
        len(value) if type(value) is list else 1
        for column in gathered.objects.values()
        for value in column.values
    )
    logged = chain(chain.from_iterable(column.values for column in gathered.numbers.values()), lengths)
    every, all_calls = list(range(len(steps))), np.arange(len(steps))
    calls = [all_calls if column.index == every else np.array(column.index, np.int64) for column in columns]
    which = np.concatenate(calls) if calls else np.empty(0, np.int64)
    parts = [Points(steps[which], times[which], rows[which], *bits_from_values(list(logged)))]
    for path, (system_times, seqs, values) in gathered.system.items():
        names.append((path, SYSTEM))
        counts.append(len(values))
        parts.append(_system_points(system_times, seqs, values, origin))
    return names, join(parts), np.array(counts, np.int64)


def _system_points(times: list[float], seqs: list[int], values: list[Any], origin: Origin) -> Points:
    when = np.array(times, np.float64)
    steps = np.maximum(when - origin.began, 0.0).astype(np.int64)
    rows = np.array(seqs, np.int64) | (origin.writer_number << ROW_BITS)
    return Points(steps, when, rows, *bits_from_values([float(value) for value in values]))


def _named_keys(
    connection: sa.Connection, run: int, names: list[Name]
) -> tuple[list[Name], list[str], list[str], dict[tuple[str, str], StoredKey]]:
    """(names, what each is called, its exact text, the rows that are there by what they are called and kind).
    The run is locked, so nobody else makes rows."""
    known: dict[tuple[str, str], StoredKey] = {}

    def read(texts: list[str]) -> list[tuple[str, str | None]]:
        found = _READ.read(connection, texts, run)
        known.update(((key, kind), StoredKey(*row)) for key, kind, *row in found)
        return [(key, exact) for key, kind, _, exact, *_ in found if kind != SYSTEM]

    naming = Naming(read, (path for path, _ in names))
    for path, kind in names:
        if kind != SYSTEM:
            naming.name(path)
    for text, other in naming.renamed.items():
        connection.execute(
            sa.update(schema.keys)
            .where(_table.run == run, _table.key == text, _table.kind != SYSTEM)
            .values(key=other)
        )
        for key, kind in list(known):
            if key == text and kind != SYSTEM:
                known[other, kind] = known.pop((key, kind))
    keys = [path[0] if kind == SYSTEM else str(naming.find(path)) for path, kind in names]
    return names, keys, [naming.exact_of(path) for path, _ in names], known


def _count(
    names: list[Name],
    keys: list[str],
    exacts: list[str],
    known: dict[tuple[str, str], StoredKey],
    points: Points,
    counts: Ints,
    session: int,
) -> tuple[list[StoredKey], list[tuple[tuple[str, str], StoredKey]]]:
    """The rows of all keys with the batch's points counted; and those that are to be made."""
    ends = np.cumsum(counts)
    firsts = np.minimum.reduceat(points.steps, ends - counts).tolist()
    lasts = np.maximum.reduceat(points.steps, ends - counts).tolist()
    values = points.take(ends - 1).numbers().tolist()
    spans = _Spans(session)
    found: list[StoredKey] = []
    new: list[tuple[tuple[str, str], StoredKey]] = []
    for (_, kind), text, exact, count, first, last, value in zip(
        names, keys, exacts, counts.tolist(), firsts, lasts, values, strict=True
    ):
        key = known.get((text, kind))
        if key is None:
            key = StoredKey(0, exact, 0, first, last, None, 0, 0, None)
            new.append(((text, kind), key))
        found.append(key)
        key.exact = exact
        key.spans, is_newest = spans.after(key, first, last)
        key.count += count
        key.open_points += count
        key.fresh_chunks += 1
        if first < key.first_step:
            key.first_step = first
        if last > key.last_step:
            key.last_step = last
        if is_newest and kind in (METRIC, SYSTEM):
            key.last_value = value
    return found, new


class _Spans:
    """The spans of keys after more points of a session; most keys of a batch have the same ones."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._found: dict[tuple[bytes | None, bool, int, int, int, int], tuple[bytes, bool]] = {}

    def after(self, key: StoredKey, first: int, last: int) -> tuple[bytes, bool]:
        """The spans, packed, and whether the session is the newest of them."""
        asked = (key.spans, key.count > 0, key.first_step, key.last_step, first, last)
        found = self._found.get(asked)
        if found is None:
            before = {"spans": key.spans, "count": key.count}
            steps = {"first_step": key.first_step, "last_step": key.last_step}
            spans = spans_with(before | steps, self._session, first, last)
            found = self._found[asked] = pack(spans), spans[-1].session == self._session
        return found


def _insert(connection: sa.Connection, run: int, new: list[tuple[tuple[str, str], StoredKey]]) -> None:
    """Make rows, and learn their ids."""
    if not new:
        return
    _INSERT.execute_many(connection, sorted((run, *name, *key.counted(), _NEW) for name, key in new))
    ids = {(key, kind): id_ for key, kind, id_ in _READ_NEW.read(connection, run, _NEW)}
    for name, key in new:
        key.id = ids[name]


def _store_records(
    connection: sa.Connection,
    gathered: Gathered,
    keys: dict[Name, StoredKey],
    steps: Ints,
    rows: Ints,
    times: Floats,
) -> None:
    new: list[tuple[Any, ...]] = []
    for name, column in gathered.objects.items():
        key_id = keys[name].id
        new += [
            (key_id, int(steps[index]), int(rows[index]), float(times[index]), pack(value))
            for index, value in zip(column.index, column.values, strict=True)
        ]
    _INSERT_RECORD.execute_many(connection, new)


def _compact(connection: sa.Connection, keys: Iterable[StoredKey]) -> set[int]:
    """Compact the keys that are due; returns the ids of those."""
    due = [
        key
        for key in keys
        if key.fresh_chunks >= history.MERGE_CHUNKS or key.open_points >= history.SEAL_POINTS
    ]
    if not due:
        return set()
    compacted = history.compact(connection, [key.id for key in due])
    for key in due:
        key.fresh_chunks = 0
        key.open_points = compacted[key.id].open_points
        key.count -= compacted[key.id].dropped
    return set(compacted)
