"""Opening: many at once, older stores, newer stores, damaged ones."""

from __future__ import annotations

import gc
import random
import shutil
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from batches import ingest, log, rows_of
from owner import Service

from diorama.errors import Corrupt, NotFound, StoreError, TooNew, Unstorable
from diorama.media import ImageRecord
from diorama.model import StoreDir
from diorama.service.keys import key_rows
from diorama.store import database as databases
from diorama.store import history, schema
from diorama.store.database import Database
from diorama.store.migrations import SCHEMA_VERSION

OPENER = """
import sys
from pathlib import Path
from diorama.model import OWNER, StoreDir
from diorama.service import Service
from diorama.service.keys import key_rows
sys.stdin.readline()
service = Service.open(StoreDir(Path(sys.argv[1]))).for_(OWNER)
print(service.version())
"""


@pytest.mark.parametrize("count", [pytest.param(32, marks=pytest.mark.slow), 6])
def test_many_processes_may_open_an_empty_store_at_once(
    store_environ: dict[str, str], tmp_path: Path, count: int
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path / "store")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=store_environ,
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=240)  # longer is a hang
        assert (process.returncode, output) == (0, "0\n"), errors


def test_a_newer_store_is_refused_and_left_alone(open_store: Callable[[], Service]) -> None:
    service = open_store()
    with service._database.write() as connection:
        connection.execute(
            sa.update(schema.meta).where(schema.meta.c.name == "schema_version").values(number=99)
        )
    service.close()
    with pytest.raises(TooNew, match="version 99"):
        open_store()


def test_an_older_sqlite_store_is_backed_up_and_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store" / "diorama.db"
    service = Service.open(StoreDir(path.parent))
    uid = ingest(service, log(0, {"x": 1}))
    service.close()

    def _add_column(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE runs ADD COLUMN mood TEXT"))

    monkeypatch.setattr(databases, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(databases, "MIGRATIONS", (*databases.MIGRATIONS, _add_column))
    service = Service.open(StoreDir(path.parent))
    assert rows_of(service, uid) == [{"_step": 0, "x": 1}]
    with service._database.read() as connection:
        assert connection.execute(sa.text("SELECT mood FROM runs")).all() == [(None,)]
    service.close()
    backup = sqlite3.connect(path.with_name(f"diorama.db.v{SCHEMA_VERSION}.backup"))
    assert backup.execute("SELECT number FROM meta WHERE name = 'schema_version'").fetchone() == (
        SCHEMA_VERSION,
    )
    assert backup.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    backup.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    is_sqlite = request.param == "sqlite"
    opened = Database.open(tmp_path / "diorama.db" if is_sqlite else request.getfixturevalue("postgres_url"))
    yield opened
    opened.close()


VALUES = {
    "an int beyond 64 bits": {"id": 2**64},
    "half a character": {"entity": "\ud800"},
    "no value": {"entity": None},
    "a value of no type": {"name": object()},
    "the same twice": {"entity": "local", "name": "there"},
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_what_a_database_never_takes_is_no_trouble_of_the_store(
    database: Database, values: dict[str, Any]
) -> None:
    there = {"entity": "local", "name": "there", "created_at": 0.0}
    with database.write() as connection:
        connection.execute(sa.insert(schema.projects), there)
    with pytest.raises(Unstorable), database.write() as connection:
        connection.execute(sa.insert(schema.projects), there | {"name": "other"} | values)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.projects)).scalar() == 1


@pytest.mark.parametrize("text", ["nul\0", "x" * 3_000_000], ids=["a zero byte", "beyond an index row"])
def test_what_only_postgres_refuses_is_no_trouble_of_the_store(postgres_url: str, text: str) -> None:
    database = Database.open(postgres_url)
    text = text if "\0" in text else random.Random(1).randbytes(len(text)).hex()
    with pytest.raises(Unstorable), database.write() as connection:
        connection.execute(sa.insert(schema.projects), {"entity": "e", "name": text, "created_at": 0.0})
    database.close()


def test_parameters_that_no_column_can_have_are_refused(database: Database) -> None:
    with pytest.raises(Unstorable), database.read() as connection:
        connection.execute(sa.select(schema.runs).where(schema.runs.c.id == 2**70)).all()


def test_what_the_store_lacks_is_trouble_of_the_store(database: Database) -> None:
    with pytest.raises(StoreError) as caught, database.write() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (1)"))
    assert not isinstance(caught.value, Unstorable)


def test_all_that_is_read_in_a_block_is_of_one_moment(open_store: Callable[[], Service]) -> None:
    """Compaction replaces chunks: who has read which there are must still find them."""
    service = open_store()
    uid = ingest(service, *(log(step, {"x": step}) for step in range(10)))
    with service._database.read() as connection:
        [key] = key_rows(connection, [uid], ["x"])
        chunks = history.chunks_of(connection, [key.id])[key.id]
        for number in range(2 * history.MERGE_CHUNKS):
            ingest(service, log(100 + number, {"x": number}), writer=f"w.{number + 1}")
        points = history.ChunkReader().all_points(connection, chunks)
        assert points.values() == list(range(10))
    with service._database.read() as connection:
        assert {chunk.id for chunk in history.chunks_of(connection, [key.id])[key.id]}.isdisjoint(
            {chunk.id for chunk in chunks}
        )


def test_nothing_can_be_written_while_reading(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with pytest.raises(StoreError, match="read-only"), database.read() as connection:
        connection.execute(sa.delete(schema.meta))
    with database.write() as connection:
        connection.execute(sa.update(schema.meta).values(number=schema.meta.c.number))
    database.close()


def test_a_connection_that_failed_is_not_used_again(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "diorama.db")
    with database.read() as connection:
        driver: Any = connection.connection.dbapi_connection
    driver.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    with pytest.raises(StoreError, match="not authorized"), database.write():
        pass
    with database.write() as connection:
        assert connection.execute(sa.select(schema.meta.c.number)).all()
    database.close()


class TestStoresThatAreRemoved:
    """`rm -r` while it is open: what was acknowledged is in what lies there now."""

    def test_between_two_batches(self, tmp_path: Path) -> None:
        store = StoreDir(tmp_path / "store")
        service, reader = Service.open(store), Service.open(store)
        ingest(service, log(0, {"x": 1}))
        assert reader.version() > 0
        shutil.rmtree(store.root)
        uid = ingest(service, log(0, {"y": 2}), writer="w.1")
        again = Service.open(store)
        for one in (service, reader, again):
            assert rows_of(one, uid) == [{"_step": 0, "y": 2}]
            one.close()

    def test_what_was_remembered_of_the_old_one_is_not_shown_as_the_new_one(self, tmp_path: Path) -> None:
        store = StoreDir(tmp_path / "store")
        with Service.open(store) as reader:
            for value in (1.0, 2.0):
                with Service.open(store) as service:
                    uid = ingest(service, *(log(step, {"x": value}) for step in range(3000)))
                assert {row["x"] for row in rows_of(reader, uid)} == {value}
                shutil.rmtree(store.root)

    def test_in_the_middle_of_one(self, tmp_path: Path) -> None:
        database = Database.open(tmp_path / "store" / "diorama.db")

        def _write() -> None:
            with database.write() as connection:
                connection.execute(sa.update(schema.meta).values(number=SCHEMA_VERSION + 1))
                shutil.rmtree(tmp_path / "store")

        with pytest.raises(StoreError, match="removed or replaced"):
            _write()
        with database.read() as connection:
            numbers = connection.execute(sa.select(schema.meta.c.number)).scalars().all()
        assert SCHEMA_VERSION + 1 not in numbers
        database.close()

    def test_a_backup_that_is_put_in_its_place_is_opened(self, tmp_path: Path) -> None:
        store = StoreDir(tmp_path / "store")
        service = Service.open(store)
        uid = ingest(service, log(0, {"x": 1}))
        backup = tmp_path / "backup.db"
        with closing(sqlite3.connect(store.database)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        ingest(service, log(1, {"x": 2}), writer="w.1")
        for path in store.root.glob("diorama.db-*"):
            path.unlink()
        backup.replace(store.database)
        assert rows_of(service, uid) == [{"_step": 0, "x": 1}]
        service.close()

    def test_blobs_that_went_with_it_are_missed(self, tmp_path: Path) -> None:
        store = StoreDir(tmp_path / "store")
        service = Service.open(store)
        blob = service.put_blob(b"pixels", "image/png")
        shutil.rmtree(store.root)
        with pytest.raises(NotFound):
            ingest(service, log(0, {"picture": ImageRecord(blob=blob, width=1, height=1)}))
        service.close()


def test_sqlite_is_as_durable_as_it_can_be(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "diorama.db")
    with database.read() as connection:
        settings = [
            connection.execute(sa.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    database.close()
    assert settings == ["wal", 2, 1, 30_000]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "diorama.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(Corrupt):
        Database.open(path)


def test_damage_that_cannot_even_be_named_is_told(tmp_path: Path) -> None:
    """SQLite quotes the damaged name, and Python can't read the quote."""
    path = tmp_path / "diorama.db"
    Database.open(path).close()
    data = path.read_bytes()
    path.write_bytes(data.replace(b"blob_uses_by_ownerblob_uses", b"bl\xc5b_uses_by_ownerblob_uses"))
    with pytest.raises(Corrupt):
        Database.open(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't make"):
        Database.open(tmp_path / "file" / "store" / "diorama.db")


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(StoreError, match="URL"):
        Database.open("no address")


def test_missing_blobs_are_found(open_store: Callable[[], Service]) -> None:
    service = open_store()
    blob = service.put_blob(b"pixels", "image/png")
    ingest(service, log(0, {"picture": ImageRecord(blob=blob, width=1, height=1)}))
    assert service.check() == []
    service._blobs.delete(blob.sha256)
    assert service.check() == [f"blob {blob.sha256} is missing"]


def test_a_database_that_nobody_closes_leaves_no_connection_behind(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "diorama.db")
    with database.read() as connection:
        driver = connection.connection.driver_connection
    del database, connection
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")


def test_a_forgotten_database_is_closed_at_once(tmp_path: Path) -> None:
    """Nothing that it holds holds it: a script that opens many does not wait for the garbage collector."""
    gc.disable()
    try:
        database = Database.open(tmp_path / "diorama.db")
        database.transact(lambda connection: None)
        held = weakref.ref(database)
        del database
        assert held() is None
    finally:
        gc.enable()
