"""Keeping SQLite's write-ahead log short.

SQLite appends commits to its log, and begins the log anew only at a moment when no reader looks into it.
While many pages are open there is no such moment: the log would grow until the disk is full, and each read
and each commit would look through all of it. So who has committed and finds the log long makes such a moment:
nobody writes, readers that begin now find everything in the database itself, and those that are at work are
waited for, for WAIT_SECS at most. A reader that takes longer is left alone, and the next try comes after
PAUSE_SECS.

How SQLite does it: https://www.sqlite.org/c3ref/wal_checkpoint_v2.html (SQLITE_CHECKPOINT_RESTART).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

KEPT_BYTES = 32 * 1024 * 1024
"""What the file may keep when the log begins anew; more is given back to the disk."""
LONG_BYTES = 2 * KEPT_BYTES
WAIT_SECS = 1.0
PAUSE_SECS = 5.0


class WriteAheadLog:
    """The log of a database file."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._next_try = 0.0

    def keep_short(self, connection: sqlite3.Connection) -> None:
        """Begin the log anew if it is long. To be called after a commit, outside of a transaction.

        It raises nothing: the commit is durable, and if something is wrong with the database, the next one
        says so.
        """
        if self._size_bytes() <= LONG_BYTES or time.monotonic() < self._next_try:
            return
        with contextlib.suppress(sqlite3.Error):
            [(patience_ms,)] = connection.execute("PRAGMA busy_timeout").fetchall()
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECS * 1000)}").fetchall()
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {patience_ms}").fetchall()
        self._next_try = time.monotonic() + PAUSE_SECS

    def _size_bytes(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:  # no log, or no database any more
            return 0
