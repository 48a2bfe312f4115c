"""Filters without the paths that no run of the store has.

A bare name stands for a path in config and one in summary, and nearly always only one of them is there. The
database would look for the other one in every run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from diorama.service.filter.tree import All, Compare, Filter, Not, OneOf
from diorama.service.flatten import short_key
from diorama.store import schema


def narrowed(connection: sa.Connection, part: Filter) -> Filter:
    """A filter that holds for the same runs now."""
    if isinstance(part, Not):
        return Not(narrowed(connection, part.part))
    if isinstance(part, All | OneOf):
        return type(part)(tuple(narrowed(connection, one) for one in part.parts))
    if _looks_below(part):
        return part
    return replace(part, place=replace(part.place, paths=present(connection, part.place.paths)))


def present(connection: sa.Connection, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some paths at which any run has a value; at least one of them."""
    if len(paths) < 2:
        return paths
    found = tuple(path for path in paths if "\\" in path or _is_anywhere(connection, path))
    return found or paths[:1]


def _is_anywhere(connection: sa.Connection, path: str) -> bool:
    values = schema.run_values.c
    select = sa.select(values.run).where(values.path == short_key(path)).limit(1)
    return connection.execute(select).first() is not None


def _looks_below(part: Compare) -> bool:
    """Whether values below the paths count, too."""
    dicts: Iterable[object] = (value for value in part.values if isinstance(value, dict))
    return part.op == "exists" or any(dicts)
