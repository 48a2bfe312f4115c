"""Work of several threads in one transaction of SQLite: one commit for all, each fails for itself."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from diorama.errors import BadRequest, StoreError, Unstorable
from diorama.store import database as databases
from diorama.store import schema, shared_commits
from diorama.store.database import Database

Do = Callable[[sa.Connection], Any]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "diorama.db")
    yield database
    database.close()


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


def test_work_that_waits_shares_a_commit(database: Database) -> None:
    with commits_of(database) as commits, behind_another(database) as queue:
        works = [queue(adding(f"p{number}")) for number in range(20)]
    assert [work.result() for work in works] == [f"p{number}" for number in range(20)]
    assert len(commits) == 2
    assert names_in(database) == [f"p{number}" for number in range(20)]


def test_nothing_is_told_before_it_is_committed(database: Database) -> None:
    """Other connections see what a work wrote, as soon as it returns."""

    def write_and_look(number: int) -> bool:
        name = f"p{number}"
        return database.transact(adding(name)) == name and name in names_in(database)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(write_and_look, range(80)))


def test_work_alone_fails_alone(database: Database) -> None:
    with pytest.raises(BadRequest, match="no"):
        database.transact(adding("a", raising(BadRequest("no"))))
    with pytest.raises(Unstorable):
        database.transact(lambda connection: [adding("b")(connection), adding("b")(connection)])
    assert database.transact(adding("c")) == "c"
    assert names_in(database) == ["c"]


def test_work_that_raises_is_undone_and_the_rest_is_not(database: Database) -> None:
    with commits_of(database) as commits, behind_another(database) as queue:
        queue(adding("a"))
        refused = queue(adding("b", raising(BadRequest("no"))))
        twice = queue(adding("a"))
        broken = queue(adding("c", raising(TypeError("ours"))))
        queue(adding("d"))
    assert len(commits) == 2
    assert names_in(database) == ["a", "d"]
    with pytest.raises(BadRequest, match="no"):
        refused.result()
    with pytest.raises(Unstorable):
        twice.result()
    with pytest.raises(TypeError, match="ours"):
        broken.result()


@pytest.mark.parametrize("text", ["disk I/O error", "database or disk is full"])
def test_work_at_which_the_database_fails_fails_alone(database: Database, text: str) -> None:
    done: list[str] = []
    with behind_another(database) as queue:
        first = queue(adding("a", lambda: done.append("a")))
        failing = queue(adding("b", raising(sqlite3.OperationalError(text))))
        last = queue(adding("c", lambda: done.append("c")))
    with pytest.raises(StoreError, match=text):
        failing.result()
    assert (first.result(), last.result()) == ("a", "c")
    assert names_in(database) == ["a", "c"]
    assert done == ["a", "a", "c"]  # given up after the failure, and done anew


def test_what_can_not_be_committed_fails_as_a_whole(database: Database) -> None:
    count = 0

    def fail_second(_connection: object) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise sqlite3.OperationalError("database or disk is full")

    sa.event.listen(database._engine, "commit", fail_second)
    with behind_another(database) as queue:
        works = [queue(adding(name)) for name in "abc"]
    for work in works:
        with pytest.raises(StoreError, match="full"):
            work.result()
    assert names_in(database) == []
    assert database.transact(adding("d")) == "d"


def test_who_waits_for_a_lock_in_vain_does_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "BUSY_WAIT_SECS", 0.5)
    database = Database.open(tmp_path / "diorama.db")
    locked = sqlite3.connect(tmp_path / "diorama.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        works = [threads.submit(database.transact, adding(name)) for name in "abcdef"]
        for work in works:
            with pytest.raises(StoreError, match="locked"):
                work.result()
    # The first may begin before the others have come; these wait together.
    assert time.monotonic() - began < 6 * 0.5
    locked.execute("ROLLBACK")
    locked.close()
    assert database.transact(adding("g")) == "g"
    assert names_in(database) == ["g"]
    database.close()


def test_a_transaction_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of its works, and by time: others have their turn in between."""
    monkeypatch.setattr(shared_commits, "WORKS_LIMIT", 5)
    with commits_of(database) as commits, behind_another(database) as queue:
        works = [queue(adding(f"p{number}")) for number in range(13)]
    assert [work.result() for work in works] == [f"p{number}" for number in range(13)]
    assert len(commits) == 1 + 3
    monkeypatch.setattr(shared_commits, "LONGEST_SECS", 0.0)
    with commits_of(database) as commits, behind_another(database) as queue:
        works = [queue(adding(f"q{number}", lambda: time.sleep(0.002))) for number in range(4)]
    assert [work.result() for work in works] == [f"q{number}" for number in range(4)]
    assert len(commits) == 1 + 4
    assert names_in(database) == [f"p{number}" for number in range(13)] + [
        f"q{number}" for number in range(4)
    ]


def test_an_interruption_of_who_writes_for_all_stops_nobody_else(database: Database) -> None:
    """Ctrl-C hits the thread that writes, in the middle of another's work, or of its own."""
    interrupted: list[str] = []

    def once() -> None:
        if not interrupted:
            interrupted.append(threading.current_thread().name)
            raise KeyboardInterrupt

    with behind_another(database) as queue:
        works = [queue(adding("a")), queue(adding("b", once)), queue(adding("c"))]
    ended = [work.exception(20) for work in works]
    assert sum(isinstance(error, KeyboardInterrupt) for error in ended) == 1
    stored = [name for name, error in zip("abc", ended, strict=True) if error is None]
    assert names_in(database) == stored
    assert database.transact(adding("d")) == "d"
