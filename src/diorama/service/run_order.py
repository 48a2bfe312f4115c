"""The order of a runs list: by a field of runs, or by a value of config or summary. Runs without the value
come last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from diorama.service import filter as filters
from diorama.service.filter.fields import FIELDS
from diorama.service.filter.search import place_of
from diorama.service.flatten import short_key
from diorama.store import schema
from diorama.store.live_runs import live_runs

_PAGE_RUNS = 2_000
_LOOKED_AT = 4
RUNTIME = ("runtime", "runtime_secs")


@dataclass(frozen=True)
class RunOrder:
    """field: SQL over `live_runs`; None: by the first value at one of `paths`."""

    is_descending: bool
    field: sa.ColumnElement[Any] | None
    paths: tuple[str, ...]

    @classmethod
    def of(cls, connection: sa.Connection, sort: str, now: float) -> RunOrder:
        """sort: a field or path; "-" before it: descending. Empty: when runs were made. now: for what depends
        on the time."""
        path = sort.lstrip("+-") or "created_at"
        place = place_of(path)
        column = "runtime_secs" if path in RUNTIME else place.column
        field = None if column is None else FIELDS[column].of(now)
        paths = () if column is not None else filters.present(connection, place.paths)
        return cls(sort.startswith("-"), field, tuple(map(short_key, paths)))

    def apply(self, select: sa.Select[Any]) -> sa.Select[Any]:
        """A select over `live_runs` in this order."""
        if self.field is not None:
            return select.order_by(*self._terms(self.field), self._directed(live_runs.c.id))
        leaves = [schema.run_values.alias() for _ in self.paths]
        for path, leaf in zip(self.paths, leaves, strict=True):
            select = select.outerjoin(leaf, sa.and_(leaf.c.run == live_runs.c.id, leaf.c.path == path))
        number, text = (
            sa.func.coalesce(*columns) if len(columns) > 1 else columns[0]
            for columns in ([leaf.c.number for leaf in leaves], [leaf.c.text for leaf in leaves])
        )
        terms = (*self._terms(number), *self._terms(text), self._directed(live_runs.c.id))
        return select.order_by(*terms)

    def page_of_numbers(
        self, connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], limit: int, offset: int
    ) -> list[int] | None:
        """A page of the runs for which `conditions` hold, taken from the least (or greatest) numbers instead
        of looking up the number of each run.

        None where the page is not full after a few pages' worth of numbers, and where the order is another
        one: then `apply` says it.
        """
        if len(self.paths) != 1 or not 0 < limit + offset <= _PAGE_RUNS:
            return None
        values = schema.run_values.c
        first = (
            sa.select(values.run, values.number, values.text)
            .where(values.path == self.paths[0], values.number.is_not(None))
            .order_by(*self._in_numbers(values))
            .limit(_PAGE_RUNS + _LOOKED_AT * (limit + offset))
            .subquery()
        )
        select = (
            sa.select(live_runs.c.id)
            .select_from(first.join(live_runs, live_runs.c.id == first.c.run))
            .where(*conditions)
            .order_by(*self._in_numbers(first.c))
        )
        uids = connection.execute(select.limit(limit).offset(offset)).scalars().all()
        return list(uids) if len(uids) == limit else None

    def _in_numbers(self, values: Any) -> tuple[sa.ColumnElement[Any], ...]:
        """As `apply`, among the runs with a number."""
        # What is a number always has a text, too.
        return tuple(map(self._directed, (values.number, values.text, values.run)))

    def _terms(self, column: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
        # Only what may be absent is asked: an index has the other ones in order.
        is_always_there = isinstance(column, sa.Column) and not column.nullable
        is_absent = () if is_always_there else (sa.case((column.is_(None), 1), else_=0),)
        return (*is_absent, self._directed(column))

    def _directed(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return column.desc() if self.is_descending else column.asc()
