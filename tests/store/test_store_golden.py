"""Stores of every earlier version open, migrate and say the same as ever."""

from __future__ import annotations

import json
import runpy
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from diorama.store.migrations import MIGRATIONS, SCHEMA_VERSION

STORES = Path(__file__).parents[1] / "golden" / "stores"
MADE = sorted(STORES.glob("*.zip"))
read_back = runpy.run_path(str(STORES / "make.py"))["read_back"]


def unpacked(path: Path, folder: Path) -> Any:
    """Lays the store into a folder; what it has to say."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        return json.loads(archive.read("expected.json"))


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_golden_store_reads_back_equal(path: Path, tmp_path: Path) -> None:
    expected = unpacked(path, tmp_path)
    for _ in range(2):  # migrated, then as it was left
        assert json.loads(json.dumps(read_back(tmp_path))) == expected


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_its_rows_in_postgres_read_back_equal(path: Path, tmp_path: Path, postgres_url: str) -> None:
    expected = unpacked(path, tmp_path)
    copy_rows(tmp_path / "diorama.db", postgres_url, version=int(path.stem))
    for _ in range(2):
        found = read_back(tmp_path, environ={"DIORAMA_DATABASE_URL": postgres_url})
        assert json.loads(json.dumps(found)) == expected


def copy_rows(database: Path, url: str, *, version: int) -> None:
    """Make the tables of a version in an empty PostgreSQL, and fill them with the rows of a SQLite file."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for migrate in MIGRATIONS[:version]:
            migrate(connection)
        made = sa.MetaData()
        made.reflect(connection)
        connection.execute(sa.delete(made.tables["meta"]))
        for table in made.sorted_tables:
            rows = list(rows_of(database, table))
            if not rows:
                continue
            connection.execute(sa.insert(table), rows)
            if "id" in table.c:
                sequence = sa.func.pg_get_serial_sequence(table.name, "id")
                connection.execute(sa.select(sa.func.setval(sequence, max(row["id"] for row in rows))))
    engine.dispose()


def rows_of(database: Path, table: sa.Table) -> Iterator[dict[str, Any]]:
    truths = {column.name for column in table.c if isinstance(column.type, sa.Boolean)}
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute(f"SELECT * FROM {table.name}").fetchall():
            found = dict(row)
            yield found | {name: bool(found[name]) for name in truths}


def test_every_earlier_version_has_a_golden_store() -> None:
    assert [path.stem for path in MADE][: SCHEMA_VERSION - 1] == [
        f"{number:04}" for number in range(1, SCHEMA_VERSION)
    ]
