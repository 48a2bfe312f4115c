"""Version 2: row numbers are never used again, and no value can change without being noticed.

- SQLite: projects, runs, keys and records get AUTOINCREMENT. A run's number is in addresses, caches and open
  pages: after a deletion it must not mean another run.
- SQLite: indexes that repeat the rows of tables, so that its own check compares every value with its copy.
- Packed bytes get a checksum (`store.seal`).
- writers.acked_seq is called stored_seq: a process of version 1 that still has the store open knows no better
  than to write bytes without a checksum; it fails at its first question instead, and waits.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from diorama.store.migrations.sql import mirror, run_sql
from diorama.store.seal import seal

ROWS_AT_ONCE = 500


def apply(connection: Connection) -> None:
    """SQLite's foreign keys are off while it runs: tables are made anew below the rows that name them."""
    if connection.dialect.name == "sqlite":
        run_sql(connection, NUMBERED)
    run_sql(connection, CHANGES)
    for table, columns in MIRRORS.items():
        mirror(connection, table, columns.split())
    for table, (keys, columns) in SEALED.items():
        _seal_all(connection, table, keys.split(), columns.split())


def _seal_all(connection: Connection, name: str, keys: list[str], columns: list[str]) -> None:
    table = sa.table(name, *map(sa.column, [*keys, *columns]))
    number = table.c[keys[0]]
    first, last = connection.execute(sa.select(sa.func.min(number), sa.func.max(number))).one()
    if first is None:
        return
    update = (
        sa.update(table)
        .where(*(table.c[key] == sa.bindparam(f"the_{key}") for key in keys))
        .values({column: sa.bindparam(f"new_{column}") for column in columns})
    )
    for start in range(first, last + 1, ROWS_AT_ONCE):
        rows = connection.execute(
            sa.select(table).where(number >= start, number < start + ROWS_AT_ONCE)
        ).mappings()
        changes: list[dict[str, Any]] = [
            {f"the_{key}": row[key] for key in keys}
            | {f"new_{column}": seal(bytes(row[column])) for column in columns}
            for row in rows
        ]
        if changes:
            connection.execute(update, changes)


SEALED = {
    "documents": ("run", "config summary summary_state environment"),
    "definitions": ("run key", "data"),
    "chunks": ("id", "data"),
    "pyramids": ("chunk_id level", "data"),
    "records": ("id", "data"),
}
"""Table -> its key, beginning with a number, and its columns of packed bytes."""

MIRRORS = {
    "meta": "name number",
    "projects": "id created_at",
    "runs": (
        "id name state exit_code last_activity_at seen_at last_step"
        " notes tags group_name job_type host search"
    ),
    "writers": "run writer number stored_seq is_secondary state exit_code started_at ended_at seen_at",
    "run_values": "run path type number text folded",
    "run_columns": "project_id path type run_count",
    "keys": "id count first_step last_step last_value fresh_chunks open_points",
    "console": "run writer number time stream text",
    "files": "run name sha256 size_bytes mime time",
    "warnings": "run code digest text count time",
    "blobs": "sha256 size_bytes mime created_at",
}

CHANGES = """
ALTER TABLE writers RENAME COLUMN acked_seq TO stored_seq;
DROP INDEX records_by_step;
CREATE INDEX records_by_step ON records (key_id, step, "row", time);
"""

NUMBERED = """
CREATE TABLE new_projects (
    id $unique_serial,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at $double NOT NULL,
    UNIQUE (entity, name)
);
INSERT INTO new_projects SELECT * FROM projects;
DROP TABLE projects;
ALTER TABLE new_projects RENAME TO projects;
CREATE TABLE new_runs (
    id $unique_serial,
    project_id BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    exit_code BIGINT,
    created_at $double NOT NULL,
    last_activity_at $double NOT NULL,
    seen_at $double NOT NULL,
    last_step BIGINT,
    notes TEXT NOT NULL,
    tags TEXT NOT NULL,
    group_name TEXT,
    job_type TEXT,
    host TEXT,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (project_id, run_id),
    FOREIGN KEY (project_id) REFERENCES projects (id)
);
INSERT INTO new_runs SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE TABLE new_keys (
    id $unique_serial,
    run BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_step BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    last_value $double,
    fresh_chunks BIGINT NOT NULL,
    open_points BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (run, "key", kind),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO new_keys SELECT * FROM keys;
DROP TABLE keys;
ALTER TABLE new_keys RENAME TO keys;
CREATE TABLE new_records (
    id $unique_serial,
    key_id BIGINT NOT NULL,
    step BIGINT NOT NULL,
    "row" BIGINT NOT NULL,
    time $double NOT NULL,
    data $bytes NOT NULL,
    FOREIGN KEY (key_id) REFERENCES keys (id) ON DELETE CASCADE
);
INSERT INTO new_records SELECT * FROM records;
DROP TABLE records;
ALTER TABLE new_records RENAME TO records;
CREATE INDEX runs_by_created ON runs (project_id, created_at);
CREATE INDEX runs_by_version ON runs (version);
CREATE INDEX keys_by_version ON keys (run, version);
CREATE INDEX records_by_step ON records (key_id, step, "row");
"""
