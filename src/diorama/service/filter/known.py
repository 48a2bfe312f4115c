"""Filters without the paths that no run of the store has.

A bare name stands for a path in config and one in summary, and nearly always only one of them is there. The
database would look for the other one in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa

from diorama.service.filter.rows import at, below
from diorama.service.filter.tree import All, Compare, Filter, Not, OneOf, Op
from diorama.store import schema


def narrowed(connection: sa.Connection, part: Filter) -> Filter:
    """A filter that holds for the same runs now."""
    if isinstance(part, Not):
        return Not(narrowed(connection, part.part))
    if isinstance(part, All | OneOf):
        return type(part)(tuple(narrowed(connection, one) for one in part.parts))
    if part.op == "exists" and part.place.column is None:
        return OneOf(tuple(_halves(connection, part)))
    if any(isinstance(value, dict) for value in part.values):
        return part
    return replace(part, place=replace(part.place, paths=present(connection, part.place.paths)))


def present(connection: sa.Connection, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some paths at which any run has a value; at least one of them."""
    if len(paths) < 2:
        return paths
    found = tuple(path for path in paths if _is_anywhere(connection, at(path)))
    return found or paths[:1]


def _halves(connection: sa.Connection, part: Compare) -> Iterator[Filter]:
    """A condition that there is a value, without what is nowhere."""
    for path in part.place.paths:
        halves: dict[Op, sa.ColumnElement[bool]] = {"is leaf": at(path), "is dict": below(path)}
        for op, rows in halves.items():
            if _is_anywhere(connection, rows):
                yield Compare(replace(part.place, paths=(path,)), op)


def _is_anywhere(connection: sa.Connection, rows: sa.ColumnElement[bool]) -> bool:
    return connection.execute(sa.select(schema.run_values.c.run).where(rows).limit(1)).first() is not None
