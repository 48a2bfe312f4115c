"""Work of several threads in one transaction of SQLite: one commit for all, each fails for itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from batches import RUN, ingest, log
from commits import Do, adding, behind_another, commits_of, names_in, raising
from owner import Service

from diorama.errors import BadRequest, NotFound, StoreError, Unstorable
from diorama.model import StoreDir
from diorama.service.views import RunPatch
from diorama.store import database as databases
from diorama.store import shared_commits
from diorama.store.database import Database

HERE = Path(__file__).parent


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "diorama.db")
    yield database
    database.close()


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
    errors = [work.exception() for work in works]
    for error in errors:
        assert isinstance(error, StoreError)
        assert "full" in str(error)
    # Each has its own: what is raised gets the traceback and the context of the thread that raises it.
    assert len({id(error) for error in errors}) == 3
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


BUSY = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, {here!r})
from commits import adding
from diorama.store import shared_commits
from diorama.store.database import Database

shared_commits.TURN_SECS = 1.0
database = Database.open(Path(sys.argv[1]))

def work(number):
    for made in range(10_000):
        database.transact(adding(f"{{number}}.{{made}}", lambda: time.sleep(0.03)))
        sys.stdout.write("stored\\n")
        sys.stdout.flush()

for number in range(8):
    threading.Thread(target=work, args=(number,), daemon=True).start()
sys.stdin.readline()
"""
"""A process whose threads write without a break."""


def test_two_processes_both_get_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not hand its lock over: who gives it back and takes it again at once is the first."""
    monkeypatch.setattr(databases, "BUSY_WAIT_SECS", 5.0)
    database = Database.open(tmp_path / "diorama.db")
    busy = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(here=str(HERE)), str(tmp_path / "diorama.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert busy.stdout is not None
    try:
        for number in range(4):
            assert busy.stdout.readline() == "stored\n"
            assert database.transact(adding(f"other {number}")) == f"other {number}"
        assert busy.stdout.readline() == "stored\n"
    finally:
        busy.kill()
        busy.communicate()
    database.close()


def test_changes_by_a_person_share_commits_too(tmp_path: Path) -> None:
    service = Service.open(StoreDir(tmp_path / "store"))
    uids = [ingest(service, log(0, {"x": 1}), run=(*RUN[:2], f"run{number}")) for number in range(4)]
    service.delete_runs([uids[3]])
    database = service._database
    with commits_of(database) as commits, ThreadPoolExecutor(3) as threads:
        with behind_another(database) as queue:
            queue(adding("first"))
            works = [
                threads.submit(service.delete_runs, iter(uids[:2])),
                threads.submit(service.restore_runs, iter(uids[3:])),
                threads.submit(service.patch_run, uids[2], RunPatch(name="new")),
            ]
            until = time.monotonic() + 20
            while len(database._shared_commits._waiting) < 5:
                assert time.monotonic() < until
                time.sleep(0.001)
            del commits[:]
        deleted, restored, _ = (work.result() for work in works)
    assert (deleted, restored) == (uids[:2], uids[3:])
    assert len(commits) <= 2 + 1  # and a patched run is read again
    assert {run.name for run in service.runs(*RUN[:2]).runs} == {"new", "run3"}
    service.close()


def test_a_deletion_that_is_done_twice_says_what_it_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that wrote it was interrupted after the commit: it is done anew by the next."""
    service = Service.open(StoreDir(tmp_path / "store"))
    uid = ingest(service, log(0, {"x": 1}))
    database = service._database

    def twice(do: Do) -> object:
        for _ in range(2):
            with database.write() as connection:
                result = do(connection)
        return result

    monkeypatch.setattr(database, "transact", twice)
    assert service.delete_runs([uid]) == [uid]
    with pytest.raises(NotFound):
        service.find_run(*RUN)
    assert service.restore_runs([uid]) == [uid]
    assert service.find_run(*RUN).uid == uid
    service.close()
