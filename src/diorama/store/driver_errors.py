"""What the drivers of both databases raise, and what it means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from diorama.errors import Corrupt, DioramaError, StoreError, Unstorable


def is_about_values(error: BaseException) -> bool:
    """Whether an error is about values that were given, not about the store or the moment."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(orig, "sqlstate", None)
    if isinstance(state, str):
        # PostgreSQL: data exceptions, broken constraints, limits of the program (such as an index row's).
        return state[:2] in ("22", "23", "54")
    if isinstance(error, sa.exc.ProgrammingError) and "cannot adapt" in str(orig):  # psycopg's own
        return True
    if isinstance(
        error, (sa.exc.DataError, sa.exc.IntegrityError, sqlite3.DataError, sqlite3.IntegrityError)
    ):
        return True
    return isinstance(orig, (sqlite3.InterfaceError, sqlite3.ProgrammingError)) and "binding" in str(orig)


def ends_transaction(error: BaseException) -> bool:
    """Whether the state of the transaction is unknown after this error. SQLite itself undoes it when the
    disk is full; and where the file is damaged or can't be read, nothing is sure."""
    return isinstance(error, (DBAPIError, sqlite3.Error)) and not is_about_values(error)


def is_about_locks(error: BaseException | None) -> bool:
    """PostgreSQL: whether a transaction failed because others were in its way: a deadlock, or a lock that did
    not become free in time."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    return getattr(orig, "sqlstate", None) in ("40P01", "55P03")


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn the driver's errors into ours, with a hint where there is one to give."""
    try:
        yield
    except Exception as error:
        plain = plain_error(error)
        if plain is None:
            raise
        raise plain from error


def plain_error(error: Exception) -> DioramaError | None:
    """Our error for one of a driver; None for any other."""
    if isinstance(error, (DBAPIError, sqlite3.Error)):
        cause = error.orig if isinstance(error, DBAPIError) else error
        text = str(cause)
        if is_about_values(error):
            return Unstorable(f"the database can't take a value: {text[:300]}")
        # Python 3.10 gives no text at all where it can't read the one that quotes what is damaged.
        is_mute = type(cause) is sqlite3.DatabaseError and not text
        if is_mute or "malformed" in text or "not a database" in text:
            return Corrupt(
                f"the database is damaged: {text or 'SQLite can not even say where'}",
                hint="`diorama doctor` says how to mend it",
            )
        hint = ""
        if "locked" in text:
            hint = "another process has been writing for a long time; try again"
        elif "full" in text or "No space" in text:
            hint = "the disk is full; free some space and it goes on by itself"
        elif "readonly" in text or "unable to open" in text:
            hint = "check that you may write the store's folder"
        return StoreError(f"the database says: {text}", hint=hint)
    if isinstance(error, UnicodeDecodeError):  # even in SQLite's own message about the damage
        return Corrupt(
            "the database is damaged: a text in it is not valid UTF-8",
            hint="`diorama doctor` says how to mend it",
        )
    if isinstance(error, sa.exc.TimeoutError):
        return StoreError("all connections to the database are in use", hint="try again")
    if isinstance(error, (OverflowError, UnicodeEncodeError)):  # found before the database could
        return Unstorable(f"the database can't take a value: {error}")
    return None
