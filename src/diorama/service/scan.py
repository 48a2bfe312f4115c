"""Reading a run's history back, row by row, exactly as it was logged.

A row is what the calls of one writer's row logged together. Rows come by step, session and time; inside a row
the last value of a key wins; nothing is left out. Memory is bounded: history is read in windows of steps.
Each window is read in a moment and then handed out: however slowly the rows are taken, the database is not
kept waiting. No row is made of two moments; rows that come meanwhile, at steps still ahead, may be among
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.service.flatten import METRIC, SYSTEM
from diorama.service.keys import KeyRow, key_rows
from diorama.service.sessions import sessions_of_writers
from diorama.store import history, schema
from diorama.store.columns import ROW_BITS, Ints, Points
from diorama.store.history import Chunk, ChunkReader
from diorama.store.live_runs import live_runs
from diorama.store.values import unpack

ROW_KEYS = ("_step", "_timestamp", "_runtime")
"""Every row has these: the step, Unix seconds, seconds since the run began."""
WINDOW_POINTS = 200_000
_RECORDS_AT_ONCE = 500
Read = Callable[[], AbstractContextManager[sa.Connection]]


def scan_history(
    read: Read,
    reader: ChunkReader,
    uid: int,
    *,
    keys: list[str] | None = None,
    min_step: int | None = None,
    max_step: int | None = None,
    samples: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows with min_step <= _step <= max_step; with `keys`, only those rows that have all of them.

    `samples`: at most so many of those rows, evenly spread, the first and the last included. Raises NotFound,
    and BadRequest for less than one sample.
    """
    if samples is not None and samples < 1:
        raise BadRequest("samples must be at least 1")
    with read() as connection:
        began = connection.execute(sa.select(live_runs.c.created_at).where(live_runs.c.id == uid)).scalar()
        if began is None:
            raise NotFound(f"no run {uid}", hint="`diorama ls` lists the runs")
        wanted = None if keys is None else [key for key in dict.fromkeys(keys) if key not in ROW_KEYS]
        # Asked for nothing but _step and the like, every row counts: all keys are looked at.
        rows = key_rows(connection, [uid], wanted or None, not_kinds=(SYSTEM,))
        if wanted is not None and not set(wanted) <= {row.key for row in rows}:
            return
        taken = _Taken(reader, uid, began, rows, wanted)
        chunks = taken.chunks(connection)
        windows = list(_windows(chunks, min_step, max_step))
        if len(windows) == 1:
            [window] = windows
            found = taken.window(connection, chunks, *window)
            if samples is not None:
                found = _only(found, *_spread([len(found.lines)], samples))
            whole = taken.rows(connection, found, *window)
    for row in whole if len(windows) == 1 else _in_windows(read, taken, windows, samples):
        if keys is None:
            yield row
        else:
            yield {key: row[key] for key in ((*ROW_KEYS, *wanted) if wanted else keys)}


def _in_windows(
    read: Read, taken: _Taken, windows: list[tuple[int, int]], samples: int | None
) -> Iterator[dict[str, Any]]:
    picked: list[Ints | None] = [None] * len(windows)
    if samples is not None:
        counts = []
        for window in windows:
            with read() as connection:
                counts.append(len(taken.window(connection, taken.chunks(connection), *window).lines))
        picked = list(_spread(counts, samples))
    for window, places in zip(windows, picked, strict=True):
        if places is not None and not len(places):
            continue
        with read() as connection:
            found = taken.window(connection, taken.chunks(connection), *window)
            if places is not None:
                found = _only(found, places[places < len(found.lines)])
            rows = taken.rows(connection, found, *window)
        yield from rows


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


def _spread(counts: list[int], samples: int) -> Iterator[Ints]:
    """Which rows of each window make an even choice of all of them."""
    total = sum(counts)
    chosen = np.unique(np.linspace(0, max(total - 1, 0), min(samples, total)).round().astype(np.int64))
    start = 0
    for count in counts:
        yield chosen[(chosen >= start) & (chosen < start + count)] - start
        start += count


class _Window(NamedTuple):
    """Points of some steps, key by key, and the lines (history rows) that they make."""

    points: Points
    owners: Ints
    """Which key each point is of."""
    lines: Ints
    """The point that gives a line its step and time, for each line, by step, session and time."""
    line_of: Ints
    """The line of each point; -1 if that line is not wanted."""


class _Taken:
    """Takes windows of some keys out of the database."""

    def __init__(
        self, reader: ChunkReader, uid: int, began: float, keys: list[KeyRow], wanted: list[str] | None
    ) -> None:
        self._reader = reader
        self._uid = uid
        self._began = began
        self._keys = keys
        self._wanted_count = len(wanted or ())
        names = {name: number for number, name in enumerate(dict.fromkeys(key.key for key in keys))}
        self._name_numbers = np.array([names[key.key] for key in keys], np.int64)

    def chunks(self, connection: sa.Connection) -> dict[int, list[Chunk]]:
        """The chunks of the keys, as they are now: compaction replaces them."""
        return history.chunks_of(connection, [key.id for key in self._keys])

    def rows(self, connection: sa.Connection, window: _Window, first: int, last: int) -> list[dict[str, Any]]:
        """The rows of a window of steps first..last."""
        points = window.points
        values = points.values()
        for place, value in self._records(connection, window, first, last).items():
            values[place] = value
        times = points.times[window.lines]
        steps, runtimes = points.steps[window.lines].tolist(), np.maximum(times - self._began, 0.0).tolist()
        rows: list[dict[str, Any]] = [
            {"_step": step, "_timestamp": time} for step, time in zip(steps, times.tolist(), strict=True)
        ]
        places = np.flatnonzero(window.line_of >= 0)
        owners, lines = window.owners[places], window.line_of[places].tolist()
        if len(places) < len(values):
            values = [values[place] for place in places.tolist()]
        # Points of a key stand together.
        starts = np.flatnonzero(np.diff(owners, prepend=-1)).tolist()
        bounds = pairwise([*starts, len(lines)])
        for (start, end), owner in zip(bounds, owners[starts].tolist(), strict=True):
            name = self._keys[owner].key
            for line, value in zip(lines[start:end], values[start:end], strict=True):
                rows[line][name] = value
        for row, runtime in zip(rows, runtimes, strict=True):
            row["_runtime"] = runtime
        return rows

    def window(
        self, connection: sa.Connection, chunks_of: dict[int, list[Chunk]], first: int, last: int
    ) -> _Window:
        """The points of steps first..last."""
        chunks: list[Chunk] = []
        owner_of_chunk: list[int] = []
        for number, key in enumerate(self._keys):
            for chunk in chunks_of[key.id]:
                if chunk.step_max >= first and chunk.step_min <= last:
                    chunks.append(chunk)
                    owner_of_chunk.append(number)
        points, places = self._reader.joined(connection, chunks)
        inside = np.flatnonzero((points.steps >= first) & (points.steps <= last))
        owners = np.array(owner_of_chunk, np.int64)[places[inside]]
        points, places = points.take(inside), places[inside]
        # Key by key; what was logged twice in a row in the order in which it came.
        order = np.lexsort((places, points.rows, points.steps, owners))
        points, owners = points.take(order), owners[order]
        return self._lines(points, owners, sessions_of_writers(connection, [self._uid])[self._uid])

    def _lines(self, points: Points, owners: Ints, session_of_writer: dict[int, int]) -> _Window:
        """One line per row: by row, then by time, so that a row's last call gives its time."""
        if not len(points):
            none = np.empty(0, np.int64)
            return _Window(points, owners, none, none)
        order = np.lexsort((points.times, points.rows))
        rows = points.rows[order]
        is_last = np.append(rows[1:] != rows[:-1], True)
        lines = order[is_last]
        line_of = np.empty(len(points), np.int64)
        line_of[order] = np.cumsum(np.append(False, is_last[:-1]))
        keep = self._complete(line_of, len(lines), owners)
        shown = np.flatnonzero(keep)
        rows, times, steps = (column[lines[shown]] for column in (points.rows, points.times, points.steps))
        sessions = np.zeros(max(session_of_writer, default=0) + 1, np.int64)
        sessions[list(session_of_writer)] = list(session_of_writer.values())
        by_step = np.lexsort((rows, times, sessions[rows >> ROW_BITS], steps))
        return _only(_Window(points, owners, lines, line_of), shown[by_step])

    def _complete(self, line_of: Ints, line_count: int, owners: Ints) -> npt.NDArray[np.bool_]:
        """The lines that have all wanted keys."""
        if not self._wanted_count:
            return np.ones(line_count, bool)
        pairs = np.unique(line_of * self._wanted_count + self._name_numbers[owners])
        counts = np.bincount(pairs // self._wanted_count, minlength=line_count)
        complete: npt.NDArray[np.bool_] = counts == self._wanted_count
        return complete

    def _records(self, connection: sa.Connection, window: _Window, first: int, last: int) -> dict[int, Any]:
        """Place of a point -> the logged value, for points that have more than a number."""
        is_record = np.array([key.kind != METRIC for key in self._keys], bool)
        by_key: dict[int, list[int]] = {}
        for place in np.flatnonzero(is_record[window.owners] & (window.line_of >= 0)).tolist():
            by_key.setdefault(self._keys[int(window.owners[place])].id, []).append(place)
        table = schema.records.c
        data: dict[tuple[int, int], bytes] = {}
        ids = list(by_key)
        for start in range(0, len(ids), _RECORDS_AT_ONCE):
            found = connection.execute(
                sa.select(table.key_id, table.row, table.data)
                .where(
                    table.key_id.in_(ids[start : start + _RECORDS_AT_ONCE]),
                    table.step >= first,
                    table.step <= last,
                )
                .order_by(table.id)
            )
            data.update(((key_id, row), packed) for key_id, row, packed in found)
        rows = window.points.rows
        found_at: dict[int, Any] = {}
        for key_id, of_key in by_key.items():
            for place in of_key:
                packed = data.get((key_id, int(rows[place])))
                if packed is None:
                    raise history.rows_are_missing("records")
                found_at[place] = unpack(packed)
        return found_at


def _only(window: _Window, picked: Ints) -> _Window:
    """Some lines, in the order in which they are picked."""
    new_number = np.full(len(window.lines), -1, np.int64)
    new_number[picked] = np.arange(len(picked))
    line_of = np.full_like(window.line_of, -1)
    is_in_line = window.line_of >= 0
    line_of[is_in_line] = new_number[window.line_of[is_in_line]]
    return window._replace(lines=window.lines[picked], line_of=line_of)
