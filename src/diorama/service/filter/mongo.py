"""Mongo-style filters, as W&B's scripts write them -> tree.

    {"config.lr": {"$gt": 0.01}, "state": "finished", "$or": [{"tags": "a"}, {"tags": {"$in": ["b", "c"]}}]}

Paths: config.x, summary.x (also summary_metrics.x; config.x.value is config.x), and the fields of a run
(`NAMES`). Operators: `OPERATORS`, and $and $or $nor $not between filters.
A comparison with a value that is not there is false; $ne and $nin are true for it. A list is also equal to
each of its elements, unless they are lists or dicts with something in them: those are only compared with
whole values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from diorama.errors import BadRequest
from diorama.media.core.jsonable import number_from_word
from diorama.service.filter.fields import FIELDS
from diorama.service.filter.tree import All, Compare, Filter, Not, OneOf, Op, Place, Value
from diorama.service.flatten import column_text
from diorama.store.regex import pattern
from diorama.summaries.paths import leaves

COMPARE_LIMIT = 200
VALUE_LIMIT = 5000
DEPTH_LIMIT = 30
DIGIT_LIMIT = 400

NAMES = {name: name for name in FIELDS if name != "search"} | {
    "display_name": "name",
    "displayName": "name",
    "jobType": "job_type",
    "createdAt": "created_at",
    "description": "notes",
    "username": "entity",
}
"""What the fields of a run are called: ours, and W&B's other names."""

_BETWEEN = ("$and", "$or", "$nor", "$not")


def sort_path(order: str) -> str:
    """W&B's order ("+created_at", "-summary_metrics.loss") as ours."""
    sign = "-" if order.startswith("-") else ""
    path = order.lstrip("+-")
    path = path.replace("summary_metrics.", "summary.", 1) if path.startswith("summary_metrics.") else path
    if path.startswith("config."):
        path = f"config.{path.removeprefix('config.').removesuffix('.value')}"
    return sign + NAMES.get(path, path)


def plain(value: Any) -> Any:
    """A copy of a filter (or of a part) out of what JSON has: NumPy's numbers become Python's, times the
    seconds since 1970. Raises BadRequest for what can't be compared with.

    >>> plain({"config.lr": {"$in": (0.1, 1)}})
    {'config.lr': {'$in': [0.1, 1]}}
    """
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return str(column_text(value))
    if isinstance(value, Mapping):
        return {_name(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.timestamp()
    item = getattr(value, "item", None)
    if (
        callable(item)
        and getattr(value, "size", 1) == 1
        and type(number := item()) in (bool, int, float, str)
    ):
        return number
    raise BadRequest(
        f"runs can't be compared with a {type(value).__name__}",
        hint="numbers, texts, None, lists and dicts can be",
    )


def compiled(filters: Mapping[str, Any]) -> Filter:
    """The tree of a filter. Raises BadRequest for what can't be read, and says what there is.

    >>> compiled({"state": "finished", "config.lr": {"$gt": 0.1}}).parts
    (state = finished, config.lr > 0.1)
    """
    return _Compiler().all_of(filters, 0)


def place_of(path: str) -> Place:
    """What a path in a filter means. Raises BadRequest if it is none."""
    if path in NAMES:
        return Place(path, NAMES[path])
    if path.startswith("config."):
        name = path.removeprefix("config.")
        return Place(path, paths=tuple(dict.fromkeys((path, f"config.{name.removesuffix('.value')}"))))
    for prefix in ("summary_metrics.", "summary."):
        if path.startswith(prefix):
            return Place(path, paths=(f"summary.{path[len(prefix) :]}",))
    raise BadRequest(
        f"runs can't be filtered by {path[:80]!r}",
        hint=f"there is config.x, summary.x (or summary_metrics.x), {', '.join(sorted(NAMES))}",
    )


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise BadRequest(f"{str(name)[:80]} is not the name of a value or an operator")
    return str(column_text(name))


class _Compiler:
    """Counts what a filter asks for, so that none is too much for the database."""

    def __init__(self) -> None:
        self._compares = 0
        self._values = 0

    def all_of(self, filters: Any, depth: int) -> All:
        """A filter: everything in it must hold."""
        if not isinstance(filters, Mapping):
            raise BadRequest(
                f"{str(filters)[:80]} is not a filter", hint='for example {"config.lr": {"$gt": 0.1}}'
            )
        if depth > DEPTH_LIMIT:
            raise BadRequest(f"a filter is nested more than {DEPTH_LIMIT} levels deep")
        return All(tuple(self._entry(name, wanted, depth) for name, wanted in filters.items()))

    def _entry(self, name: str, wanted: Any, depth: int) -> Filter:
        if name == "$not":
            return Not(self.all_of(wanted, depth + 1))
        if name in _BETWEEN:
            if not isinstance(wanted, list | tuple):
                raise BadRequest(f"{name} takes a list of filters")
            parts = tuple(self.all_of(one, depth + 1) for one in wanted)
            return All(parts) if name == "$and" else OneOf(parts) if name == "$or" else Not(OneOf(parts))
        if name.startswith("$"):
            raise BadRequest(
                f"{name[:80]!r} is not an operator between filters", hint=f"there is {', '.join(_BETWEEN)}"
            )
        return self.passes(place_of(name), wanted, depth)

    def passes(self, place: Place, wanted: Any, depth: int) -> Filter:
        """What is asked of one value: {"$gt": 1, ...}, or a value that it must be equal to."""
        if not (isinstance(wanted, Mapping) and any(str(name).startswith("$") for name in wanted)):
            return self.compare(place, "=", [wanted])
        if depth > DEPTH_LIMIT:
            raise BadRequest(f"a filter is nested more than {DEPTH_LIMIT} levels deep")
        parts = [self._operator(place, str(name), operand, depth) for name, operand in wanted.items()]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def compare(self, place: Place, op: Op, values: list[Any]) -> Filter:
        found = tuple(self._value(place, value) for value in values)
        self._compares += 1 + sum(sum(1 for _ in leaves(one)) for one in found if isinstance(one, dict))
        self._values += len(found)
        if self._compares > COMPARE_LIMIT:
            raise BadRequest(f"a filter has more than {COMPARE_LIMIT} comparisons")
        if self._values > VALUE_LIMIT:
            raise BadRequest(f"a filter has more than {VALUE_LIMIT} values to compare with")
        return Compare(place, op, found)

    def _operator(self, place: Place, name: str, operand: Any, depth: int) -> Filter:
        if name not in OPERATORS:
            raise BadRequest(
                f"{name[:80]!r} is not an operator that runs can be filtered with",
                hint=f"there is {', '.join(OPERATORS)}",
            )
        return OPERATORS[name](self, place, operand, depth)

    def _value(self, place: Place, value: Any) -> Value:
        if isinstance(value, Mapping):
            if len(value) == 1 and isinstance(word := value.get("_number"), str):
                value = _number_of(word)
            else:
                return {name: self._value(place, item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(place, item) for item in value]
        if isinstance(value, int) and value.bit_length() > DIGIT_LIMIT * 4:
            raise BadRequest(f"a number has more than {DIGIT_LIMIT} digits")
        is_time = place.column is not None and FIELDS[place.column].kind == "time"
        return _seconds(place, value) if is_time and isinstance(value, str) else value


def _number_of(word: str) -> float | int:
    """A number that JSON lacks (`service/jsonable.py`)."""
    try:
        return number_from_word(word[: 2 * DIGIT_LIMIT])
    except ValueError:
        raise BadRequest(f"{word[:80]!r} is not a number") from None


def _seconds(place: Place, text: str) -> float:
    """A time as people write it, in UTC if it does not say otherwise, as Unix seconds."""
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return (time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        raise BadRequest(
            f"{place.name} is a time, and {text[:80]!r} is none", hint="2026-01-31T12:00:00, or Unix seconds"
        ) from None


def _is_one_of(name: str) -> Callable[[_Compiler, Place, Any, int], Filter]:
    def compile_(compiler: _Compiler, place: Place, operand: Any, _: int) -> Filter:
        if not isinstance(operand, list | tuple):
            raise BadRequest(f"{name} takes a list of values")
        return compiler.compare(place, "=" if name == "$in" else "!=", list(operand))

    return compile_


def _single(op: Op) -> Callable[[_Compiler, Place, Any, int], Filter]:
    return lambda compiler, place, operand, _: compiler.compare(place, op, [operand])


def _exists(compiler: _Compiler, place: Place, operand: Any, _: int) -> Filter:
    found = compiler.compare(place, "exists", [])
    return found if operand else Not(found)


def _not(compiler: _Compiler, place: Place, operand: Any, depth: int) -> Filter:
    return Not(compiler.passes(place, operand, depth + 1))


def _regex(compiler: _Compiler, place: Place, operand: Any, _: int) -> Filter:
    if not isinstance(operand, str):
        raise BadRequest("$regex takes a text")
    pattern(operand)  # refused now, also where no run will be looked at
    return compiler.compare(place, "matches", [operand])


OPERATORS: dict[str, Callable[[_Compiler, Place, Any, int], Filter]] = {
    "$eq": _single("="),
    "$ne": _single("!="),
    "$gt": _single(">"),
    "$gte": _single(">="),
    "$lt": _single("<"),
    "$lte": _single("<="),
    "$in": _is_one_of("$in"),
    "$nin": _is_one_of("$nin"),
    "$exists": _exists,
    "$not": _not,
    "$regex": _regex,
}
"""What can be asked of one value: (compiler, place, operand, depth) -> tree."""
