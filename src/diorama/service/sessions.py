"""Sessions of a run: which run and which session a writer belongs to, and what is remembered of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from diorama.journal.entry import Start
from diorama.store import schema
from diorama.store.live_runs import NOT_DELETED
from diorama.store.statements import Prepared, prepared_upsert
from diorama.store.values import pack, unpack

_NO_VALUES = pack({})
_RUNS_AT_ONCE = 500

_table = schema.sessions.c
_MAKE = prepared_upsert(schema.sessions, ("run", "session", "step_values"), index=("run", "session"))
_RAISE_LAST_STEP = Prepared(
    lambda _: (
        sa.update(schema.sessions)
        .where(
            _table.run == sa.bindparam("of_run"),
            _table.session == sa.bindparam("of_session"),
            sa.or_(_table.last_step.is_(None), _table.last_step < sa.bindparam("below")),
        )
        .values(last_step=sa.bindparam("new_last_step"))
    ),
    ["new_last_step", "of_run", "of_session", "below"],
)
_LAST_STEP = Prepared(
    lambda _: sa.select(_table.last_step).where(
        _table.run == sa.bindparam("of_run"),
        _table.session
        == sa.select(sa.func.max(_table.session))
        .where(_table.run == sa.bindparam("also_of_run"), _table.last_step.is_not(None))
        .scalar_subquery(),
    ),
    ["of_run", "also_of_run"],
)


def run_of_writer(
    connection: sa.Connection,
    rows: Sequence[sa.Row[Any]],
    writer: str,
    *,
    start: Start | None,
    began: float,
) -> sa.Row[Any] | None:
    """Find the run that a writer belongs to, among all runs with its name, also the deleted ones. None: a new
    run is needed. rows: of `runs`, by id, locked.

    Deleting a run deletes the sessions that the store has heard of by then: whatever else comes of them, and
    of older ones, belongs to the deleted run. A newer session is another run.
    """
    live = next((row for row in rows if row.deleted_at == NOT_DELETED), None)
    if all(row.deleted_at == NOT_DELETED for row in rows):
        return live
    by_id = {row.id: row for row in rows}
    writers = schema.writers.c
    known = connection.execute(
        sa.select(writers.run).where(writers.run.in_(list(by_id)), writers.writer == writer)
    ).scalar()
    if known is not None:
        return by_id[known]
    if start is None or (start.is_secondary and not start.session):  # it does not say its session
        return live or rows[-1]
    session = start.session or _session_at(began)
    return next((row for row in rows if newest_session(connection, row.id) >= session), live)


def session_of_writer(connection: sa.Connection, run: int, *, start: Start | None, began: float) -> int:
    """The session of a writer that is new; its row is made if it is not there. The run is locked.

    Writers of versions without sessions get one by their times: a primary writer is one of its own, another
    belongs to the newest that was begun before it.
    """
    table = schema.sessions.c
    session = _session_at(began)
    if start is not None and start.session > 0:
        session = start.session
    elif start is None or start.is_secondary:
        writers = schema.writers.c
        known = set(connection.execute(sa.select(table.session).where(table.run == run)).scalars())
        known.update(connection.execute(sa.select(writers.session).where(writers.run == run)).scalars())
        session = max((one for one in known if one <= session), default=min(known, default=session))
    make_session(connection, run, session)
    return session


def _session_at(began: float) -> int:
    return max(1, int(began * 1e9))


def make_session(connection: sa.Connection, run: int, session: int) -> None:
    """Make the row of a session if it is not there. The run is locked."""
    _MAKE.execute(connection, run, session, _NO_VALUES)


def newest_session(connection: sa.Connection, run: int) -> int:
    """The newest session of a run; 0 if it has none."""
    table = schema.sessions.c
    return connection.execute(sa.select(sa.func.max(table.session)).where(table.run == run)).scalar() or 0


def raise_last_step(connection: sa.Connection, run: int, session: int, step: int) -> int:
    """Note a step that a session logged; returns the last step of the newest session that logged any."""
    _RAISE_LAST_STEP.execute(connection, step, run, session, step)
    [[last_step]] = _LAST_STEP.read(connection, run, run)
    return int(last_step)


def read_step_values(connection: sa.Connection, run: int, session: int) -> dict[str, Any]:
    """The last values of step keys in a session: text of the key -> [path, value]."""
    table = schema.sessions.c
    data = connection.execute(
        sa.select(table.step_values).where(table.run == run, table.session == session)
    ).scalar_one()
    values: dict[str, Any] = unpack(data)
    return values


def write_step_values(connection: sa.Connection, run: int, session: int, values: dict[str, Any]) -> None:
    """Undo `read_step_values`."""
    table = schema.sessions.c
    connection.execute(
        sa.update(schema.sessions)
        .where(table.run == run, table.session == session)
        .values(step_values=pack(values))
    )


def sessions_of_writers(connection: sa.Connection, runs: Iterable[int]) -> dict[int, dict[int, int]]:
    """run -> number of a writer -> its session."""
    table = schema.writers.c
    uids = list(runs)
    found: dict[int, dict[int, int]] = {uid: {} for uid in uids}
    for first in range(0, len(uids), _RUNS_AT_ONCE):
        rows = connection.execute(
            sa.select(table.run, table.number, table.session).where(
                table.run.in_(uids[first : first + _RUNS_AT_ONCE])
            )
        )
        for run, number, session in rows:
            found[run][number] = session
    return found
