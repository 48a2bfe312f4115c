"""Version 3: what sessions of a run say is kept apart, so that it can be ordered by session.

- `sessions`: the `init()` calls of a run. Until now writers had none: each primary one becomes a session, by
  when it was started; a secondary one belongs to the newest that was started before it. Every session has a
  row, for a writer of an older one may still have something to say; what the run knows of steps is the
  newest's.
- `summaries`: a row for each top-level name, instead of all of it in one value that every batch wrote anew.
- documents.written_by, definitions.data: which session said it. What is stored already is the newest's.
- keys.exact, run_values.exact: paths whose names hold dots are told from nested ones. Nothing in a store of
  version 2 does; of `summary` keys this is guessed, see `_path_of`.
- keys.spans: which steps each session logged. Of what is stored already nothing is known.
- console: lines in the order of time.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from diorama.store.migrations.sql import mirror, run_sql
from diorama.store.seal import seal, unseal


def apply(connection: Connection) -> None:
    """SQLite's foreign keys are off while it runs, and no table names `documents`."""
    run_sql(connection, TABLES)
    sessions = _give_sessions(connection)
    newest = {run: max(of_run) for run, of_run in sessions.items()}
    _make_sessions(connection, sessions)
    _move_summaries(connection, newest)
    _name_definers(connection, newest)
    run_sql(connection, DOCUMENTS)
    for table, columns in MIRRORS.items():
        mirror(connection, table, columns.split())


def _give_sessions(connection: Connection) -> dict[int, set[int]]:
    """Each writer its session; returns the sessions of each run that has writers."""
    writers = sa.table("writers", *map(sa.column, ("run", "writer", "is_secondary", "started_at", "session")))
    begun: dict[int, list[int]] = {}
    rows = connection.execute(sa.select(writers).order_by(writers.c.started_at)).all()
    for row in rows:
        if not row.is_secondary:
            begun.setdefault(row.run, []).append(_session_of(row.started_at))
    changes: list[dict[str, Any]] = []
    for row in rows:
        of_run = begun.setdefault(row.run, [_session_of(row.started_at)])
        session = max((one for one in of_run if one <= _session_of(row.started_at)), default=of_run[0])
        changes.append({"the_run": row.run, "the_writer": row.writer, "new_session": session})
    if changes:
        connection.execute(
            sa.update(writers)
            .where(writers.c.run == sa.bindparam("the_run"), writers.c.writer == sa.bindparam("the_writer"))
            .values(session=sa.bindparam("new_session")),
            changes,
        )
    return {run: set(of_run) for run, of_run in begun.items()}


def _session_of(started_at: float) -> int:
    return max(1, int(started_at * 1e9))


def _make_sessions(connection: Connection, sessions: dict[int, set[int]]) -> None:
    documents = sa.table("documents", sa.column("run"))
    table = sa.table("sessions", *map(sa.column, ("run", "session", "step_values")))
    rows = [
        {"run": run, "session": session, "step_values": seal(_encode({}))}
        for run in connection.execute(sa.select(documents.c.run)).scalars()
        for session in sorted(sessions.get(run, {_FIRST}))
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def _move_summaries(connection: Connection, newest: dict[int, int]) -> None:
    documents = sa.table("documents", *map(sa.column, ("run", "summary", "summary_state", "written_by")))
    runs = sa.table("runs", sa.column("id"), sa.column("last_step"))
    sessions = sa.table("sessions", *map(sa.column, ("run", "session", "last_step", "step_values")))
    summaries = sa.table("summaries", *map(sa.column, ("run", "name", "session", "value", "layers")))
    for (run,) in connection.execute(sa.select(documents.c.run)).all():
        found = connection.execute(
            sa.select(documents.c.summary, documents.c.summary_state, runs.c.last_step)
            .join(runs, runs.c.id == documents.c.run)
            .where(documents.c.run == run)
        ).one()
        session = newest.get(run, _FIRST)
        summary: dict[str, Any] = msgspec.msgpack.decode(unseal(found.summary))
        state: dict[str, Any] = msgspec.msgpack.decode(unseal(found.summary_state))
        rows = [
            {"run": run, "name": name, "session": session, "value": seal(_encode(value)), "layers": layers}
            for name, value, layers in _names_of(summary, state.get("aggregates", {}), session)
        ]
        if rows:
            connection.execute(sa.insert(summaries), rows)
        connection.execute(
            sa.update(sessions)
            .where(sessions.c.run == run, sessions.c.session == session)
            .values(
                last_step=found.last_step,
                step_values=seal(
                    _encode(
                        {key: [_path_of(key), value] for key, value in state.get("last_steps", {}).items()}
                    )
                ),
            )
        )
        connection.execute(
            sa.update(documents)
            .where(documents.c.run == run)
            .values(written_by=seal(_encode({"others": session})))
        )


def _names_of(
    summary: dict[str, Any], aggregates: dict[str, Any], session: int
) -> list[tuple[str, Any, bytes | None]]:
    """(top-level name, value, layers) of a summary by dotted paths."""
    values: dict[str, Any] = {}
    kept: dict[str, list[Any]] = {}
    for key, value in summary.items():
        base, _, statistic = key.rpartition(".")
        path = (*_path_of(base), statistic) if base in aggregates else _path_of(key)
        level = values
        for name in path[:-1]:
            below = level.get(name)
            level = level.setdefault(name, {}) if below is None or type(below) is dict else {}
        level[path[-1]] = value
    for key, aggregate in aggregates.items():
        kept.setdefault(_path_of(key)[0], []).append([list(_path_of(key)), aggregate])
    return [
        (name, value, seal(_encode([[session, {"v": value}, kept[name]]])) if name in kept else None)
        for name, value in values.items()
    ]


def _path_of(key: str) -> tuple[str, ...]:
    """Until now a key "m@0.5" and a value "5" nested in "m@0" were the same. Names in dicts of a program
    seldom begin with a digit; where one would have to, the dot is part of the key."""
    names = key.split(".")
    is_one = any(not name or name[0].isdigit() for name in names[1:]) or not names[0]
    return (key,) if is_one else tuple(names)


def _name_definers(connection: Connection, newest: dict[int, int]) -> None:
    definitions = sa.table("definitions", *map(sa.column, ("run", "key", "data")))
    rows = connection.execute(sa.select(definitions)).all()
    if rows:
        connection.execute(
            sa.update(definitions)
            .where(definitions.c.run == sa.bindparam("the_run"), definitions.c.key == sa.bindparam("the_key"))
            .values(data=sa.bindparam("new_data")),
            [
                {
                    "the_run": row.run,
                    "the_key": row.key,
                    "new_data": seal(
                        _encode([[newest.get(row.run, _FIRST), msgspec.msgpack.decode(unseal(row.data))]])
                    ),
                }
                for row in rows
            ],
        )


_encode = msgspec.msgpack.Encoder().encode
_FIRST = 1
"""The session of a run without writers."""

TABLES = """
CREATE TABLE sessions (
    run BIGINT NOT NULL,
    session BIGINT NOT NULL,
    last_step BIGINT,
    step_values $bytes NOT NULL,
    PRIMARY KEY (run, session),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE summaries (
    run BIGINT NOT NULL,
    name TEXT NOT NULL,
    session BIGINT NOT NULL,
    value $bytes,
    layers $bytes,
    PRIMARY KEY (run, name),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
ALTER TABLE writers ADD COLUMN session BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE writers ADD COLUMN heard_at $double DEFAULT 0 NOT NULL;
ALTER TABLE run_values ADD COLUMN exact TEXT;
ALTER TABLE keys ADD COLUMN exact TEXT;
ALTER TABLE keys ADD COLUMN spans $bytes;
ALTER TABLE files ADD COLUMN session BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE console ADD COLUMN session BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE console ADD COLUMN began_at $double DEFAULT 0 NOT NULL;
ALTER TABLE documents ADD COLUMN written_by $bytes;
"""

DOCUMENTS = """
UPDATE writers SET heard_at = coalesce(ended_at, started_at);
UPDATE console SET began_at = time, session = (
    SELECT session FROM writers WHERE writers.run = console.run AND writers.number = console.writer
);
CREATE INDEX console_in_order ON console (run, session, began_at, writer, number);
UPDATE files SET session = (SELECT max(session) FROM sessions WHERE sessions.run = files.run);
CREATE TABLE new_documents (
    run BIGINT NOT NULL,
    config $bytes NOT NULL,
    environment $bytes NOT NULL,
    written_by $bytes NOT NULL,
    PRIMARY KEY (run),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO new_documents SELECT run, config, environment, written_by FROM documents;
DROP TABLE documents;
ALTER TABLE new_documents RENAME TO documents;
"""

MIRRORS = {
    "sessions": "run session last_step",
    "summaries": "run name session",
    "writers": (
        "run writer number session stored_seq is_secondary state exit_code started_at ended_at seen_at"
        " heard_at"
    ),
    "run_values": "run path exact type number text folded",
    "keys": "id exact count first_step last_step last_value fresh_chunks open_points",
    "files": "run name sha256 size_bytes mime time session",
}
