"""Reading a run's history back, row by row, exactly as it was logged.

A row is what the calls of one writer's row logged together. Rows come by step, then time; inside a row
the last value of a key wins; nothing is left out. Memory is bounded: history is read in windows of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import sqlalchemy as sa

from diorama.errors import NotFound
from diorama.service.flatten import METRIC, SYSTEM
from diorama.service.keys import KeyRow, key_rows
from diorama.store import history, schema
from diorama.store.columns import Points
from diorama.store.history import Chunk, ChunkReader
from diorama.store.values import unpack

ROW_KEYS = ("_step", "_timestamp", "_runtime")
"""Every row has these: the step, Unix seconds, seconds since the run began."""
WINDOW_POINTS = 200_000
Read = Callable[[], AbstractContextManager[sa.Connection]]


def scan_history(
    read: Read,
    reader: ChunkReader,
    uid: int,
    *,
    keys: list[str] | None = None,
    min_step: int | None = None,
    max_step: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows with min_step <= _step <= max_step; with `keys`, only those rows that have all of them.

    The rows are a snapshot: what is logged while they are read does not appear. Raises NotFound.
    """
    with read() as connection:
        began = connection.execute(
            sa.select(schema.runs.c.created_at).where(schema.runs.c.id == uid)
        ).scalar()
        if began is None:
            raise NotFound(f"no run {uid}", hint="`diorama ls` lists the runs")
        wanted = None if keys is None else [key for key in dict.fromkeys(keys) if key not in ROW_KEYS]
        # Asked for nothing but _step and the like, every row counts: all keys are looked at.
        rows = key_rows(connection, [uid], wanted or None, not_kinds=(SYSTEM,))
        if wanted is not None and not set(wanted) <= {row.key for row in rows}:
            return
        chunks = history.chunks_of(connection, [row.id for row in rows])
        for first, last in _windows(chunks, min_step, max_step):
            for row in _window(connection, reader, rows, chunks, first, last):
                row["_runtime"] = max(0.0, row["_timestamp"] - began)
                if keys is None:
                    yield row
                elif not wanted:
                    yield {key: row[key] for key in keys}
                elif all(key in row for key in wanted):
                    yield {key: row[key] for key in (*ROW_KEYS, *wanted)}


def _windows(
    chunks: dict[int, list[Chunk]], min_step: int | None, max_step: int | None
) -> Iterator[tuple[int, int]]:
    """Ranges of steps that together hold everything, each with a bounded number of points."""
    every = [
        chunk
        for some in chunks.values()
        for chunk in some
        if (min_step is None or chunk.step_max >= min_step)
        and (max_step is None or chunk.step_min <= max_step)
    ]
    if not every:
        return
    first = min(chunk.step_min for chunk in every)
    last = max(chunk.step_max for chunk in every)
    first = first if min_step is None else max(first, min_step)
    last = last if max_step is None else min(last, max_step)
    count = 0
    start = first
    for chunk in sorted(every, key=lambda chunk: chunk.step_max):
        count += chunk.count
        if count >= WINDOW_POINTS and start <= chunk.step_max < last:
            yield start, chunk.step_max
            start, count = chunk.step_max + 1, 0
    yield start, last


def _window(
    connection: sa.Connection,
    reader: ChunkReader,
    rows: list[KeyRow],
    chunks: dict[int, list[Chunk]],
    first: int,
    last: int,
) -> Iterator[dict[str, Any]]:
    found: list[tuple[KeyRow, Points]] = []
    for row in rows:
        points = reader.points_between(connection, chunks[row.id], first, last)
        if len(points):
            found.append((row, points))
    if not found:
        return
    steps = np.concatenate([points.steps for _, points in found])
    times = np.concatenate([points.times for _, points in found])
    ids = np.concatenate([points.rows for _, points in found])
    # One line per row: by row, then by time, so that a row's last call gives its time.
    order = np.lexsort((times, ids))
    is_last = np.append(ids[order][1:] != ids[order][:-1], True)
    order = order[is_last]
    order = order[np.lexsort((ids[order], times[order], steps[order]))]
    place_of_id = np.empty(len(order), np.int64)
    by_id = np.argsort(ids[order], kind="stable")
    sorted_ids = ids[order][by_id]
    place_of_id = by_id
    lines: list[dict[str, Any]] = [
        {"_step": step, "_timestamp": time}
        for step, time in zip(steps[order].tolist(), times[order].tolist(), strict=True)
    ]
    for row, points in found:
        places = place_of_id[np.searchsorted(sorted_ids, points.rows)].tolist()
        key = row.key
        values = points.values() if row.kind == METRIC else _records(connection, row, points, first, last)
        for place, value in zip(places, values, strict=True):
            lines[place][key] = value
    yield from lines


def _records(connection: sa.Connection, row: KeyRow, points: Points, first: int, last: int) -> list[Any]:
    """The values of a key's points, in their order."""
    table = schema.records.c
    found: dict[int, bytes] = {}
    records = connection.execute(
        sa.select(table.row, table.data)
        .where(table.key_id == row.id, table.step >= first, table.step <= last)
        .order_by(table.id)
    )
    for history_row, data in records:
        found[history_row] = data
    return [unpack(found[history_row]) for history_row in points.rows.tolist()]
