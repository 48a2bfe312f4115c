"""Version 4: with PostgreSQL, those who write change no row that all others change, too.

- run_columns.slot: the runs of a project that have a column are counted in several rows.
- PostgreSQL: meta.version is no counter any more, but the base of versions that are made of the numbers of
  transactions. Nothing has to be changed for that, because the newest version so far is a good base. But no
  process of version 3 may go on counting in it: those that write now are waited for, later ones refuse.
"""

from __future__ import annotations

from sqlalchemy import Connection

from diorama.store.migrations.sql import mirror, run_sql


def apply(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        run_sql(connection, "LOCK TABLE meta IN ACCESS EXCLUSIVE MODE;")
    run_sql(connection, SLOTS)
    mirror(connection, "run_columns", ("project_id", "path", "type", "slot", "run_count"))


SLOTS = """
CREATE TABLE new_run_columns (
    project_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    slot BIGINT DEFAULT 0 NOT NULL,
    run_count BIGINT NOT NULL,
    PRIMARY KEY (project_id, path, type, slot),
    FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
);
INSERT INTO new_run_columns SELECT project_id, path, type, 0, run_count FROM run_columns;
DROP TABLE run_columns;
ALTER TABLE new_run_columns RENAME TO run_columns;
"""
