"""The steps from version to version, on both engines."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from batches import BEGAN, RUN, batch, ingest, log, rows_of, start
from owner import Service

from diorama.errors import NotFound
from diorama.journal.entry import Define
from diorama.media import HistogramRecord
from diorama.store import database as databases
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.local_blobs import LocalBlobs
from diorama.store.migrations import MIGRATIONS, SCHEMA_VERSION

NUMBERED = {"projects", "runs", "keys", "chunks", "records"}
"""Tables with row numbers that the database hands out."""
GOLDEN = Path(__file__).parents[1] / "golden" / "stores"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database."""
    is_sqlite = request.param == "sqlite"
    engine = sa.create_engine(
        f"sqlite:///{tmp_path / 'empty.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    )
    yield engine
    engine.dispose()


def service_of(engine: sa.Engine, folder: Path) -> Service:
    """The database as a Service opens it."""
    is_sqlite = engine.dialect.name == "sqlite"
    url = folder / "empty.db" if is_sqlite else engine.url.render_as_string(hide_password=False)
    return Service(Database.open(url), LocalBlobs(folder / "blobs"))


def shape_of(engine: sa.Engine) -> dict[str, Any]:
    """Tables, columns, keys and indexes, as the database says them."""
    found: dict[str, Any] = {}
    inspector = sa.inspect(engine)
    for table in sorted(inspector.get_table_names()):
        foreign = inspector.get_foreign_keys(table)
        found[table] = {
            "columns": sorted(
                (one["name"], str(one["type"]), one["nullable"], str(one.get("default")))
                for one in inspector.get_columns(table)
            ),
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(
                (*one["constrained_columns"], one["referred_table"], str(one["options"])) for one in foreign
            ),
            "unique": sorted(tuple(one["column_names"]) for one in inspector.get_unique_constraints(table)),
            "indexes": sorted(
                (str(one["name"]), tuple(map(str, one["column_names"])))
                for one in inspector.get_indexes(table)
            ),
        }
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            made = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINC%'"))
            found["numbered"] = sorted(made.scalars())
    return found


def test_all_migrations_together_make_the_schema(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for migrate in MIGRATIONS:
            migrate(connection)
    migrated = shape_of(engine)
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(sa.schema.DropTable(table))
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
    assert migrated == shape_of(engine)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.zip")), ids=lambda path: path.stem)
def test_old_migrations_still_make_what_they_made(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extract("diorama.db", tmp_path)
    golden = sa.create_engine(f"sqlite:///{tmp_path / 'diorama.db'}")
    again = sa.create_engine(f"sqlite:///{tmp_path / 'again.db'}")
    with again.begin() as connection:
        for migrate in MIGRATIONS[: int(path.stem)]:
            migrate(connection)
    assert shape_of(golden) == shape_of(again)
    golden.dispose()
    again.dispose()


def test_row_numbers_are_never_used_again(open_store: Callable[[], Service]) -> None:
    tables = [table for table in reversed(schema.metadata.sorted_tables) if "id" in table.c]
    assert {table.name for table in tables} == NUMBERED
    numbers: list[list[int]] = []
    service = open_store()
    for _ in range(2):
        ingest(service, log(0, {"x": 1.0, "h": HistogramRecord(bins=[0, 1], values=[1])}))
        with service._database.write() as connection:
            numbers.append(
                [connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one() for table in tables]
            )
            for table in (schema.documents, schema.run_columns, *tables):
                connection.execute(sa.delete(table))
    assert all(after > before for before, after in zip(*numbers, strict=True))


@pytest.mark.parametrize("version", range(3, SCHEMA_VERSION))
def test_a_migration_gives_no_row_number_anew(version: int, engine: sa.Engine, tmp_path: Path) -> None:
    """Also none of rows that were the newest and are not there any more. (Version 2 began with this.)"""
    with engine.begin() as connection:
        for migrate in MIGRATIONS[:version]:
            migrate(connection)
        version_row = sa.update(schema.meta).where(schema.meta.c.name == "schema_version")
        connection.execute(version_row.values(number=version))
        found = sa.MetaData()
        found.reflect(connection)
        tables = [table for table in found.sorted_tables if table.name in NUMBERED]
        for table in tables:
            for number in (1, 2):
                row = {
                    column.name: 1 if column.foreign_keys else _some(column.type, number)
                    for column in table.columns
                    if column.name != "id" and not column.nullable
                }
                made = connection.execute(sa.insert(table).values(row).returning(table.c.id)).scalar_one()
                assert made == number
        for table in reversed(tables):
            connection.execute(sa.delete(table))
    service = service_of(engine, tmp_path)
    ingest(service, log(0, {"x": 1.0, "h": HistogramRecord(bins=[0, 1], values=[1])}))
    with service._database.read() as connection:
        for name in sorted(NUMBERED):
            table = schema.metadata.tables[name]
            least = connection.execute(sa.select(sa.func.min(table.c.id))).scalar_one()
            assert least == 3, name
    assert service.check() == []
    service.close()


def _some(type_: Any, number: int) -> Any:
    """A value of a type."""
    if isinstance(type_, sa.Text | sa.LargeBinary):
        return str(number) if isinstance(type_, sa.Text) else b"%d" % number
    return number


@pytest.mark.parametrize("version", range(1, 5))
def test_blobs_of_runs_have_them_as_owners(version: int, engine: sa.Engine, tmp_path: Path) -> None:
    two_sessions_of_version(version, engine)
    names = [letter * 64 for letter in "abc"]
    blobs = sa.table("blobs", *map(sa.column, ("sha256", "size_bytes", "mime", "created_at")))
    uses = sa.table("blob_uses", sa.column("sha256"), sa.column("run"))
    runs = sa.Table("runs", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        row = dict(connection.execute(sa.select(runs)).mappings().one())
        connection.execute(sa.insert(runs), row | {"id": 7, "run_id": "other"})
        rows = [{"sha256": name, "size_bytes": 1, "mime": "image/png", "created_at": BEGAN} for name in names]
        connection.execute(sa.insert(blobs), rows)
        connection.execute(sa.insert(uses), [{"sha256": name, "run": 1} for name in names])
        connection.execute(sa.insert(uses), [{"sha256": names[1], "run": 7}])
    service = service_of(engine, tmp_path)
    table = schema.blob_uses.c
    with service._database.read() as connection:
        owners = connection.execute(
            sa.select(table.sha256, table.owner_kind, table.owner).order_by(table.sha256, table.owner)
        ).all()
        kept = connection.execute(sa.select(schema.runs).order_by(schema.runs.c.id)).mappings().all()
    a, b, c = names
    assert [tuple(owner) for owner in owners] == [
        (a, "run", 1),
        (b, "run", 1),
        (b, "run", 7),
        (c, "run", 1),
    ]
    assert [dict(one) for one in kept] == [
        row | {"deleted_at": 0},
        row | {"id": 7, "run_id": "other", "deleted_at": 0},
    ]
    assert service.blob(b).ref.size_bytes == 1
    assert service.delete_runs([1]) == [1]
    assert service.blob(b).ref.size_bytes == 1
    with pytest.raises(NotFound):
        service.blob(a)
    service.close()


def test_a_migration_of_sqlite_loses_no_row_and_no_tie(tmp_path: Path) -> None:
    with zipfile.ZipFile(GOLDEN / "0001.zip") as archive:
        archive.extract("diorama.db", tmp_path)
    path = tmp_path / "diorama.db"

    def _counts() -> dict[str, int]:
        database = sqlite3.connect(path)
        tables = [
            str(table)
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if table in schema.metadata.tables
        ]
        found = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
        return found

    before = _counts()
    database = Database.open(path)
    with database.read() as connection:
        assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
    with database.write() as connection:
        connection.execute(sa.delete(schema.blob_uses))
        connection.execute(sa.delete(schema.runs))
        left = connection.execute(sa.select(sa.func.count()).select_from(schema.chunks)).scalar()
        assert left == 0, "rows still go with the run"
        connection.rollback()
    database.close()
    after = _counts()
    assert {table: after[table] for table in before} == before
    assert after["sessions"]
    assert after["summaries"]


def two_sessions_of_version(version: int, engine: sa.Engine) -> None:
    """A store with a run of two primary writers, "w.0" and then "w.1"."""
    entity, project, run_id = RUN
    nothing = b"\x80"
    with engine.begin() as connection:
        MIGRATIONS[0](connection)
        rows: dict[str, list[dict[str, Any]]] = {
            "projects": [{"id": 1, "entity": entity, "name": project, "created_at": BEGAN}],
            "runs": [
                {
                    "id": 1,
                    "project_id": 1,
                    "run_id": run_id,
                    "name": run_id,
                    "state": "running",
                    "created_at": BEGAN,
                    "last_activity_at": BEGAN,
                    "seen_at": BEGAN,
                    "last_step": LAST_STEP,
                    "notes": "",
                    "tags": "[]",
                    "search": run_id,
                    "version": 1,
                }
            ],
            "documents": [
                dict.fromkeys(("config", "summary", "summary_state", "environment"), nothing) | {"run": 1}
            ],
            "writers": [
                {
                    "run": 1,
                    "writer": f"w.{number}",
                    "number": number + 1,
                    "acked_seq": 1,
                    "is_secondary": False,
                    "state": "running",
                    "started_at": BEGAN + 100 * number,
                    "seen_at": BEGAN,
                }
                for number in range(2)
            ],
        }
        for table, values in rows.items():
            connection.execute(sa.insert(sa.table(table, *map(sa.column, values[0]))), values)
        for migrate in MIGRATIONS[1:version]:
            migrate(connection)
        connection.execute(
            sa.update(schema.meta).where(schema.meta.c.name == "schema_version").values(number=version)
        )


LAST_STEP = 7


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
@pytest.mark.parametrize("lacks_older", [False, True], ids=["migrated now", "migrated in development"])
def test_writers_of_every_session_are_stored_after_a_migration(
    version: int, lacks_older: bool, engine: sa.Engine, tmp_path: Path
) -> None:
    two_sessions_of_version(version, engine)
    is_sqlite = engine.dialect.name == "sqlite"
    database = Database.open(
        tmp_path / "empty.db" if is_sqlite else engine.url.render_as_string(hide_password=False)
    )
    table, writers = schema.sessions.c, schema.writers.c
    with database.write() as connection:
        older, newer = connection.execute(
            sa.select(writers.session).where(writers.run == 1).order_by(writers.number)
        ).scalars()
        made = connection.execute(sa.select(table.session, table.last_step).order_by(table.session)).all()
        assert [tuple(row) for row in made] == [(older, None), (newer, LAST_STEP)]
        if lacks_older:
            connection.execute(sa.delete(schema.sessions).where(table.session == older))
    service = Service(database, LocalBlobs(tmp_path / "blobs"))
    helper = start(writer="w.helper", is_secondary=True, time=BEGAN + 50)
    service.ingest(batch([helper], writer="w.helper"))
    with database.write() as connection:
        session = connection.execute(sa.select(writers.session).where(writers.writer == "w.helper")).scalar()
        assert session == older, "by its time, whether or not the session has a row"
        if lacks_older:
            connection.execute(sa.delete(schema.sessions).where(table.session == older))
    entries = [Define("x", step_key="epoch"), log(3, {"x": 1.0, "epoch": 2}), log(4, {"x": 2.0})]
    assert service.ingest(batch(entries, first_seq=2, writer="w.0")) == 4
    assert rows_of(service, 1) == [
        {"_step": 3, "x": 1.0, "epoch": 2},
        {"_step": 4, "x": 2.0, "epoch": 2},
    ]
    with database.read() as connection:
        steps = connection.execute(sa.select(table.last_step).order_by(table.session)).scalars().all()
    assert steps == [4, LAST_STEP]
    assert service.find_run(*RUN).last_step == LAST_STEP, "the newest session's"
    service.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "diorama.db"
    Database.open(path).close()

    def _break(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE half (x INTEGER)"))
        raise RuntimeError("the power went out")

    with monkeypatch.context() as patch:
        patch.setattr(databases, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        patch.setattr(databases, "MIGRATIONS", (*MIGRATIONS, _break))
        with pytest.raises(RuntimeError):
            Database.open(path)
    again = Database.open(path)
    with again.read() as connection:
        assert not sa.inspect(connection).has_table("half")
    again.close()


FOLLOWS = {
    "chunks": {"count", "step_min", "step_max", "time_min", "time_max"},
}
"""What packed bytes say as well; `store.check` compares."""


def test_no_value_stands_in_sqlite_only_once() -> None:
    """Each is in an index as well, or sealed (all packed bytes are), or follows from them: a flipped bit is
    always found."""
    for name, table in schema.metadata.tables.items():
        twice = {column.name for column in table.primary_key} | {"id"}
        for index in table.indexes:
            twice |= {column.name for column in index.columns}
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                twice |= {column.name for column in constraint.columns}
        sealed = {column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)}
        guarded = twice | sealed | FOLLOWS.get(name, set())
        assert {column.name for column in table.columns} - guarded == set(), name
