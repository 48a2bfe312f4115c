"""What migrations share: SQL text for both engines. It must never change what an old migration does."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

_WORDS = {
    "sqlite": {
        "$serial": "INTEGER PRIMARY KEY NOT NULL",
        "$unique_serial": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
        "$bytes": "BLOB",
        "$double": "FLOAT",
    },
    "postgresql": {
        "$serial": "BIGSERIAL PRIMARY KEY",
        "$unique_serial": "BIGSERIAL PRIMARY KEY",
        "$bytes": "BYTEA",
        "$double": "FLOAT(53)",
    },
}
"""$serial: a row number that the database hands out. $unique_serial: one that is never handed out again
(PostgreSQL's never are)."""


def run_sql(connection: Connection, text: str) -> None:
    """Run statements that end in ";", with the words of the engine."""
    for word, meaning in _WORDS[connection.dialect.name].items():
        text = text.replace(word, meaning)
    for statement in text.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def mirror(connection: Connection, table: str, columns: Sequence[str]) -> None:
    """Make (or make anew, after columns were added) the index of SQLite that repeats the rows of a table;
    see `store.schema`."""
    if connection.dialect.name != "sqlite":
        return
    names = ", ".join(f'"{column}"' for column in columns)
    connection.exec_driver_sql(f"DROP INDEX IF EXISTS {table}_mirror")
    connection.exec_driver_sql(f"CREATE INDEX {table}_mirror ON {table} ({names})")
