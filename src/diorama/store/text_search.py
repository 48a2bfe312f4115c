"""Searching in text columns, with the same answers from SQLite and from PostgreSQL.

Their own words for it differ: LIKE heeds the case in the one and not in the other, and `lower` knows all
alphabets or only ASCII, by the database and its locale.
"""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from diorama.store.letters import fold, pairs
from diorama.store.regex import pattern

FEW = 6
"""So many texts are compared one by one, each with its own words in the SQL."""


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


class by_code_point(FunctionElement[str]):
    """A text column that is ordered by the numbers of its letters, not by the words of some language."""

    inherit_cache = True
    type = sa.Text()
    name = "by_code_point"


class lies_between(FunctionElement[Any]):
    """Whether a text column comes after a text, or is it, and before another one, by the numbers of letters.
    An index can answer it (of PostgreSQL, one with text_pattern_ops)."""

    inherit_cache = True
    # Not Boolean: for SQLite it would be written with "= 1" behind it, which no index answers.
    type = sa.types.NullType()
    name = "lies_between"


class matches(FunctionElement[bool]):
    """Whether a text column holds a match of a regular expression (`store/regex.py`), given as text and in
    PostgreSQL's words. The column is folded by the caller if the pattern ignores the case."""

    inherit_cache = True
    type = sa.Boolean()
    name = "matches"


class has_element(FunctionElement[bool]):
    """Whether a list, a column of JSON as `json.dumps` writes it, has an element that is written like one of
    some texts, which are in JSON, too."""

    inherit_cache = True
    type = sa.Boolean()
    name = "has_element"

    def __init__(self, column: sa.ColumnElement[Any], texts: Sequence[str]) -> None:
        # What a list without texts, dicts and lists is LIKE or GLOB if it has such an element.
        plain = [text for text in texts if not text.startswith(('"', "{", "["))]
        likes = [form.format(text) for text in plain for form in ("[{}]", "[{}, %", "%, {}, %", "%, {}]")]
        globs = [f"*[[ ]{text}[],]*" for text in plain] if len(plain) <= FEW else []
        given = (json.dumps(texts), json.dumps(likes), *globs)
        super().__init__(column, *map(sa.literal, given))


@compiles(folded, "sqlite")
def _folded_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    return f"diorama_fold({compiler.process(element.clauses, **more)})"


@compiles(folded, "postgresql")
def _folded_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    [column] = element.clauses
    large, small = sa.literal("".join(pairs())), sa.literal("".join(pairs().values()))
    letters = ", ".join(compiler.process(one, **more) for one in (large, small))
    return f'translate(lower(({compiler.process(column, **more)}) COLLATE "C"), {letters})'


@compiles(position, "sqlite")
def _position_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    return f"instr({compiler.process(element.clauses, **more)})"


@compiles(position, "postgresql")
def _position_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **more)})"


@compiles(by_code_point)
def _by_code_point(element: Any, compiler: Any, **more: Any) -> str:
    return f"({compiler.process(element.clauses, **more)})"


@compiles(by_code_point, "postgresql")
def _by_code_point_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    return f'({compiler.process(element.clauses, **more)}) COLLATE "C"'


@compiles(lies_between)
def _lies_between(element: Any, compiler: Any, **more: Any) -> str:
    column, low, high = (compiler.process(one, **more) for one in element.clauses)
    return f"({column} >= {low} AND {column} < {high})"


@compiles(lies_between, "postgresql")
def _lies_between_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    column, low, high = (compiler.process(one, **more) for one in element.clauses)
    return f"({column} ~>=~ {low} AND {column} ~<~ {high})"


@compiles(matches, "sqlite")
def _matches_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    column, regex, _ = (compiler.process(one, **more) for one in element.clauses)
    return f"diorama_matches({column}, {regex})"


@compiles(matches, "postgresql")
def _matches_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    column, _, regex = element.clauses
    return f'(({compiler.process(column, **more)}) COLLATE "C" ~ {compiler.process(regex, **more)})'


@compiles(has_element, "sqlite")
def _has_element_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    column, wanted, _, *globs = (compiler.process(one, **more) for one in element.clauses)
    has = f"diorama_has_element({column}, {wanted})"
    if not globs:
        return has
    # Python is only asked if it must be, which is several times as slow. An OR that is no condition of a CASE
    # would be read to its end.
    found = " OR ".join(f"{column} GLOB {glob}" for glob in globs)
    return f"CASE WHEN {column} GLOB '?*[[{{\"]*' THEN {has} WHEN {found} THEN 1 ELSE 0 END"


@compiles(has_element, "postgresql")
def _has_element_in_postgres(element: Any, compiler: Any, **more: Any) -> str:
    column, wanted, patterns, *_ = element.clauses
    has_parts = sa.or_(*(column.like(sa.literal_column(part)) for part in _PARTS_OF_LISTS))
    text, asked, wanted, patterns = (
        compiler.process(one, **more) for one in (column, has_parts, wanted, patterns)
    )
    # A list is only read if it must be, which is ten times as slow. The type json, unlike jsonb, keeps
    # elements as they are written, and takes every escape.
    return (
        f"CASE WHEN {asked} THEN"
        f" EXISTS (SELECT 1 FROM json_array_elements(({text})::json) AS element (value) WHERE value::text IN"
        f" (SELECT json_array_elements_text(({wanted})::json)))"
        f" ELSE {text} LIKE ANY (ARRAY(SELECT json_array_elements_text(({patterns})::json))) END"
    )


_PARTS_OF_LISTS = ("'%\"%'", "'%{%'", "'_%[%'")
"""LIKE: what has texts, dicts or lists in it. In all other lists, a comma stands between elements only."""


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that SQLite lacks."""
    connection.create_function("diorama_fold", 1, _fold_or_none, deterministic=True)
    connection.create_function("diorama_matches", 2, _matcher(), deterministic=True)
    connection.create_function("diorama_has_element", 2, _has_element, deterministic=True)


def _fold_or_none(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _matcher() -> Callable[[str | None, str], bool | None]:
    """A function for one connection, which asks many texts with one pattern: that it keeps at hand."""
    known, is_in = "", pattern("").is_in

    def matches(text: str | None, regex: str) -> bool | None:
        nonlocal known, is_in
        if regex != known:
            known, is_in = regex, pattern(regex).is_in
        return None if text is None else is_in(text)

    return matches


def _has_element(text: str | None, wanted: str) -> bool | None:
    if text is None:
        return None
    # Runs are alike: most lists were just looked at.
    look = _has_element_again if len(text) + len(wanted) < _SHORT_CHARS else _has_element_once
    return look(text, wanted)


def _has_element_once(text: str, wanted: str) -> bool:
    try:
        elements = json.loads(text)
    except (ValueError, RecursionError):
        return False
    texts = _texts(wanted)
    return any(json.dumps(element) in texts for element in elements)


_SHORT_CHARS = 500
_has_element_again = functools.lru_cache(maxsize=4096)(_has_element_once)


@functools.lru_cache(maxsize=16)
def _texts(wanted: str) -> frozenset[str]:
    return frozenset(json.loads(wanted))
