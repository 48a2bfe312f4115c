"""Rows of `run_values` by their path."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from diorama.service.flatten import column_text, short_key
from diorama.store import schema
from diorama.store.text_search import lies_between
from diorama.summaries.paths import path_from_exact, plain_text

_leaf = schema.run_values.c


def is_exact(path: str) -> bool:
    """Whether it is the exact form of a path: only that has a backslash, and it is shown in it only if it
    must be (`naming.py`)."""
    return "\\" in path


def at(path: str) -> sa.ColumnElement[bool]:
    """The value at a path; in a run where an exact form is also how another one was logged, both."""
    short = short_key(path)
    if not is_exact(path):
        return _leaf.path == short
    return sa.and_(_leaf.path.in_([short, _plain(path)]), sa.or_(_leaf.path == short, _leaf.exact == short))


def names_of(path: str) -> list[tuple[str, str | None]]:
    """What the value at a path is called: (path, exact; None: whatever it is), the likeliest first."""
    short = short_key(path)
    return [(_plain(path), short), (short, None)] if is_exact(path) else [(short, None)]


def below(path: str) -> sa.ColumnElement[bool]:
    """All values below a path, as ranges of an index."""
    name = column_text(path)
    if not is_exact(path):
        return _begins(_leaf.path, name)
    plain = plain_text(path_from_exact(name))
    return sa.or_(_begins(_leaf.path, name), sa.and_(_begins(_leaf.path, plain), _begins(_leaf.exact, name)))


def _begins(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    # "/" comes right after ".": all that begins with the path and a point.
    return lies_between(column, sa.literal(f"{name}."), sa.literal(f"{name}/"))


def _plain(path: str) -> str:
    """What the value at an exact path is called, unless another one has that name."""
    return short_key(plain_text(path_from_exact(path)))
