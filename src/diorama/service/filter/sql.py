"""The tree in SQL over `live_runs`, for SQLite and PostgreSQL. Values are parameters, never text.

Each operator is in one place here: a function over a column of runs, and one over the leaves of config and
summary (`run_values`). Texts are known by their first 4096 characters, lists by 4096 characters of JSON.

Whether a run has a leaf can be asked in two ways, with one answer. Looked up in each run: best for a few
runs; and PostgreSQL makes its own plan of it. Swept: the leaves of a path, which stand side by side in an
index, are read once for all runs. SQLite does not think of it, and it is several times as fast if most runs
of the store are asked.
"""

from __future__ import annotations

import json
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from diorama.service.filter.fields import FIELDS, Field
from diorama.service.filter.rows import at, below, is_exact
from diorama.service.filter.tree import (
    All,
    Compare,
    Filter,
    Not,
    OneOf,
    Op,
    Value,
    Word,
    number_from_text,
)
from diorama.service.flatten import column_text, short_key
from diorama.service.jsonable import to_json
from diorama.service.leaves import TEXT_LIMIT_CHARS, leaf_of
from diorama.store import schema
from diorama.store.letters import fold
from diorama.store.live_runs import live_runs
from diorama.store.regex import pattern
from diorama.store.text_search import (
    FEW,
    by_code_point,
    folded,
    has_element,
    lies_between,
    matches,
    position,
)
from diorama.summaries.paths import Path, exact_text, leaves, path_from_exact, plain_text

Condition = sa.ColumnElement[bool]

_leaf = schema.run_values.c
_ORDERS: dict[str, Callable[[Any, Any], Condition]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EXACT_INTEGER = 2**53
_BY_PATH = "INDEXED BY run_values_mirror"
"""It has all columns that are compared. SQLite would take the primary key's index, and then read the row."""


def condition(part: Filter, *, now: float = math.inf, sweeps: bool = False) -> Condition:
    """SQL that holds where the filter does. now: for what depends on the time. sweeps: see above."""
    if isinstance(part, Not):
        inner = condition(part.part, now=now, sweeps=sweeps)
        return sa.not_(inner if _is_yes_or_no(part.part) else sa.func.coalesce(inner, sa.false()))
    if isinstance(part, All):
        return sa.and_(sa.true(), *(condition(one, now=now, sweeps=sweeps) for one in part.parts))
    if isinstance(part, OneOf):
        return sa.or_(sa.false(), *(condition(one, now=now, sweeps=sweeps) for one in part.parts))
    if part.op == "!=":
        return condition(Not(Compare(part.place, "=", part.values)), now=now, sweeps=sweeps)
    if part.place.column is not None:
        return _of_column(FIELDS[part.place.column], part, now)
    return _of_leaves(part, _swept if sweeps else _looked_up)


def _is_yes_or_no(part: Filter) -> bool:
    """Whether its SQL is never NULL. Databases have good plans for what does not exist, and none where more
    is written around it."""
    return isinstance(part, Compare) and part.place.column is None


# Fields of runs ------------------------------------------------------------------------------------


def _of_column(field: Field, part: Compare, now: float) -> Condition:
    column = field.of(now)
    if part.op == "exists":
        return sa.true()
    if part.op == "=":
        return _column_is(field, column, part.values)
    [value] = part.values
    if part.op == "~":
        return _column_contains(field, column, str(value))
    if part.op == "matches":
        return _matches(column, value) if field.kind == "text" else sa.false()
    if field.kind == "text" and isinstance(value, str):
        return _ORDERS[part.op](by_code_point(column), _text(value))
    number = _number(value)
    if field.kind in ("number", "time") and number is not None:
        return _ORDERS[part.op](column, number)
    return sa.false()


def _column_is(field: Field, column: sa.ColumnElement[Any], values: Sequence[Value]) -> Condition:
    if field.kind == "list":
        whole = [json.dumps(value) for value in values if isinstance(value, list)]
        return sa.or_(_has_element(column, values), _in(column, whole))
    found: list[Condition] = [column.is_(None)] if any(value is None for value in values) else []
    if field.kind == "text":
        found.append(_in(column, [_text(value) for value in values if isinstance(value, str)]))
    else:
        found.append(_in(column, [number for value in values if (number := _number(value)) is not None]))
    return sa.or_(*found)


def _column_contains(field: Field, column: sa.ColumnElement[Any], text: str) -> Condition:
    if field.kind == "words":
        return column.contains(text.casefold(), autoescape=True)
    # Tags are JSON text.
    wanted = json.dumps(text)[1:-1] if field.kind == "list" else text
    return position(folded(sa.cast(column, sa.Text)), fold(wanted)) > 0


# Leaves of config and summary ----------------------------------------------------------------------


Has = Callable[[str, Condition], Condition]
"""Whether a run has a leaf at a path for which something holds."""


def _of_leaves(part: Compare, has: Has) -> Condition:
    if part.op in ("exists", "is leaf", "is dict"):
        found = [has(path, sa.true()) for path in part.place.paths if part.op != "is dict"]
        found += [_exists(below(path)) for path in part.place.paths if part.op != "is leaf"]
        return sa.or_(*found)
    dicts = [value for value in part.values if isinstance(value, dict) and value] if part.op == "=" else []
    plain = tuple(value for value in part.values if not (isinstance(value, dict) and value))
    compared = _leaf_compares(part.op, plain) if plain else sa.false()
    ways: list[Condition] = []
    before: list[Condition] = []
    for path in part.place.paths:
        here = [has(path, compared), *(_is_dict(path, value, has) for value in dicts)]
        ways.append(sa.and_(*(sa.not_(one) for one in before), sa.or_(*here)))
        before.append(has(path, sa.true()))
    return sa.or_(*ways)


def _looked_up(path: str, compared: Condition) -> Condition:
    return _exists(at(path), compared, hint=None if is_exact(path) else _BY_PATH)


def _swept(path: str, compared: Condition) -> Condition:
    if is_exact(path):
        return _looked_up(path, compared)
    runs = sa.select(_leaf.run).where(at(path), compared)
    return live_runs.c.id.in_(runs.with_hint(schema.run_values, _BY_PATH, "sqlite"))


def _exists(*conditions: Condition, hint: str | None = None) -> Condition:
    of_run = sa.select(_leaf.run).where(_leaf.run == live_runs.c.id, *conditions)
    if hint is not None:
        of_run = of_run.with_hint(schema.run_values, hint, "sqlite")
    return sa.exists(of_run.correlate(live_runs))


def _is_dict(path: str, wanted: dict[str, Any], has: Has) -> Condition:
    """Whether what lies below a path is just `wanted`."""
    if is_exact(path) and exact_text(path_from_exact(path)) != path:
        path = path.replace("\\", "\\\\")  # no exact form, but a name with a backslash
    bearers = Counter(plain_text(inner) for inner, _ in leaves(wanted))

    def text(inner: Path) -> str:
        plain = plain_text(inner)
        return exact_text(inner) if is_exact(path) or bearers[plain] > 1 else plain

    parts = [(f"{path}.{text(inner)}", value) for inner, value in leaves(wanted)]
    same = [has(name, _leaf_is((value,))) for name, value in parts]
    names = {short_key(name) for name, _ in parts if not is_exact(name)}
    if len(names) == len(parts):
        return sa.and_(*same, sa.not_(_exists(below(path), _leaf.path.not_in(sorted(names)))))
    # A leaf may be called otherwise than here: then their number tells.
    count = sa.select(sa.func.count()).where(_leaf.run == live_runs.c.id, below(path))
    return sa.and_(*same, count.correlate(live_runs).scalar_subquery() == len(parts))


def _leaf_compares(op: Op, values: tuple[Value, ...]) -> Condition:
    if op == "=":
        is_list = sa.and_(
            _leaf.type == "other",
            lies_between(_leaf.text, sa.literal("["), sa.literal("\\")),
            sa.func.length(_leaf.text) < TEXT_LIMIT_CHARS,
        )
        elements = [value for value in values if not isinstance(value, Word | list)]
        # A case, because PostgreSQL may look at what is no list first, and then can't read it.
        has = sa.case((is_list, _has_element(_leaf.text, elements)), else_=sa.false())
        # No list is a number, and an index finds both: numbers, and what is none.
        return sa.or_(_leaf_is(values), *([sa.and_(_leaf.number.is_(None), has)] if elements else []))
    [value] = values
    if op == "~":
        return _leaf.folded.contains(str(value).casefold(), autoescape=True)
    is_text = _leaf.type == "string"
    if op == "matches":
        return sa.and_(is_text, _matches(_leaf.text, value))
    number = _number(value)
    if number is not None:
        return _ORDERS[op](_leaf.number, number)
    if isinstance(value, Word):
        return sa.and_(_leaf.number.is_(None), _ORDERS[op](by_code_point(_leaf.text), _text(value)))
    if isinstance(value, str):
        return sa.and_(is_text, _ORDERS[op](by_code_point(_leaf.text), _text(value)))
    return sa.false()


def _leaf_is(values: Sequence[Value]) -> Condition:
    """Whether a leaf is one of some values."""
    texts: dict[str | None, list[str]] = {}
    numbers: list[float] = []
    found: list[Condition] = []
    for value in values:
        if isinstance(value, Word):
            texts.setdefault(None, []).append(_text(value))
        if (number := _number(value)) is not None:
            if isinstance(value, int) and abs(value) > _EXACT_INTEGER:
                written = [text for form in _forms(value) if (text := leaf_of(form).text) is not None]
                found.append(sa.and_(_leaf.number == number, _leaf.text.in_(written)))
            else:
                numbers.append(number)
        elif not isinstance(value, Word | int | float):
            for form in _forms(value):
                leaf = leaf_of(form)
                texts.setdefault(leaf.type, []).append(leaf.text or "")
    if numbers:
        found.append(_leaf.number.in_(numbers))
    for type_, some in texts.items():
        found.append(sa.and_(*([_leaf.type == type_] if type_ else []), _leaf.text.in_(some)))
    return sa.or_(sa.false(), *found)


# Values --------------------------------------------------------------------------------------------


def _number(value: Value) -> float | None:
    """A value as a number; None for NaN and for what is no number."""
    if isinstance(value, Word):
        return number_from_text(value)
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return None if math.isnan(number) else number


def _in(column: sa.ColumnElement[Any], values: Sequence[Any]) -> Condition:
    return column.in_(values) if values else sa.false()


def _matches(column: sa.ColumnElement[Any], regex: Value) -> Condition:
    text = _text(regex)
    read = pattern(text)
    looked_in = folded(column) if read.ignores_case else column
    return matches(looked_in, sa.literal(text), sa.literal(read.for_postgres))


def _has_element(column: sa.ColumnElement[Any], values: Sequence[Value]) -> Condition:
    """Whether a list has one of some values as an element, by how they are written."""
    items = (value for value in values if not isinstance(value, list))
    written = {json.dumps(to_json(form)) for value in items for form in _forms(value)}
    has = has_element(column, sorted(written))
    if not 0 < len(written) <= FEW:
        return has
    # What is not anywhere in the text is no element: cheaper than to read the list.
    shortest = [text for text in sorted(written) if not any(other in text for other in written - {text})]
    return sa.case((sa.or_(*(position(column, text) > 0 for text in shortest)), has), else_=sa.false())


def _text(value: str) -> str:
    """As it is stored."""
    return str(column_text(value))


def _forms(value: Value) -> Iterator[Value]:
    """A value and those that are equal to it in Python, but written otherwise. NaN is equal to nothing."""
    if isinstance(value, float) and math.isnan(value):
        return
    yield str(value) if isinstance(value, str) else value
    if isinstance(value, int | float) and not (isinstance(value, float) and math.isinf(value)):
        yield from (_as_float(value), _as_int(value))
        if value in (0, 1):
            yield bool(value)
        if value == 0:
            yield from (0.0, -0.0)
    elif isinstance(value, list | dict):
        yield from (_each(value, change) for change in (_as_float, _as_int))


def _as_float(value: Value) -> Value:
    try:
        return float(value) if isinstance(value, int) and int(float(value)) == value else value
    except OverflowError:
        return value


def _as_int(value: Value) -> Value:
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def _each(value: Value, change: Callable[[Value], Value]) -> Value:
    if isinstance(value, dict):
        return {name: _each(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    return change(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
