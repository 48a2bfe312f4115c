"""Rows of `run_values` by their path."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from diorama.service.flatten import column_text, short_key
from diorama.store import schema
from diorama.store.text_search import lies_between

Leaves = sa.ColumnCollection[str, sa.ColumnElement[Any]]
_leaf: Leaves = schema.run_values.c


def is_exact(path: str) -> bool:
    """Whether it is the exact form of a path: only that has a backslash, and it is shown in it only if it
    must be (`naming.py`)."""
    return "\\" in path


def at(path: str, leaf: Leaves = _leaf) -> sa.ColumnElement[bool]:
    """The value at a path. No index knows exact forms. leaf: columns of `run_values`, or of an alias."""
    short = short_key(path)
    return sa.or_(leaf.path == short, leaf.exact == short) if is_exact(path) else leaf.path == short


def below(path: str) -> sa.ColumnElement[bool]:
    """All values below a path, as a range of an index unless it is exact."""
    # "/" comes right after ".": all that begins with the path and a point.
    name = column_text(path)
    low, high = sa.literal(f"{name}."), sa.literal(f"{name}/")
    within = [lies_between(column, low, high) for column in (_leaf.path, _leaf.exact)]
    return sa.or_(*within) if is_exact(path) else within[0]
