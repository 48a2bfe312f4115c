"""Work of several threads in one transaction, with one commit.

SQLite has one writer at a time, and each commit waits for the disk. So work that comes while a transaction is
being written waits in a row, and the next transaction takes all of it: work after work, one commit. Work that
comes while nobody writes begins at once, alone.

- `run` returns when what its work wrote is committed, never before.
- Work that raises is undone alone, and raises where it came from; the rest is committed.
- Where the database itself fails in the middle of work, the whole transaction is given up. That work fails,
  and the rest is done anew, without it: damaged rows of one run keep nobody else from writing.
- Where a transaction can't begin or commit, all its work fails.
- A transaction takes WORKS_LIMIT works at most, and begins none after LONGEST_SECS.
- SQLite hands its lock to nobody: another process that waits for it asks again and again, at least every 100
  ms, and may miss it each time. So threads that have written for TURN_SECS without a break leave it alone for
  BREAK_SECS.

Work may be called twice, also when the first time was committed after all: it must look at what is stored.

A thread may be interrupted anywhere (KeyboardInterrupt, or what else a signal's handler raises), also in the
middle of another thread's work, or while it is cleaning up. So nothing depends on what it does then. Work
stays in the row until it is over: who writes next finds it there. Who writes holds a plain lock, which `with`
gives back without a moment in which Python looks for signals (a `threading.Condition` is written in Python).
And who waits to be told that it is its turn looks by itself every LOOK_SECS.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import sqlalchemy as sa

from diorama.errors import DioramaError, StoreError, is_interruption
from diorama.store.driver_errors import ends_transaction, plain_error

WORKS_LIMIT = 64
LONGEST_SECS = 0.25
TURN_SECS = 10.0
BREAK_SECS = 0.12
"""A little longer than the longest time between two questions of SQLite's for the lock."""
LOOK_SECS = 0.5

T = TypeVar("T")


class _Work:
    """A function that a thread wants to run in a transaction, and its result."""

    def __init__(self, do: Callable[[sa.Connection], Any]) -> None:
        self.do = do
        self.is_over = False
        """It was done, or failed, or its thread waits for it no more."""
        self.result: Any = None
        self.error: Exception | None = None
        self._news: SimpleQueue[bool] = SimpleQueue()

    def tell(self, *, is_its_turn: bool) -> None:
        """Wake its thread: it may write, or its work is over."""
        self._news.put(is_its_turn)

    def waits_for_turn(self) -> bool:
        """Wait to be told; whether it may write. False also after LOOK_SECS."""
        try:
            return self._news.get(timeout=LOOK_SECS)
        except Empty:
            return False


Write = Callable[[], AbstractContextManager[sa.Connection]]
"""Begins a transaction, and commits it."""


class SharedCommits:
    """The row of those who want to write to a database."""

    def __init__(self) -> None:
        self._waiting: deque[_Work] = deque()
        """All work that is not over. Any thread adds to its end; who has `_writing` removes from its
        front."""
        self._writing = threading.Lock()
        """Of the thread that writes for all."""
        self._turn_began = self._last_ended = time.monotonic()

    def run(self, write: Write, do: Callable[[sa.Connection], T]) -> T:
        """Do work in a transaction; returns what it returns, as soon as that is durable.

        `write` is passed in at each call, so that this object does not keep the Database alive.
        """
        work = _Work(do)
        try:
            self._waiting.append(work)
            while not work.is_over:
                if self._writing.locked() and not work.waits_for_turn():
                    continue
                with self._writing:
                    if not work.is_over:
                        self._write_waiting(work, write)
                self._tell_next()
        finally:
            work.is_over = True
        if work.error is not None:
            raise work.error
        result: T = work.result
        return result

    def _write_waiting(self, own: _Work, write: Write) -> None:
        """One transaction. It raises only what interrupts this thread."""
        self._leave_it_to_others()
        works: list[_Work] = []
        done: list[_Work] = []
        under_way: _Work | None = None
        connection: sa.Connection | None = None
        try:
            with write() as connection:
                works = self._first()
                until = time.monotonic() + LONGEST_SECS
                for work in works:
                    if done and time.monotonic() > until:
                        break
                    under_way = work
                    _do(work, connection, is_alone=len(works) == 1)
                    done.append(work)
                under_way = None
        except Exception as error:
            if is_interruption(error):
                _abandon(connection)
                raise
            if under_way is not None:
                under_way.error = error
                done = [under_way]
            else:  # it could not begin, or not commit
                done = works or self._first()
                for work in done:
                    work.error = error if work is own else _own_error(error)
        except BaseException:
            _abandon(connection)
            raise
        for work in done:
            work.is_over = True
        self._forget_what_is_over()
        self._last_ended = time.monotonic()
        for work in done:
            work.tell(is_its_turn=False)

    def _tell_next(self) -> None:
        """Wake who comes next. It comes after the lock was given back: who joins the row later sees that."""
        for work in self._waiting.copy():
            if not work.is_over:
                work.tell(is_its_turn=True)
                return

    def _first(self) -> list[_Work]:
        """The work that a transaction takes. It stays in the row."""
        self._forget_what_is_over()
        row = self._waiting
        first = [row[place] for place in range(min(len(row), WORKS_LIMIT))]
        return [work for work in first if not work.is_over]

    def _forget_what_is_over(self) -> None:
        while self._waiting and self._waiting[0].is_over:
            self._waiting.popleft()

    def _leave_it_to_others(self) -> None:
        """Take a break if it is time for one."""
        now = time.monotonic()
        if now - self._last_ended > BREAK_SECS:
            self._turn_began = now
        elif now - self._turn_began > TURN_SECS:
            time.sleep(BREAK_SECS)
            self._turn_began = time.monotonic()


def _do(work: _Work, connection: sa.Connection, *, is_alone: bool) -> None:
    """Run one work. Raises an error after which the transaction can't continue."""
    work.error = None
    if is_alone:
        work.result = work.do(connection)
        return
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        work.result = work.do(connection)
    except Exception as error:
        if ends_transaction(error) or is_interruption(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO work")
        work.error = plain_error(error) or error
        if work.error is not error:
            work.error.__cause__ = error
    connection.exec_driver_sql("RELEASE work")


def _abandon(connection: sa.Connection | None) -> None:
    """Leave no transaction open. `with` may have been interrupted at its end, and then the traceback of the
    interruption keeps the connection alive, with SQLite's lock."""
    if connection is not None and not connection.closed:
        connection.invalidate()
        connection.close()


def _own_error(error: Exception) -> Exception:
    """An error for one of several threads that all fail by the same one: what is raised is changed by it."""
    if isinstance(error, DioramaError):
        own: Exception = type(error)(error.message, hint=error.hint)
    else:
        own = StoreError(f"the transaction failed: {type(error).__name__}: {error}")
    own.__cause__ = error
    return own
