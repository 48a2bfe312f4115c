"""Storing the points and records of a batch, and keeping the keys' counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from diorama.service.flatten import METRIC, SYSTEM, Gathered, LoggedColumn, points_from_values, short_key
from diorama.service.naming import Naming
from diorama.service.spans import spans_with
from diorama.service.step_keys import StepKeys
from diorama.store import history, schema
from diorama.store.columns import ROW_BITS, Floats, Ints, Points
from diorama.store.values import pack
from diorama.summaries.paths import Path, exact_text

_KEYS_AT_ONCE = 400


Name = tuple[Path, str]
"""A path and a kind: what a row of keys stands for."""


@dataclass
class StoredKeys:
    """Rows of keys that a batch touched, to be written once the version is known."""

    rows: dict[Name, dict[str, Any]] = field(default_factory=dict)

    def finish(self, connection: sa.Connection, version: int) -> None:
        """Write the counts."""
        if not self.rows:
            return
        columns = (
            *(
                "exact",
                "count",
                "first_step",
                "last_step",
                "last_value",
                "fresh_chunks",
                "open_points",
                "spans",
            ),
        )
        connection.execute(
            sa.update(schema.keys)
            .where(schema.keys.c.id == sa.bindparam("key_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in columns} | {"version": version}),
            [
                {"key_id": row["id"], **{f"new_{name}": row[name] for name in columns}}
                for row in self.rows.values()
            ],
        )


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
    points: dict[Name, Points] = {}
    for path, column in gathered.numbers.items():
        points[path, METRIC] = _points(column, steps, rows, times, column.values)
    for name, column in gathered.objects.items():
        lengths = [len(value) if type(value) is list else 1 for value in column.values]
        points[name] = _points(column, steps, rows, times, lengths)
    for path, (system_times, seqs, values) in gathered.system.items():
        points[path, SYSTEM] = _system_points(system_times, seqs, values, origin)
    stored = StoredKeys(_key_rows(connection, origin.run, points))
    history.append(connection, {stored.rows[name]["id"]: some for name, some in points.items()})
    _store_records(connection, gathered, stored, steps, rows, times)
    for name, some in points.items():
        _count(connection, stored.rows[name], some, origin.session, is_number=name[1] in (METRIC, SYSTEM))
    return stored


def _points(column: LoggedColumn, steps: Ints, rows: Ints, times: Floats, values: list[Any]) -> Points:
    which: Any = column.index if len(column.index) != len(steps) else slice(None)
    return points_from_values(steps[which], rows[which], times[which], values)


def _system_points(times: list[float], seqs: list[int], values: list[Any], origin: Origin) -> Points:
    when = np.array(times, np.float64)
    steps = np.maximum(when - origin.began, 0.0).astype(np.int64)
    rows = np.array(seqs, np.int64) | (origin.writer_number << ROW_BITS)
    return points_from_values(steps, rows, when, [float(value) for value in values])


def _key_rows(connection: sa.Connection, run: int, points: dict[Name, Points]) -> dict[Name, dict[str, Any]]:
    """The rows of keys, made if they are not there. The run is locked, so nobody else makes them."""
    known: dict[tuple[str, str], dict[str, Any]] = {}

    def read(texts: list[str]) -> list[tuple[str, str | None]]:
        found = _read_keys(connection, run, texts)
        known.update(found)
        return [(key, row["exact"]) for (key, kind), row in found.items() if kind != SYSTEM]

    naming = Naming(read, (path for path, _ in points))
    for path, kind in points:
        if kind != SYSTEM:
            naming.name(path)
    table = schema.keys.c
    for text, other in naming.renamed.items():
        connection.execute(
            sa.update(schema.keys)
            .where(table.run == run, table.key == text, table.kind != SYSTEM)
            .values(key=other)
        )
        for key, kind in list(known):
            if key == text and kind != SYSTEM:
                known[other, kind] = known.pop((key, kind)) | {"key": other}
    keys = {name: naming.find(name[0]) if name[1] != SYSTEM else name[0][0] for name in points}
    absent = [name for name, key in keys.items() if (key, name[1]) not in known]
    if absent:
        connection.execute(
            sa.insert(schema.keys),
            [
                {
                    "run": run,
                    "key": keys[name],
                    "kind": name[1],
                    "count": 0,
                    "first_step": int(points[name].steps.min()),
                    "last_step": int(points[name].steps.max()),
                    "fresh_chunks": 0,
                    "open_points": 0,
                    "version": 0,
                }
                for name in absent
            ],
        )
        known |= _read_keys(connection, run, [str(keys[name]) for name in absent])
    return {
        name: known[str(key), name[1]] | {"exact": short_key(exact_text(name[0]))}
        for name, key in keys.items()
    }


def _read_keys(
    connection: sa.Connection, run: int, texts: list[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(key, kind) -> row."""
    table = schema.keys.c
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for first in range(0, len(texts), _KEYS_AT_ONCE):
        rows = connection.execute(
            sa.select(schema.keys).where(
                table.run == run, table.key.in_(texts[first : first + _KEYS_AT_ONCE])
            )
        ).mappings()
        found.update(((row["key"], row["kind"]), dict(row)) for row in rows)
    return found


def _store_records(
    connection: sa.Connection, gathered: Gathered, stored: StoredKeys, steps: Ints, rows: Ints, times: Floats
) -> None:
    new: list[dict[str, Any]] = []
    for name, column in gathered.objects.items():
        key_id = stored.rows[name]["id"]
        new += [
            {
                "key_id": key_id,
                "step": int(steps[index]),
                "row": int(rows[index]),
                "time": float(times[index]),
                "data": pack(value),
            }
            for index, value in zip(column.index, column.values, strict=True)
        ]
    if new:
        connection.execute(sa.insert(schema.records), new)


def _count(
    connection: sa.Connection, row: dict[str, Any], points: Points, session: int, *, is_number: bool
) -> None:
    first, last = int(points.steps.min()), int(points.steps.max())
    spans = spans_with(row, session, first, last)
    row["spans"] = pack(spans)
    row["count"] += len(points)
    row["first_step"] = min(row["first_step"], first)
    row["last_step"] = max(row["last_step"], last)
    if is_number and spans[-1][0] == session:
        row["last_value"] = float(points.take(slice(-1, None)).numbers()[0])
    row["fresh_chunks"] += 1
    row["open_points"] += len(points)
    if row["fresh_chunks"] >= history.MERGE_CHUNKS or row["open_points"] >= history.SEAL_POINTS:
        compacted = history.compact(connection, row["id"])
        row["fresh_chunks"] = 0
        row["open_points"] = compacted.open_points
        row["count"] -= compacted.dropped
