"""Work of several threads in one transaction, with one commit.

SQLite has one writer at a time, and each commit waits for the disk. So work that comes while a transaction is
being written waits in a row, and the next transaction takes all of it: work after work, one commit. Work that
comes while nobody writes begins at once, alone.

- `run` returns when what its work wrote is committed, never before.
- Work that raises is undone alone, and raises where it came from; the rest is committed.
- Where the database itself fails in the middle of work, the whole transaction is given up. That work fails,
  and the rest is done anew, without it: damaged rows of one run keep nobody else from writing.
- Where a transaction can't begin or commit, all its work fails.
- A transaction takes WORKS_LIMIT works at most, and begins none after LONGEST_SECS, so that other processes
  have their turn.

Work may be called twice, also when the first time was committed after all: it must look at what is stored.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import sqlalchemy as sa

from diorama.store.driver_errors import ends_transaction, plain_error

WORKS_LIMIT = 64
LONGEST_SECS = 0.25

T = TypeVar("T")


class _Work:
    """What one thread wants done, and how it ended."""

    def __init__(self, do: Callable[[sa.Connection], Any]) -> None:
        self.do = do
        self.is_over = False
        self.result: Any = None
        self.error: Exception | None = None


Write = Callable[[], AbstractContextManager[sa.Connection]]
"""Begins a transaction, and commits it."""


class SharedCommits:
    """The row of those who want to write to a database."""

    def __init__(self) -> None:
        self._waiting: deque[_Work] = deque()
        self._writer: _Work | None = None
        """The work of the thread that is writing."""
        self._changed = threading.Condition()

    def run(self, write: Write, do: Callable[[sa.Connection], T]) -> T:
        """Do work in a transaction; returns what it returns, as soon as that is durable. write: the
        database's own, given each time, so that a database that nobody holds is not held by its row."""
        work = _Work(do)
        with self._changed:
            self._waiting.append(work)
        try:
            while self._may_write(work):
                self._write_waiting(work, write)
        finally:
            self._leave(work)
        if work.error is not None:
            raise work.error
        result: T = work.result
        return result

    def _may_write(self, work: _Work) -> bool:
        """Wait until it is this thread's turn to write for all. False if its work is over."""
        with self._changed:
            self._changed.wait_for(lambda: work.is_over or self._writer in (None, work))
            if not work.is_over:
                self._writer = work
            return not work.is_over

    def _leave(self, work: _Work) -> None:
        """This thread waits no more: its work is over, or it was interrupted."""
        with self._changed:
            if work in self._waiting:
                self._waiting.remove(work)
            if self._writer is work:
                self._writer = None
                self._changed.notify_all()

    def _write_waiting(self, own: _Work, write: Write) -> None:
        """One transaction. It raises only what interrupts this thread."""
        works: list[_Work] = []
        under_way: _Work | None = None
        try:
            with write() as connection:
                works = self._take()
                until = time.monotonic() + LONGEST_SECS
                for place, work in enumerate(works):
                    if place and time.monotonic() > until:
                        self._give_back(works[place:])
                        del works[place:]
                        break
                    under_way = work
                    _do(work, connection, is_alone=len(works) == 1)
                under_way = None
        except Exception as error:  # noqa: BLE001 it is raised by those whom it concerns
            if under_way is None:  # it could not begin, or not commit
                works = works or self._take()
                for work in works:
                    work.error = error
            else:
                under_way.error = error
                self._give_back([work for work in works if work is not under_way])
                works = [under_way]
        except BaseException:
            self._give_back([work for work in works if work is not own])
            raise
        with self._changed:
            for work in works:
                work.is_over = True
            self._changed.notify_all()

    def _take(self) -> list[_Work]:
        with self._changed:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), WORKS_LIMIT))]

    def _give_back(self, works: Sequence[_Work]) -> None:
        """Put work that was taken, and is not done after all, in front."""
        for work in works:
            work.result = work.error = None
        with self._changed:
            self._waiting.extendleft(reversed(works))


def _do(work: _Work, connection: sa.Connection, *, is_alone: bool) -> None:
    """Do one of the works of a transaction. Raises what the transaction can't go on after."""
    if is_alone:
        work.result = work.do(connection)
        return
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        work.result = work.do(connection)
    except Exception as error:
        if ends_transaction(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO work")
        work.error = plain_error(error) or error
        if work.error is not error:
            work.error.__cause__ = error
    connection.exec_driver_sql("RELEASE work")
