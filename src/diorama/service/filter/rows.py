"""Rows of `run_values` by their path."""

from __future__ import annotations

import sqlalchemy as sa

from diorama.service.flatten import column_text, short_key
from diorama.store import schema
from diorama.store.text_search import lies_between

_leaf = schema.run_values.c


def is_exact(path: str) -> bool:
    """Whether it is the exact form of a path: only that has a backslash, and it is shown in it only if it
    must be (`naming.py`)."""
    return "\\" in path


def at(path: str) -> sa.ColumnElement[bool]:
    """The value at a path. No index knows exact forms."""
    short = short_key(path)
    return sa.or_(_leaf.path == short, _leaf.exact == short) if is_exact(path) else _leaf.path == short


def below(path: str) -> sa.ColumnElement[bool]:
    """All values below a path, as a range of an index."""
    # "/" comes right after ".": all that begins with the path and a point.
    name = column_text(path)
    return lies_between(_leaf.path, sa.literal(f"{name}."), sa.literal(f"{name}/"))
