"""Where media exists (tracks), and the records at exact steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.media import HistogramRecord
from diorama.service.axis import Axis
from diorama.service.columns import ColumnBody
from diorama.service.flatten import METRIC, SYSTEM
from diorama.service.jsonable import to_json
from diorama.service.keys import KeyRow, key_rows
from diorama.service.sessions import sessions_of_writers
from diorama.service.views import (
    HistogramReply,
    HistogramRequest,
    MediaCell,
    MediaReply,
    MediaRequest,
    TrackHead,
    TrackReply,
    TrackRequest,
)
from diorama.store import history, schema
from diorama.store.columns import ROW_BITS, Points
from diorama.store.history import ChunkReader
from diorama.store.values import unpack

TRACK_LIMIT = 20_000
WANTED_LIMIT = 20_000
HISTOGRAM_LIMIT = 10_000
_STEPS_AT_ONCE = 400
_KEYS_AT_ONCE = 400


def tracks(connection: sa.Connection, reader: ChunkReader, request: TrackRequest) -> bytes:
    """The steps of every (run, key, kind) that has records, and their positions on the asked axis."""
    if len(request.runs) * len(request.keys) > TRACK_LIMIT:
        raise BadRequest(f"at most {TRACK_LIMIT} tracks at once")
    rows = key_rows(connection, request.runs, request.keys, not_kinds=(METRIC, SYSTEM))
    chunks = history.chunks_of(connection, [row.id for row in rows])
    axis = Axis(connection, reader, request.axis, request.runs)
    place = {(run, key): (i, j) for i, run in enumerate(request.runs) for j, key in enumerate(request.keys)}
    body = ColumnBody()
    heads: list[TrackHead] = []
    for row in sorted(rows, key=lambda row: (place[row.run, row.key], row.kind)):
        points = _last_of_each_step(reader.all_points(connection, chunks[row.id]))
        columns = {
            "steps": body.add(points.steps.astype(np.float64)),
            "at": body.add(axis.positions(row.run, points)),
        }
        heads.append(TrackHead(run=row.run, key=row.key, kind=row.kind, total=len(points), columns=columns))
    return body.with_head(TrackReply(heads))


def _last_of_each_step(points: Points) -> Points:
    if len(points) < 2:
        return points
    is_last = np.append(points.steps[1:] != points.steps[:-1], True)
    return points if is_last.all() else points.take(is_last)


def cells(connection: sa.Connection, request: MediaRequest) -> MediaReply:
    """What was logged at each wanted (run, key, step), in the order of the request."""
    if len(request.wanted) > WANTED_LIMIT:
        raise BadRequest(f"at most {WANTED_LIMIT} cells at once")
    steps: dict[tuple[int, str], set[int]] = {}
    for wanted in request.wanted:
        steps.setdefault((wanted.run, wanted.key), set()).add(wanted.step)
    rows = key_rows(
        connection, {run for run, _ in steps}, {key for _, key in steps}, not_kinds=(METRIC, SYSTEM)
    )
    found: dict[tuple[int, str, int], _Newest] = {}
    # A page asks for many keys at the same steps: those are one question.
    alike: dict[tuple[int, ...], list[KeyRow]] = {}
    for row in rows:
        if (row.run, row.key) in steps:
            alike.setdefault(tuple(sorted(steps[row.run, row.key])), []).append(row)
    sessions = sessions_of_writers(connection, {row.run for row in rows})
    for wanted_steps, some in alike.items():
        _find_records(connection, some, wanted_steps, sessions, found)
    return MediaReply(
        [
            _cell(wanted.run, wanted.key, wanted.step, found.get((wanted.run, wanted.key, wanted.step)))
            for wanted in request.wanted
        ]
    )


class _Newest:
    """The record of a step that its newest session logged last, and the history rows that logged one."""

    __slots__ = ("data", "order", "rows", "time")

    def __init__(self) -> None:
        self.order = (-1, -1, -1)
        self.time = 0.0
        self.data = b""
        self.rows: set[int] = set()


def _find_records(
    connection: sa.Connection,
    rows: Sequence[KeyRow],
    steps: Sequence[int],
    sessions: Mapping[int, Mapping[int, int]],
    found: dict[tuple[int, str, int], _Newest],
) -> None:
    """The newest records of keys at steps."""
    table = schema.records.c
    by_id = {row.id: row for row in rows}
    ids = list(by_id)
    for first_key in range(0, len(ids), _KEYS_AT_ONCE):
        for first in range(0, len(steps), _STEPS_AT_ONCE):
            records = connection.execute(
                sa.select(table.key_id, table.id, table.step, table.row, table.time, table.data).where(
                    table.key_id.in_(ids[first_key : first_key + _KEYS_AT_ONCE]),
                    table.step.in_(steps[first : first + _STEPS_AT_ONCE]),
                )
            )
            for key_id, id_, step, history_row, time, data in records:
                row = by_id[key_id]
                newest = found.setdefault((row.run, row.key, step), _Newest())
                newest.rows.add(history_row)
                session = sessions[row.run].get(history_row >> ROW_BITS, 0)
                order = (session, history_row, id_)
                if order > newest.order:
                    newest.order, newest.time, newest.data = order, time, data


def _cell(run: int, key: str, step: int, newest: _Newest | None) -> MediaCell:
    if newest is None:
        return MediaCell(run=run, key=key, step=step, state="missing", attempts=0)
    value = unpack(newest.data)
    is_list = type(value) is list
    return MediaCell(
        run=run,
        key=key,
        step=step,
        state="ok",
        time=newest.time,
        items=to_json(value) if is_list else [to_json(value)],
        is_list=is_list,
        attempts=len(newest.rows),
    )


def histograms(connection: sa.Connection, reader: ChunkReader, request: HistogramRequest) -> HistogramReply:
    """A histogram key over steps. Raises NotFound if the run has no such key."""
    if not 1 <= request.limit <= HISTOGRAM_LIMIT:
        raise BadRequest(f"limit must lie between 1 and {HISTOGRAM_LIMIT}")
    rows = key_rows(connection, [request.run], [request.key], kinds=["histogram"])
    if not rows:
        raise NotFound(f"run {request.run} has no histogram {request.key[:200]!r}")
    chunks = history.chunks_of(connection, [rows[0].id])[rows[0].id]
    points = _last_of_each_step(reader.points_between(connection, chunks, request.step_min, request.step_max))
    total = len(points)
    if total > request.limit:
        points = points.take(np.unique(np.linspace(0, total - 1, request.limit).round().astype(np.intp)))
    found: dict[tuple[int, str, int], _Newest] = {}
    sessions = sessions_of_writers(connection, [request.run])
    _find_records(connection, rows[:1], points.steps.tolist(), sessions, found)
    reply = HistogramReply(
        run=request.run, key=request.key, total=total, steps=[], times=[], bins=[], values=[]
    )
    for step in points.steps.tolist():
        newest = found.get((request.run, request.key, step))
        if newest is None:
            raise history.rows_are_missing("records")
        value = unpack(newest.data)
        record = value[0] if type(value) is list else value
        if isinstance(record, HistogramRecord):
            reply.steps.append(step)
            reply.times.append(newest.time)
            reply.bins.append(list(record.bins))
            reply.values.append(list(record.values))
    return reply
