"""Work for `Database.transact`, in threads, and how many commits it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from diorama.store import schema
from diorama.store.database import Database

Do = Callable[[sa.Connection], Any]


@contextmanager
def commits_of(database: Database) -> Iterator[list[int]]:
    """A list that grows with each commit in the block."""
    found: list[int] = []

    def note(_connection: object) -> None:
        found.append(1)

    sa.event.listen(database._engine, "commit", note)
    try:
        yield found
    finally:
        sa.event.remove(database._engine, "commit", note)


def adding(name: str, after: Callable[[], object] = lambda: None) -> Do:
    """Work that adds a project, and does something then."""

    def do(connection: sa.Connection) -> str:
        connection.execute(sa.insert(schema.projects), {"entity": "e", "name": name, "created_at": 1.0})
        after()
        return name

    return do


def raising(error: BaseException) -> Callable[[], object]:
    def after() -> None:
        raise error

    return after


def names_in(database: Database) -> list[str]:
    with database.read() as connection:
        return list(
            connection.execute(sa.select(schema.projects.c.name).order_by(schema.projects.c.id)).scalars()
        )


@contextmanager
def behind_another(database: Database) -> Iterator[Callable[[Do], Future[Any]]]:
    """To queue up work, in order, behind a transaction that ends with the block."""
    is_in, may_go = threading.Event(), threading.Event()

    def first(_connection: sa.Connection) -> None:
        is_in.set()
        assert may_go.wait(20)

    waiting = database._shared_commits._waiting
    with ThreadPoolExecutor(100) as threads:
        leading = threads.submit(database.transact, first)
        assert is_in.wait(20)

        def queue(do: Do) -> Future[Any]:
            count = len(waiting)
            future = threads.submit(database.transact, do)
            until = time.monotonic() + 20
            while len(waiting) == count:
                assert time.monotonic() < until
                time.sleep(0.001)
            return future

        try:
            yield queue
        finally:
            may_go.set()
        leading.result()
