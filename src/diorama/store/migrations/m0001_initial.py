"""Version 1: all tables of the first release, and the counter of changes at 0."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from diorama.store import schema


def apply(connection: Connection) -> None:
    """Make every table; the caller's transaction commits them together."""
    schema.metadata.create_all(connection, checkfirst=False)
    connection.execute(
        insert(schema.meta),
        [{"name": "schema_version", "number": 0}, {"name": "version", "number": 0}],
    )
