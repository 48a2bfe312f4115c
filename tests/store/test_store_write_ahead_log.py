"""SQLite's log stays short, also while there is always somebody who reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from diorama.store import schema, write_ahead_log
from diorama.store.database import Database

KEPT_BYTES = 128 * 1024


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(write_ahead_log, "KEPT_BYTES", KEPT_BYTES)
    monkeypatch.setattr(write_ahead_log, "LONG_BYTES", 2 * KEPT_BYTES)
    monkeypatch.setattr(write_ahead_log, "PAUSE_SECS", 0.0)
    opened = Database.open(f"sqlite:///{tmp_path / 'diorama.db'}")
    yield opened
    opened.close()


def log_bytes(tmp_path: Path) -> int:
    return (tmp_path / "diorama.db-wal").stat().st_size


def write_kilobytes(database: Database, number: int) -> None:
    """A commit of about 100 kB."""
    with database.write() as connection:
        row = {"sha256": f"{number:064}", "size_bytes": 1, "mime": "x" * 100_000, "created_at": 0.0}
        connection.execute(sa.insert(schema.blobs), row)


@contextmanager
def reading(database: Database) -> Iterator[None]:
    with database.read() as connection:
        connection.execute(sa.select(sa.func.count()).select_from(schema.runs)).scalar_one()
        yield


@contextmanager
def always_a_reader(database: Database) -> Iterator[None]:
    """One begins before the one before it ends."""
    is_over = threading.Event()

    def read() -> None:
        with ExitStack() as before:
            before.enter_context(reading(database))
            while not is_over.wait(0.005):
                with ExitStack() as next_one:
                    next_one.enter_context(reading(database))
                    before.close()
                    before = next_one.pop_all()
            before.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_the_log_stays_short_while_there_is_always_a_reader(database: Database, tmp_path: Path) -> None:
    with always_a_reader(database):
        for number in range(100):
            write_kilobytes(database, number)
    assert log_bytes(tmp_path) < 8 * KEPT_BYTES  # of 10 MB that were written
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.blobs)).scalar_one() == 100


def test_a_reader_that_goes_on_holds_nobody_up_and_the_log_is_short_afterwards(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_ahead_log, "WAIT_SECS", 0.01)
    with reading(database):
        for number in range(20):
            write_kilobytes(database, number)
        assert log_bytes(tmp_path) > 8 * KEPT_BYTES
    for number in range(20, 23):
        write_kilobytes(database, number)
    assert log_bytes(tmp_path) < 8 * KEPT_BYTES


def test_who_writes_waits_as_long_for_others_as_before(database: Database, tmp_path: Path) -> None:
    with reading(database):
        for number in range(5):
            write_kilobytes(database, number)
    with database.write() as connection:
        assert (
            connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() > 1000 * write_ahead_log.WAIT_SECS
        )
