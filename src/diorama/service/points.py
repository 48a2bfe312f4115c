"""Storing the points and records of a batch, and keeping the keys' counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from diorama.service.documents import Documents
from diorama.service.flatten import METRIC, SYSTEM, Column, Gathered, points_from_values
from diorama.store import history, schema
from diorama.store.columns import ROW_BITS, Floats, Ints, Points
from diorama.store.values import pack

_KEYS_AT_ONCE = 400


@dataclass
class StoredKeys:
    """Rows of keys that a batch touched, to be written once the version is known."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def finish(self, connection: sa.Connection, version: int) -> None:
        """Write the counts."""
        if not self.rows:
            return
        columns = ("count", "first_step", "last_step", "last_value", "fresh_chunks", "open_points")
        connection.execute(
            sa.update(schema.keys)
            .where(schema.keys.c.id == sa.bindparam("key_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in columns} | {"version": version}),
            [
                {"key_id": row["id"], **{f"new_{name}": row[name] for name in columns}}
                for row in self.rows.values()
            ],
        )


def store_points(
    connection: sa.Connection,
    gathered: Gathered,
    documents: Documents,
    *,
    run: int,
    writer_number: int,
    began: float,
) -> StoredKeys:
    """Append every column of the batch to its key, add the records, and compact what is due."""
    steps, rows, times = gathered.columns()
    rows = rows | (writer_number << ROW_BITS)
    if documents.definitions:
        _join_step_keys(gathered, documents, rows)
    documents.summarize(gathered)
    points: dict[tuple[str, str], Points] = {}
    for key, column in gathered.numbers.items():
        points[(key, METRIC)] = _points(column, steps, rows, times, column.values)
    for name, column in gathered.objects.items():
        lengths = [len(value) if type(value) is list else 1 for value in column.values]
        points[name] = _points(column, steps, rows, times, lengths)
    for key, (system_times, seqs, values) in gathered.system.items():
        points[(key, SYSTEM)] = _system_points(system_times, seqs, values, writer_number, began)
    stored = StoredKeys(_key_rows(connection, run, points))
    history.append(connection, {stored.rows[name]["id"]: some for name, some in points.items()})
    _store_records(connection, gathered, stored, steps, rows, times)
    for name, some in points.items():
        _count(connection, stored.rows[name], some, is_number=name[1] in (METRIC, SYSTEM))
    return stored


def _points(column: Column, steps: Ints, rows: Ints, times: Floats, values: list[Any]) -> Points:
    which: Any = column.index if len(column.index) != len(steps) else slice(None)
    return points_from_values(steps[which], rows[which], times[which], values)


def _system_points(
    times: list[float], seqs: list[int], values: list[Any], writer: int, began: float
) -> Points:
    when = np.array(times, np.float64)
    steps = np.maximum(when - began, 0.0).astype(np.int64)
    rows = np.array(seqs, np.int64) | (writer << ROW_BITS)
    return points_from_values(steps, rows, when, [float(value) for value in values])


def _key_rows(
    connection: sa.Connection, run: int, points: dict[tuple[str, str], Points]
) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of keys, made if they are not there. The run is locked, so nobody else makes them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    _find_keys(connection, run, list(points), found)
    absent = [name for name in points if name not in found]
    if absent:
        connection.execute(
            sa.insert(schema.keys),
            [
                {
                    "run": run,
                    "key": key,
                    "kind": kind,
                    "count": 0,
                    "first_step": int(points[key, kind].steps.min()),
                    "last_step": int(points[key, kind].steps.max()),
                    "last_value": None,
                    "fresh_chunks": 0,
                    "open_points": 0,
                    "version": 0,
                }
                for key, kind in absent
            ],
        )
        _find_keys(connection, run, absent, found)
    return {name: found[name] for name in points}


def _find_keys(
    connection: sa.Connection,
    run: int,
    names: list[tuple[str, str]],
    found: dict[tuple[str, str], dict[str, Any]],
) -> None:
    wanted = set(names)
    table = schema.keys.c
    keys = sorted({key for key, _ in names})
    for first in range(0, len(keys), _KEYS_AT_ONCE):
        rows = connection.execute(
            sa.select(schema.keys).where(table.run == run, table.key.in_(keys[first : first + _KEYS_AT_ONCE]))
        ).mappings()
        for row in rows:
            if (row["key"], row["kind"]) in wanted:
                found[row["key"], row["kind"]] = dict(row)


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


def _count(connection: sa.Connection, row: dict[str, Any], points: Points, *, is_number: bool) -> None:
    row["count"] += len(points)
    row["first_step"] = min(row["first_step"], int(points.steps.min()))
    row["last_step"] = max(row["last_step"], int(points.steps.max()))
    if is_number:
        row["last_value"] = float(points.take(slice(-1, None)).numbers()[0])
    row["fresh_chunks"] += 1
    row["open_points"] += len(points)
    if row["fresh_chunks"] >= history.MERGE_CHUNKS or row["open_points"] >= history.SEAL_POINTS:
        compacted = history.compact(connection, row["id"])
        row["fresh_chunks"] = 0
        row["open_points"] = compacted.open_points
        row["count"] -= compacted.dropped


def _join_step_keys(gathered: Gathered, documents: Documents, rows: Ints) -> None:
    """Give every row of a step-synced metric its step key's last value, where the row has none of its own."""
    wanted: dict[str, set[int]] = {}
    for key, column in gathered.numbers.items():
        _want_steps(key, column, documents, wanted)
    for (key, _), column in gathered.objects.items():
        _want_steps(key, column, documents, wanted)
    for step_key, calls in wanted.items():
        own = gathered.numbers.get(step_key, Column())
        own_rows = {int(rows[index]) for index in own.index}
        last = documents.last_number(step_key)
        joined: dict[int, Any] = {}
        position = 0
        for index in sorted(calls):
            while position < len(own.index) and own.index[position] <= index:
                last = own.values[position]
                position += 1
            if last is not None and int(rows[index]) not in own_rows:
                joined[index] = last
        if joined:
            pairs = sorted(
                [*zip(own.index, own.values, strict=True), *joined.items()], key=lambda pair: pair[0]
            )
            gathered.numbers[step_key] = Column([index for index, _ in pairs], [value for _, value in pairs])
    for definition in documents.definitions.by_key.values():
        synced = definition.synced_step_key
        if synced is not None and synced in gathered.numbers:
            documents.last_steps[synced] = gathered.numbers[synced].values[-1]


def _want_steps(key: str, column: Column, documents: Documents, wanted: dict[str, set[int]]) -> None:
    definition = documents.definitions.of(key)
    if definition is None or definition.synced_step_key in (None, key):
        return
    assert definition.synced_step_key is not None
    calls = (index for index in column.index if index >= definition.since)
    wanted.setdefault(definition.synced_step_key, set()).update(calls)
