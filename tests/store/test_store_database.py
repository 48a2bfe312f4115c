"""Opening: many at once, older stores, newer stores, damaged ones."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from batches import ingest, log, rows_of

from diorama.errors import Corrupt, StoreError, TooNew
from diorama.model import StoreDir
from diorama.service import Service
from diorama.store import database as databases
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.migrations import SCHEMA_VERSION

OPENER = """
import sys
from pathlib import Path
from diorama.model import StoreDir
from diorama.service import Service
sys.stdin.readline()
service = Service.open(StoreDir(Path(sys.argv[1])))
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
        output, errors = process.communicate(timeout=120)
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


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't make"):
        Database.open(tmp_path / "file" / "store" / "diorama.db")


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(StoreError, match="URL"):
        Database.open("no address")


def test_missing_blobs_are_found(open_store: Callable[[], Service]) -> None:
    from diorama.media import ImageRecord

    service = open_store()
    blob = service.put_blob(b"pixels", "image/png")
    ingest(service, log(0, {"picture": ImageRecord(blob=blob, width=1, height=1)}))
    assert service.check() == []
    service._blobs.delete(blob.sha256)
    assert service.check() == [f"blob {blob.sha256} is missing"]
