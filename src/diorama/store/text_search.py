"""Searching in text columns, with the same answers from SQLite and from PostgreSQL.

Their own words for it differ: LIKE heeds the case in the one and not in the other, and `lower` knows all
alphabets or only ASCII, by the database and its locale.
"""

from __future__ import annotations

import functools
import sqlite3
import sys
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


@functools.cache
def _pairs() -> dict[str, str]:
    """Every large letter beyond ASCII with its small one; made at the first search, for it takes a while."""
    letters = map(chr, range(128, sys.maxunicode + 1))
    return {one: small for one in letters if len(small := one.casefold()) == 1 and small != one}


@functools.cache
def _table() -> dict[int, str]:
    return str.maketrans({**{chr(code): chr(code + 32) for code in range(65, 91)}, **_pairs()})


def fold(text: str) -> str:
    """`text` without the difference of large and small letters; every letter stays one letter.

    >>> fold("Größe ΑΒΓ")
    'größe αβγ'
    """
    return text.translate(_table())


class folded(FunctionElement[str]):
    """`fold` of a column."""

    inherit_cache = True
    type = sa.Text()
    name = "folded"


class position(FunctionElement[int]):
    """Where a text begins in a column, from 1; 0 if it is not in it. Every letter must be the same."""

    inherit_cache = True
    type = sa.Integer()
    name = "position"


@compiles(folded, "sqlite")
def _folded_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    return f"diorama_fold({compiler.process(element.clauses, **more)})"


@compiles(folded, "postgresql")
def _folded_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    [column] = element.clauses
    pairs = sa.literal("".join(_pairs())), sa.literal("".join(_pairs().values()))
    letters = ", ".join(compiler.process(one, **more) for one in pairs)
    return f'translate(lower(({compiler.process(column, **more)}) COLLATE "C"), {letters})'


@compiles(position, "sqlite")
def _position_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


@compiles(position, "postgresql")
def _position_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **more)})"


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Give a connection the function that SQLite lacks."""
    connection.create_function("diorama_fold", 1, _fold_or_none, deterministic=True)


def _fold_or_none(text: str | None) -> str | None:
    return None if text is None else fold(text)
