"""The one tree that filters of runs are: what a person types (`search.py`) and what a script asks for
(`mongo.py`) become it, `sql.py` says it in SQL. Nothing else decides whether a run passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Op = Literal["=", "!=", ">", ">=", "<", "<=", "~", "matches", "exists", "is leaf", "is dict"]


class Word(str):
    """A value as a person types it: a text, and also the number or the truth value that it may be."""

    __slots__ = ()


Value = Any
"""A Word (typed by a person: it may be text, a number or a truth value), or a plain value that is compared
as it is."""


@dataclass(frozen=True)
class Place:
    """Where a run has a value. name: as it was asked for.

    column: the field of runs that it is (`fields.py`). Else paths: leaves of config and summary; the first
    one that a run has counts.
    """

    name: str
    column: str | None = None
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compare:
    """One condition; it does not hold where a run has no value, but "!=" does.

    "=" holds if the value is any of `values`; a list also if it has such an element,
    but for lists, and dicts with something in them. "!=" is its contrary.
    > >= < <=: of a number with numbers, of a text with texts. "~": contains, whatever the case. "matches":
    a regular expression is found in it. "exists": there is a value, whatever it is; no `values`. Its halves
    are "is leaf", a value at the path, and "is dict", values below it.
    """

    place: Place
    op: Op
    values: tuple[Value, ...] = ()

    def __repr__(self) -> str:
        return f"{self.place.name} {self.op} {' or '.join(map(str, self.values))}"


@dataclass(frozen=True)
class Not:
    """Holds where `part` does not."""

    part: Filter

    def __repr__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True)
class All:
    """Holds where all parts do."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class OneOf:
    """Holds where at least one part does."""

    parts: tuple[Filter, ...]


Filter = Compare | Not | All | OneOf


def number_from_text(text: str) -> float | None:
    """The number that a text is; None for NaN and for what is no number."""
    if text in ("true", "false"):
        return float(text == "true")
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number != number else number
