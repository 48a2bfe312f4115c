"""What is wrong with a database. The checks change nothing, and report damage of any kind."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from diorama.errors import Corrupt
from diorama.store import columns as codec
from diorama.store import schema
from diorama.store.migrations import MIGRATIONS
from diorama.store.seal import unseal

ROWS_AT_ONCE = 500


def sqlite_problems(connection: sa.Connection) -> Iterator[str]:
    """What SQLite itself finds, and whether the tables are what the migrations make."""
    for row in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
        if row[0] != "ok":
            yield str(row[0])
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"foreign key: {tuple(row)}"
    found, wanted = _shape(connection), _shape_of_new()
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            yield f"{name} is not what it should be"
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    numbers: dict[str, int] = {row[0]: row[1] for row in rows}
    for table in schema.metadata.sorted_tables:
        if table.dialect_options["sqlite"]["autoincrement"]:
            newest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar()
            if newest is not None and numbers.get(table.name, 0) < newest:
                yield f"{table.name}: row numbers would be used again"


def packed_problems(connection: sa.Connection) -> Iterator[str]:
    """Packed bytes that do not match their checksum."""
    for table in schema.metadata.sorted_tables:
        packed = [column for column in table.columns if isinstance(column.type, sa.LargeBinary)]
        if not packed:
            continue
        key = list(table.primary_key.columns)
        for row in _rows(connection, sa.select(*key, *packed)):
            for column, data in zip(packed, row[len(key) :], strict=True):
                if data is not None and not _is_sealed(data):
                    yield f"{table.name} {tuple(row[: len(key)])}: {column.name} does not match its checksum"


def chunk_problems(connection: sa.Connection) -> Iterator[str]:
    """Chunks of points that do not hold what their row says, and pyramids that can't be read."""
    table = schema.chunks.c
    extent = (table.count, table.step_min, table.step_max, table.time_min, table.time_max)
    for id_, data, *said in _rows(connection, sa.select(table.id, table.data, *extent)):
        try:
            points = codec.decode(bytes(data))
        except Corrupt as error:
            yield f"chunk {id_}: {error.message}"
            continue
        steps, times = points.steps, points.times
        found = [len(points), *(float(x) for x in (steps.min(), steps.max(), times.min(), times.max()))]
        if any(_differ(one, other) for one, other in zip(said, found, strict=True)):
            yield f"chunk {id_}: its row says {said}, its points say {found}"
    pyramids = schema.pyramids.c
    for id_, level, data in _rows(connection, sa.select(pyramids.chunk_id, pyramids.level, pyramids.data)):
        try:
            codec.decode_floats(bytes(data))
        except (Corrupt, struct.error) as error:
            yield f"pyramid {id_} at level {level}: {error}"


def owner_problems(connection: sa.Connection) -> Iterator[str]:
    """Uses of blobs by what is not there: no foreign key sees to that."""
    uses = schema.blob_uses.c
    kinds = connection.execute(sa.select(uses.owner_kind).distinct()).scalars()
    for kind in sorted(set(kinds) - set(schema.OWNERS)):
        yield f"blob_uses: no kind of owner is called {kind!r}"
    gone = connection.execute(
        sa.select(uses.owner)
        .outerjoin(schema.runs, schema.runs.c.id == uses.owner)
        .where(uses.owner_kind == "run", schema.runs.c.id.is_(None))
        .distinct()
        .order_by(uses.owner)
    ).scalars()
    for run in gone:
        yield f"blob_uses: the run {run} names blobs and is not there"


def _differ(said: Any, found: float) -> bool:
    both_nan = said != said and found != found
    return not both_nan and (not isinstance(said, int | float) or float(said) != found)


def _is_sealed(data: Any) -> bool:
    try:
        unseal(data)
    except (Corrupt, TypeError):  # a text, where SQLite's damage has changed even the type
        return False
    return True


def _rows(connection: sa.Connection, select: sa.Select[Any]) -> Iterator[Any]:
    """Rows without holding all of them in memory."""
    result = connection.execute(select.execution_options(yield_per=ROWS_AT_ONCE))
    yield from result


def _shape_of_new() -> dict[str, Any]:
    """The shape of a new database."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            for migrate in MIGRATIONS:
                migrate(connection)
            return _shape(connection)
    finally:
        engine.dispose()


def _shape(connection: sa.Connection) -> dict[str, Any]:
    """Tables and indexes of an SQLite database, as it understands their text."""

    def ask(question: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.exec_driver_sql(question)]

    found: dict[str, Any] = {}
    for kind, name, table in ask(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    ):
        quoted = "'" + str(name).replace("'", "''") + "'"
        if kind == "table":
            found[f"table {name}"] = (
                sorted(row[1:] for row in ask(f"PRAGMA table_xinfo({quoted})")),
                sorted(row[2:] for row in ask(f"PRAGMA foreign_key_list({quoted})")),
                sorted(row[2:] for row in ask(f"PRAGMA index_list({quoted})")),
            )
        else:
            found[f"{kind} {name}"] = (table, ask(f"PRAGMA index_xinfo({quoted})"))
    return found
