"""Rows of runs and writers: making them, locking them, and what state a run is in.

A run is "running" while a primary writer of its newest session is, or one of an older session that has
written something since the newest began. It ends when the last one that is still heard of ends, and then has
the state of the newest session. Secondary writers (forked children, system metrics) have no say.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from diorama.journal.entry import Start
from diorama.model import RunKey
from diorama.service.flatten import column_text
from diorama.service.sessions import make_session, run_of_writer, session_of_writer
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.live_runs import NOT_DELETED
from diorama.store.statements import Prepared, prepared_insert, prepared_update, prepared_upsert
from diorama.store.values import pack

STALE_SECS = 90.0
"""A running run that was not heard of for this long has lost contact."""
_EMPTY = pack({})

Row = dict[str, Any]

_project, _run, _writer = schema.projects.c, schema.runs.c, schema.writers.c
_PROJECT = Prepared(
    lambda _: sa.select(_project.id).where(
        _project.entity == sa.bindparam("of_entity"), _project.name == sa.bindparam("of_name")
    ),
    ["of_entity", "of_name"],
)
_RUN = Prepared(
    lambda _: (
        sa.select(schema.runs)
        .where(_run.project_id == sa.bindparam("of_project"), _run.run_id == sa.bindparam("of_run"))
        .order_by(_run.id)
        .with_for_update()
    ),
    ["of_project", "of_run"],
)
_WRITER = Prepared(
    lambda _: (
        sa.select(schema.writers, schema.sessions.c.session.is_not(None).label("has_session"))
        .outerjoin(
            schema.sessions,
            sa.and_(schema.sessions.c.run == _writer.run, schema.sessions.c.session == _writer.session),
        )
        .where(_writer.run == sa.bindparam("of_run"), _writer.writer == sa.bindparam("of_writer"))
    ),
    ["of_run", "of_writer"],
)
_NEWEST_WRITER = Prepared(
    lambda _: sa.select(sa.func.max(_writer.number)).where(_writer.run == sa.bindparam("of_run")), ["of_run"]
)
_PRIMARY_WRITERS = Prepared(
    lambda _: sa.select(schema.writers).where(
        _writer.run == sa.bindparam("of_run"), _writer.is_secondary.is_(False)
    ),
    ["of_run"],
)
_MAKE_WRITER = prepared_insert(
    schema.writers,
    (
        *("run", "writer", "number", "session", "stored_seq", "is_secondary", "state", "started_at"),
        *("seen_at", "heard_at"),
    ),
)
_MAKE_DOCUMENTS = prepared_upsert(
    schema.documents, ("run", "config", "environment", "written_by"), index=("run",)
)


def lock_run(
    connection: sa.Connection,
    database: Database,
    key: RunKey,
    writer: str,
    *,
    start: Start | None,
    began: float,
    now: float,
) -> Row:
    """The row of the run that a writer belongs to, made if it is not there; maybe that of a deleted run.
    Locked until the transaction ends."""
    found = _PROJECT.read(connection, key.entity, key.project)
    if not found:
        connection.execute(
            database.upsert(schema.projects, index=["entity", "name"]),
            {"entity": key.entity, "name": key.project, "created_at": began},
        )
        found = _PROJECT.read(connection, key.entity, key.project)
    [[project_id]] = found
    row = run_of_writer(
        connection, _RUN.read(connection, project_id, key.id), writer, start=start, began=began
    )
    if row is None:
        connection.execute(
            database.upsert(schema.runs, index=["project_id", "run_id", "deleted_at"]),
            {
                "project_id": project_id,
                "run_id": key.id,
                "name": key.id,
                "state": "running",
                "created_at": began,
                "last_activity_at": began,
                "seen_at": now,
                "notes": "",
                "tags": "[]",
                "search": _search_text(key.id, key.id, []),
                "version": 0,
                "deleted_at": NOT_DELETED,
            },
        )
        rows = _RUN.read(connection, project_id, key.id)
        row = next((one for one in rows if one.deleted_at == NOT_DELETED), rows[-1])
        _MAKE_DOCUMENTS.execute(connection, row.id, _EMPTY, _EMPTY, _EMPTY)
    return dict(row._mapping)


def writer_of(
    connection: sa.Connection,
    run: int,
    writer: str,
    *,
    start: Start | None,
    began: float,
    now: float,
) -> Row:
    """The writer's row, made with the next free number if it is not there. The run is locked.

    Its session has a row afterwards: stores that a version in development migrated lack those of older ones.
    """
    rows = _WRITER.read(connection, run, writer)
    if not rows:
        [[newest]] = _NEWEST_WRITER.read(connection, run)
        session = session_of_writer(connection, run, start=start, began=began)
        is_secondary = start is not None and start.is_secondary
        row = (run, writer, (newest or 0) + 1, session, 0, is_secondary, "running", began, now, began)
        _MAKE_WRITER.execute(connection, *row)
        rows = _WRITER.read(connection, run, writer)
    elif not rows[0].has_session:
        make_session(connection, run, rows[0].session)
    return dict(rows[0]._mapping)


def update_writer(connection: sa.Connection, run: int, writer: str, changes: Row) -> None:
    """Change columns of a writer's row."""
    prepared_update(schema.writers, tuple(changes), ("run", "writer")).execute(
        connection, *changes.values(), run, writer
    )


def settled_state(connection: sa.Connection, run: int, writer: str, now: float) -> Row:
    """state and exit_code of a run by what its primary writers say; `writer` was heard of just now."""
    rows = _PRIMARY_WRITERS.read(connection, run)
    newest = max((row.session for row in rows), default=0)
    began_at = min((row.started_at for row in rows if row.session == newest), default=0.0)
    running = [
        row for row in rows if row.state == "running" and (row.session == newest or row.heard_at > began_at)
    ]
    ended = [row for row in rows if row.state != "running"]
    last = max(ended, key=lambda row: (row.session, row.ended_at or 0.0, row.number), default=None)
    is_heard_of = any(row.writer == writer or now - row.seen_at < STALE_SECS for row in running)
    if is_heard_of or (running and (last is None or last.session < newest)):
        return {"state": "running", "exit_code": None}
    return {} if last is None else {"state": last.state, "exit_code": last.exit_code}


def text_changes(changes: Row) -> Row:
    """Columns for attributes that are not None; tags are a list of strings."""
    found: Row = {}
    for name, value in changes.items():
        if name == "tags" and value is not None:
            found[name] = json.dumps([column_text(str(tag)) for tag in dict.fromkeys(value)])
        elif value is not None:
            found[name] = column_text(value)
    return found


def update_run(connection: sa.Connection, row: Row, changes: Row) -> None:
    """Change columns of a run's row; keeps `search` in step with name and tags."""
    after = row | changes
    if "name" in changes or "tags" in changes:
        changes = changes | {
            "search": _search_text(after["name"], after["run_id"], json.loads(after["tags"]))
        }
    prepared_update(schema.runs, tuple(changes), ("id",)).execute(connection, *changes.values(), row["id"])


def _search_text(name: str, run_id: str, tags: list[str]) -> str:
    return "\n".join([name, run_id, *tags]).casefold()
