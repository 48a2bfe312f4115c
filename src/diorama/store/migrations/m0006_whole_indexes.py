"""Version 6: with PostgreSQL, what lists of runs read along is in the index, so that no rows are looked up.

- run_values_by_number ends in the run, and finds what begins with a text too, whatever language the database
  orders by. SQLite has `run_values_mirror` for it.
- runs_by_created ends in the number of the run, as every index of SQLite does.
"""

from __future__ import annotations

from sqlalchemy import Connection

from diorama.store.migrations.sql import run_sql


def apply(connection: Connection) -> None:
    """PostgreSQL: no one reads or writes the two tables while their indexes are made anew. What is stored
    means the same as before, so processes of version 5 need not be waited for otherwise."""
    if connection.dialect.name != "sqlite":
        run_sql(connection, INDEXES_OF_POSTGRESQL)


INDEXES_OF_POSTGRESQL = """
LOCK TABLE runs, run_values IN ACCESS EXCLUSIVE MODE;
DROP INDEX runs_by_created;
CREATE INDEX runs_by_created ON runs (project_id, deleted_at, created_at, id);
DROP INDEX run_values_by_number;
CREATE INDEX run_values_by_number ON run_values (path text_pattern_ops, number, run);
"""
"""The locks come first: they are given up soon if somebody has one of the tables, before any work is done."""
