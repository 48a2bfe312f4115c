"""The order of a runs list: by a field of runs, or by a value of config or summary. Runs without the value
come last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from diorama.service import filter as filters
from diorama.service.filter.fields import FIELDS
from diorama.service.filter.rows import is_exact, names_of
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
        return cls(sort.startswith("-"), field, paths)

    def runs(self, conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
        """A select of the numbers of those runs for which `conditions` hold, in this order."""
        return self._ordered(sa.select(live_runs.c.id).where(*conditions), live_runs.c.id, self.field)

    def counted_runs(self, conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
        """As `runs`, and in each row how many there are, so that every run is looked at once."""
        field = () if self.field is None else (self.field.label("sorted_by"),)
        matched = sa.select(live_runs.c.id, *field).where(*conditions).cte("matched")
        count = sa.select(sa.func.count()).select_from(matched).scalar_subquery()
        return self._ordered(sa.select(matched.c.id, count), matched.c.id, matched.c.get("sorted_by"))

    def _ordered(
        self, select: sa.Select[Any], uid: sa.ColumnElement[int], field: sa.ColumnElement[Any] | None
    ) -> sa.Select[Any]:
        if field is not None:
            return select.order_by(*self._terms(field), self._directed(uid))
        leaves = []
        for name, exact in (one for path in self.paths for one in names_of(path)):
            leaf = schema.run_values.alias()
            is_exact_one = sa.true() if exact is None else leaf.c.exact == exact
            select = select.outerjoin(leaf, sa.and_(leaf.c.run == uid, leaf.c.path == name, is_exact_one))
            leaves.append(leaf.c)
        number, text = (_first(leaves, name) for name in ("number", "text"))
        return select.order_by(*self._terms(number), *self._terms(text), self._directed(uid))

    def page_of_numbers(
        self, connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], limit: int, offset: int
    ) -> list[int] | None:
        """A page of the runs for which `conditions` hold, read along the index of numbers instead of sorting
        all runs.

        None where the page is not full after a few pages' worth of numbers, and where the order is another
        one: then `runs` says it.
        """
        if len(self.paths) != 1 or is_exact(self.paths[0]) or not 0 < limit + offset <= _PAGE_RUNS:
            return None
        values = schema.run_values.c
        first = (
            sa.select(values.run, values.number, values.text)
            .where(values.path == short_key(self.paths[0]), values.number.is_not(None))
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
        """As in `runs`, among those with a number."""
        # What is a number always has a text, too.
        return tuple(map(self._directed, (values.number, values.text, values.run)))

    def _terms(self, column: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
        # Only what may be absent is asked: an index has the other ones in order.
        is_always_there = isinstance(column, sa.Column) and not column.nullable
        is_absent = () if is_always_there else (sa.case((column.is_(None), 1), else_=0),)
        return (*is_absent, self._directed(column))

    def _directed(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return column.desc() if self.is_descending else column.asc()


def _first(leaves: Sequence[Any], name: str) -> sa.ColumnElement[Any]:
    """A column of the first leaf that a run has."""
    only: sa.ColumnElement[Any] = leaves[0][name]
    return only if len(leaves) == 1 else sa.case(*((leaf.run.is_not(None), leaf[name]) for leaf in leaves))
