"""Statements that are compiled once and run with plain tuples.

SQLAlchemy makes, copies and looks up a statement each time it is executed, and a dict for each row. Where
rows come by the hundred thousand, or the same small statement with each batch, that costs more than the
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Values = tuple[Any, ...]
_SIZES = (1, 8, 64, 500)
"""How many values a list in a statement has; shorter ones are filled up."""


def upsert(
    table: sa.Table,
    *,
    is_sqlite: bool,
    index: Sequence[str],
    update: Sequence[str] = (),
    add: str | None = None,
) -> Any:
    """An insert that, where a row with the same `index` columns exists, sets its `update` columns to the new
    values and adds the new value of `add` to its own; with neither, it leaves the row alone."""
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    excluded = statement.excluded
    changes: dict[str, Any] = {name: excluded[name] for name in update}
    if add is not None:
        changes[add] = table.c[add] + excluded[add]
    if not changes:
        return statement.on_conflict_do_nothing(index_elements=list(index))
    return statement.on_conflict_do_update(index_elements=list(index), set_=changes)


class Prepared:
    """A statement whose parameters are given by place. `make` gets whether it is for SQLite.

    names: of the parameters, in the order in which values are given: of columns that are inserted or set, and
    of bindparams. No value is converted: bytes, texts, ints and floats are the same on both engines, booleans
    are not.
    """

    def __init__(self, make: Callable[[bool], Any], names: Sequence[str]) -> None:
        self._make = make
        self._names = tuple(names)
        self._compiled: dict[tuple[str, str], tuple[str, tuple[int, ...] | None]] = {}

    def read(self, connection: sa.Connection, *values: Any) -> list[Any]:
        """The rows that it finds."""
        return list(self._run(connection, [values]).all())

    def execute(self, connection: sa.Connection, *values: Any) -> None:
        """Run it once."""
        self._run(connection, [values])

    def execute_many(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        """Run it for each row, in order; for none, nothing happens."""
        if rows:
            self._run(connection, rows)

    def _run(self, connection: sa.Connection, rows: Sequence[Values]) -> sa.CursorResult[Any]:
        dialect = connection.dialect
        found = self._compiled.get((dialect.name, dialect.driver))
        if found is None:
            found = self._compiled[dialect.name, dialect.driver] = self._compile(dialect)
        text, places = found
        parameters: Any = rows
        if not dialect.positional:
            parameters = [dict(zip(self._names, row, strict=True)) for row in rows]
        elif places is not None:
            parameters = [tuple([row[place] for place in places]) for row in rows]
        return connection.exec_driver_sql(text, parameters if len(rows) > 1 else parameters[0])

    def _compile(self, dialect: sa.Dialect) -> tuple[str, tuple[int, ...] | None]:
        """Its text, and which values come in which place; None: all in theirs."""
        statement = self._make(dialect.name == "sqlite")
        names = list(self._names)
        columns = {"column_keys": names, "for_executemany": True} if isinstance(statement, sa.Insert) else {}
        compiled = statement.compile(dialect=dialect, **columns)
        if set(compiled.params) != set(names):
            raise ValueError(f"a statement with {sorted(compiled.params)} does not have {names}")
        if not dialect.positional:
            return str(compiled), None
        places = tuple(names.index(name) for name in compiled.positiontup or ())
        return str(compiled), None if places == tuple(range(len(names))) else places


def prepared_insert(table: sa.Table, names: Sequence[str]) -> Prepared:
    """A plain insert of some columns."""
    return Prepared(lambda _: sa.insert(table), names)


@lru_cache(maxsize=256)
def prepared_update(table: sa.Table, names: tuple[str, ...], where: tuple[str, ...]) -> Prepared:
    """An update that sets some columns of the rows where others have given values."""
    changes = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    conditions = [table.c[name] == sa.bindparam(f"of_{name}") for name in where]
    return Prepared(
        lambda _: sa.update(table).where(*conditions).values(changes),
        [*(f"new_{name}" for name in names), *(f"of_{name}" for name in where)],
    )


def prepared_upsert(
    table: sa.Table,
    names: Sequence[str],
    *,
    index: Sequence[str],
    update: Sequence[str] = (),
    add: str | None = None,
) -> Prepared:
    """An `upsert` of some columns."""
    return Prepared(
        lambda is_sqlite: upsert(table, is_sqlite=is_sqlite, index=index, update=update, add=add), names
    )


class Among:
    """A select or delete of the rows where a column has one of many values. names: of other parameters."""

    def __init__(self, statement: Any, column: sa.ColumnElement[Any], names: Sequence[str] = ()) -> None:
        self._by_size = {
            size: Prepared(lambda _, size=size: _where_in(statement, column, size), (*names, *_listed(size)))  # type: ignore[misc]  # mypy can't infer lambdas with defaults
            for size in _SIZES
        }

    def read(self, connection: sa.Connection, wanted: Sequence[Any], *values: Any) -> list[Any]:
        """The rows that it finds, a few hundred of `wanted` at once. values: of the other parameters."""
        return [row for part, among in self._parts(wanted) for row in part.read(connection, *values, *among)]

    def execute(self, connection: sa.Connection, wanted: Sequence[Any], *values: Any) -> None:
        """As `read`, for a delete."""
        for part, among in self._parts(wanted):
            part.execute(connection, *values, *among)

    def _parts(self, wanted: Sequence[Any]) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        for first in range(0, len(wanted), _SIZES[-1]):
            some = wanted[first : first + _SIZES[-1]]
            size = next(size for size in _SIZES if size >= len(some))
            yield self._by_size[size], [*some, *[some[-1]] * (size - len(some))]


def _listed(size: int) -> list[str]:
    return [f"among_{place}" for place in range(size)]


def _where_in(statement: Any, column: sa.ColumnElement[Any], size: int) -> Any:
    return statement.where(column.in_([sa.bindparam(name, type_=column.type) for name in _listed(size)]))
