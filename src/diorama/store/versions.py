"""Versions of changes: what a page has to say to be told everything that came after.

Every change of a run gets a version, in the transaction that makes it (`next_version`). A reader is told a
version with what it reads (`settled_version`), and comes back with it.

Invariant: whatever becomes visible after a reader's snapshot has a version above the one that this reader was
told. So "everything above the version that I was told" never skips a change, on either engine. It may tell
one twice.

SQLite has one writer at a time: the version is a counter, the row "version" of `meta`.

PostgreSQL has many, and a counter would be a row that all of them wait for. There a version is the number of
the transaction that makes the change (64 bits, never used again), plus the number in that row, the base.
Transactions commit in any order, so a reader is told the newest change below the oldest transaction that was
still open in its snapshot: all of those have ended, and each that ends later has a greater number. Changes
above are visible already, and told at once; `Seen` remembers which, so that a stream tells them once. A
transaction that stays open for long, also one in another database of the cluster, delays nothing: only more
is told twice to a page that comes back.

The base is 0, or what the counter of an older store had reached. After a dump is restored into a
new cluster, transaction numbers may start lower than stored versions. Before its first write, each connection
checks this (`are_behind`), and raises the base if needed (`raise_base`). Every transaction that
writes has read `meta` before, and who raises the base waits for all of those: a version is never made with an
old base after a reader was told one with the new.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from diorama.store import schema
from diorama.store.statements import Prepared

_IS_VERSION = schema.meta.c.name == sa.literal_column("'version'")
_stored = schema.runs.c.version


class Seen(NamedTuple):
    """What a stream has been told: all changes up to `version`, and those of `ahead`, which are above it."""

    version: int
    ahead: frozenset[int] = frozenset()

    def knows(self, version: int) -> bool:
        """Whether a change with this version is part of it."""
        return version <= self.version or version in self.ahead


def next_version(connection: sa.Connection) -> int:
    """The version of what this transaction changes."""
    if connection.dialect.name == "sqlite":
        _RAISE_COUNTER.execute(connection)
        [[version]] = _COUNTER.read(connection)
    else:
        [[version]] = _OWN.read(connection)
    return int(version)


def settled_version(connection: sa.Connection) -> int:
    """The newest version V such that every change up to V is visible here or was rolled back."""
    statement = _COUNTER if connection.dialect.name == "sqlite" else _SETTLED
    [[version]] = statement.read(connection)
    return int(version or 0)


def are_behind(connection: sa.Connection) -> bool:
    """PostgreSQL: whether the next transaction may have a version that is not above all that are stored."""
    return _missing(connection) > 0


def raise_base(connection: sa.Connection) -> None:
    """PostgreSQL: make new versions greater than all that are stored. In a transaction of its own."""
    connection.exec_driver_sql("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")
    missing = _missing(connection)  # another process may have been here before
    if missing > 0:
        connection.execute(
            sa.update(schema.meta).where(_IS_VERSION).values(number=schema.meta.c.number + missing)
        )


def _missing(connection: sa.Connection) -> int:
    [[newest, next_one]] = _NEWEST_AND_NEXT.read(connection)
    return int(newest or 0) - int(next_one) + 1


def _number(text: str) -> sa.ColumnElement[int]:
    """The number of a transaction: PostgreSQL can't count with its type xid8."""
    return sa.literal_column(f"({text})::text::bigint", sa.BigInteger)


def _beside_base(number: str) -> sa.Subquery:
    """The number of a transaction as a version: column `version` of one row."""
    version = (schema.meta.c.number + _number(number)).label("version")
    return sa.select(version).where(_IS_VERSION).subquery()


_base = sa.select(schema.meta.c.number).where(_IS_VERSION).scalar_subquery()
_oldest_open = _beside_base("pg_snapshot_xmin(pg_current_snapshot())")
_next_to_begin = _beside_base("pg_snapshot_xmax(pg_current_snapshot())")
_newest = sa.select(sa.func.max(_stored))

_RAISE_COUNTER = Prepared(
    lambda _: (
        sa.update(schema.meta).where(_IS_VERSION).values(number=schema.meta.c.number + sa.literal_column("1"))
    ),
    [],
)
_COUNTER = Prepared(lambda _: sa.select(_base), [])
_OWN = Prepared(lambda _: sa.select(_base + _number("pg_current_xact_id()")), [])
# `meta` stands before `runs`, so that it is locked first, as writers and migrations do (`database.py`).
_SETTLED = Prepared(
    lambda _: sa.select(
        _newest.where(_stored < _oldest_open.c.version).correlate(_oldest_open).scalar_subquery()
    ).select_from(_oldest_open),
    [],
)
_NEWEST_AND_NEXT = Prepared(
    lambda _: sa.select(_newest.scalar_subquery(), _next_to_begin.c.version).select_from(_next_to_begin), []
)
