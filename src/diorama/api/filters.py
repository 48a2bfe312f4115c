"""Mongo-style filters of `Api.runs`, as W&B's scripts write them.

    {"config.lr": {"$gt": 0.01}, "state": "finished", "$or": [{"tags": "a"}, {"tags": {"$in": ["b", "c"]}}]}

Paths: config.x, summary.x (also summary_metrics.x; config.x.value is config.x), state, name, display_name,
id, tags, group, job_type (jobType), created_at, notes, host.
Operators: $and $or $nor $not, $eq $ne $gt $gte $lt $lte $in $nin $exists $regex.
A comparison with a value that is not there is false; $ne and $nin are true for it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from diorama.errors import BadRequest
from diorama.service.views import RunView
from diorama.summaries.paths import value_at

_ABSENT = object()
_NAMES = {
    "display_name": "name",
    "displayName": "name",
    "jobType": "job_type",
    "createdAt": "created_at",
    "description": "notes",
    "username": "entity",
}
_FIELDS = frozenset(RunView.__struct_fields__) - {"config", "summary", "uid", "version"}
_ORDERED: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(run: RunView, filters: Mapping[str, Any]) -> bool:
    """Whether a run passes. Raises BadRequest for filters that can't be read."""
    for path, wanted in filters.items():
        if path in ("$and", "$or", "$nor"):
            if not isinstance(wanted, list):
                raise BadRequest(f"{path} takes a list of filters")
            results = [matches(run, one) for one in wanted]
            if not {"$and": all(results), "$or": any(results), "$nor": not any(results)}[path]:
                return False
        elif path == "$not":
            if matches(run, wanted):
                return False
        elif not _passes(_value_at(run, path), wanted):
            return False
    return True


def sort_path(order: str) -> str:
    """W&B's order ("+created_at", "-summary_metrics.loss") as ours."""
    sign = "-" if order.startswith("-") else ""
    path = order.lstrip("+-")
    path = path.replace("summary_metrics.", "summary.", 1) if path.startswith("summary_metrics.") else path
    if path.startswith("config.") and path.endswith(".value"):
        path = path.removesuffix(".value")
    return sign + _NAMES.get(path, path)


def _value_at(run: RunView, path: str) -> Any:
    path = _NAMES.get(path, path)
    if path in _FIELDS:
        return getattr(run, path)
    for prefix, values in (
        ("config.", run.config),
        ("summary_metrics.", run.summary),
        ("summary.", run.summary),
    ):
        if path.startswith(prefix):
            found = _leaf(values, path[len(prefix) :])
            if found is _ABSENT and prefix == "config.":
                found = _leaf(values, path[len(prefix) :].removesuffix(".value"))
            return found
    raise BadRequest(
        f"runs can't be filtered by {path[:80]!r}", hint="for example config.lr, summary.loss, state, tags"
    )


def _leaf(values: Any, path: str) -> Any:
    try:
        return value_at(values, path)
    except KeyError:
        return _ABSENT


def _passes(value: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, Mapping) and any(str(name).startswith("$") for name in wanted)):
        return _equals(value, wanted)
    return all(_holds(value, name, operand) for name, operand in wanted.items())


def _holds(value: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return _equals(value, operand)
    if name == "$ne":
        return not _equals(value, operand)
    if name in ("$in", "$nin"):
        is_in = any(_equals(value, item) for item in operand)
        return is_in if name == "$in" else not is_in
    if name == "$exists":
        return (value is not _ABSENT) == bool(operand)
    if name == "$not":
        return not _passes(value, operand)
    if name == "$regex":
        return isinstance(value, str) and re.search(operand, value) is not None
    if name in _ORDERED:
        try:
            return value is not _ABSENT and bool(_ORDERED[name](value, operand))
        except TypeError:
            return False
    raise BadRequest(f"{name[:80]!r} is not an operator that runs can be filtered with")


def _equals(value: Any, wanted: Any) -> bool:
    if isinstance(value, list) and not isinstance(wanted, list):
        return wanted in value  # tags
    return value is not _ABSENT and bool(value == wanted)
