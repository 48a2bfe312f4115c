"""A newer Diorama migrates a store that an older one has open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from batches import ingest, log, rows_of
from owner import OpenStore, Service

from diorama.errors import TooNew
from diorama.service.views import RunPatch
from diorama.store import database as databases
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.migrations import MIGRATIONS, SCHEMA_VERSION


def rename_column(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE chunks RENAME COLUMN count TO point_count"))


def change_what_a_value_means(connection: sa.Connection) -> None:
    connection.execute(sa.text("UPDATE runs SET last_step = last_step + 1000"))


@contextmanager
def newer_diorama(migrate: Callable[[sa.Connection], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        patch.setattr(databases, "MIGRATIONS", (*MIGRATIONS, migrate))
        yield


@pytest.mark.parametrize("migrate", [rename_column, change_what_a_value_means])
def test_who_has_a_store_open_notices_a_migration(
    migrate: Callable[[sa.Connection], None], open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads and whoever writes is told so, also where no statement would fail."""
    old = open_store()
    uid = ingest(old, log(0, {"x": 1}))
    assert rows_of(old, uid) == [{"_step": 0, "x": 1}]
    if migrate is change_what_a_value_means:
        monkeypatch.setattr(databases, "LOOK_SECS", 0.0)  # else PostgreSQL's readers may take a second
        assert old.run(uid).run.last_step == 0
    with newer_diorama(migrate):
        open_store()
    asks: list[Callable[[Service], object]] = [
        lambda service: rows_of(service, uid),
        lambda service: service.run(uid),
        lambda service: service.keys([uid]),
        lambda service: service.version(),
        lambda service: service.patch_run(uid, RunPatch(name="new")),
        lambda service: service.delete_runs([uid]),
        lambda service: ingest(service, log(1, {"x": 2}), writer="w.1"),
    ]
    for ask in asks:
        with pytest.raises(TooNew, match=f"version {SCHEMA_VERSION + 1}"):
            ask(old)


class OldServer:
    """Asks as servers of older versions do several times a second, and writes, until it is stopped."""

    def __init__(self, url: str, *, readers: int, writers: int) -> None:
        self.errors: list[Exception] = []
        self.asked = self.written = 0
        self._engine = sa.create_engine(url, isolation_level="REPEATABLE READ", pool_size=readers + writers)
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(self._ask,)) for _ in range(readers)]
        self._threads += [threading.Thread(target=self._repeat, args=(self._write,)) for _ in range(writers)]
        for thread in self._threads:
            thread.start()

    def _repeat(self, do: Callable[[sa.Connection], None]) -> None:
        while not self._is_over.is_set():
            try:
                with self._engine.begin() as connection:
                    do(connection)
            except sa.exc.DBAPIError as error:
                self.errors.append(error)

    def _ask(self, connection: sa.Connection) -> None:
        self._is_over.wait(0.02)
        newest = "SELECT max(version) FROM runs WHERE version < (SELECT number + 10 FROM meta LIMIT 1)"
        connection.execute(sa.text(newest)).all()
        self.asked += 1

    def _write(self, connection: sa.Connection) -> None:
        """Without a pause: at any time, one of them or another is between `meta` and its commit."""
        connection.execute(sa.text("SELECT number FROM meta")).all()
        connection.execute(sa.text("SELECT id FROM runs WHERE id = 1 FOR SHARE")).all()
        self._is_over.wait(0.01)
        self.written += 1

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._engine.dispose()


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def old_server(url: str, version: int, *, readers: int, writers: int) -> Iterator[OldServer]:
    """An older store with its server. A migration ends meanwhile, and the server never notices."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for migrate in MIGRATIONS[:version]:
            migrate(connection)
        is_version = schema.meta.c.name == "schema_version"
        connection.execute(sa.update(schema.meta).where(is_version).values(number=version))
    server = OldServer(url, readers=readers, writers=writers)
    try:
        yield server
        with engine.begin() as connection:
            found = connection.execute(sa.select(schema.meta.c.number).where(is_version)).scalar_one()
        assert found == SCHEMA_VERSION
    finally:
        server.stop()
        engine.dispose()
    assert server.errors == []


@pytest.mark.parametrize("version", [3, 4])
def test_a_migration_ends_while_a_server_asks_and_a_run_is_written(version: int, postgres_url: str) -> None:
    """PostgreSQL: who reads holds `runs` and wants `meta`, who writes the other way round."""
    engine = sa.create_engine(postgres_url)
    with old_server(postgres_url, version, readers=8, writers=0) as server:
        with ThreadPoolExecutor(1) as thread:
            with engine.begin() as writing:
                writing.execute(sa.select(schema.meta.c.number)).all()
                opening = thread.submit(Database.open, postgres_url)
                wait([opening], timeout=2.5)  # as long as a large batch may take
                assert not opening.done()
            opening.result(60).close()
        assert server.asked
    engine.dispose()


@pytest.mark.parametrize("version", [2, 3, 4, SCHEMA_VERSION - 1])
@pytest.mark.parametrize("readers", [0, 2])
def test_a_migration_ends_while_runs_are_written_all_the_time(
    version: int, readers: int, postgres_url: str
) -> None:
    """PostgreSQL: who writes takes `meta` first, and there is always one who has it."""
    with old_server(postgres_url, version, readers=readers, writers=4) as server:
        until(lambda: server.written > 4)
        Database.open(postgres_url).close()
