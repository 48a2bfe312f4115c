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
from diorama.service.sessions import make_session, session_of_writer
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.values import pack

STALE_SECS = 90.0
"""A running run that was not heard of for this long has lost contact."""
_EMPTY = pack({})

Row = dict[str, Any]


def lock_run(
    connection: sa.Connection, database: Database, key: RunKey, *, created_at: float, now: float
) -> Row:
    """The run's row, made if it is not there, locked until the transaction ends."""
    projects, runs = schema.projects, schema.runs
    which_project = sa.select(projects.c.id).where(
        projects.c.entity == key.entity, projects.c.name == key.project
    )
    project_id = connection.execute(which_project).scalar()
    if project_id is None:
        connection.execute(
            database.upsert(projects, index=["entity", "name"]),
            {"entity": key.entity, "name": key.project, "created_at": created_at},
        )
        project_id = connection.execute(which_project).scalar_one()
    which_run = (
        sa.select(runs).where(runs.c.project_id == project_id, runs.c.run_id == key.id).with_for_update()
    )
    row = connection.execute(which_run).mappings().first()
    if row is None:
        connection.execute(
            database.upsert(runs, index=["project_id", "run_id"]),
            {
                "project_id": project_id,
                "run_id": key.id,
                "name": key.id,
                "state": "running",
                "created_at": created_at,
                "last_activity_at": created_at,
                "seen_at": now,
                "notes": "",
                "tags": "[]",
                "search": _search_text(key.id, key.id, []),
                "version": 0,
            },
        )
        row = connection.execute(which_run).mappings().one()
        connection.execute(
            database.upsert(schema.documents, index=["run"]),
            {
                "run": row["id"],
                "config": _EMPTY,
                "environment": _EMPTY,
                "written_by": _EMPTY,
            },
        )
    return dict(row)


def writer_of(
    connection: sa.Connection,
    database: Database,
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
    table, of_session = schema.writers.c, schema.sessions.c
    which = (
        sa.select(schema.writers, of_session.session.is_not(None).label("has_session"))
        .outerjoin(schema.sessions, sa.and_(of_session.run == table.run, of_session.session == table.session))
        .where(table.run == run, table.writer == writer)
    )
    row = connection.execute(which).mappings().first()
    if row is None:
        newest = connection.execute(sa.select(sa.func.max(table.number)).where(table.run == run)).scalar()
        connection.execute(
            sa.insert(schema.writers),
            {
                "run": run,
                "writer": writer,
                "number": (newest or 0) + 1,
                "session": session_of_writer(connection, database, run, start=start, began=began),
                "stored_seq": 0,
                "is_secondary": start is not None and start.is_secondary,
                "state": "running",
                "started_at": began,
                "seen_at": now,
                "heard_at": began,
            },
        )
        row = connection.execute(which).mappings().one()
    elif not row["has_session"]:
        make_session(connection, database, run, row["session"])
    return dict(row)


def update_writer(connection: sa.Connection, run: int, writer: str, changes: Row) -> None:
    """Change columns of a writer's row."""
    table = schema.writers.c
    connection.execute(
        sa.update(schema.writers).where(table.run == run, table.writer == writer).values(**changes)
    )


def settled_state(connection: sa.Connection, run: int, writer: str, now: float) -> Row:
    """state and exit_code of a run by what its primary writers say; `writer` was heard of just now."""
    table = schema.writers.c
    rows = connection.execute(
        sa.select(
            table.writer,
            table.number,
            table.session,
            table.state,
            table.exit_code,
            table.started_at,
            table.ended_at,
            table.seen_at,
            table.heard_at,
        ).where(table.run == run, table.is_secondary.is_(False))
    ).all()
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
    connection.execute(sa.update(schema.runs).where(schema.runs.c.id == row["id"]).values(**changes))


def next_version(connection: sa.Connection) -> int:
    """Raise the store's version; its row stays locked until the transaction ends, so that versions become
    visible in the order of their numbers."""
    table = schema.meta.c
    connection.execute(sa.update(schema.meta).where(table.name == "version").values(number=table.number + 1))
    return int(connection.execute(sa.select(table.number).where(table.name == "version")).scalar_one())


def _search_text(name: str, run_id: str, tags: list[str]) -> str:
    return "\n".join([name, run_id, *tags]).casefold()
