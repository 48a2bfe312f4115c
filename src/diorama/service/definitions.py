"""What define_metric calls say about keys, and the aggregates they ask for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from diorama.journal.entry import Define


class Definition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All define_metric calls of one key, merged. `since`: the log call of this batch it counts from."""

    key: str
    step_key: str | None = None
    is_step_synced: bool | None = None
    is_hidden: bool | None = None
    summary: list[str] | None = None
    goal: str | None = None
    since: int = 0

    @property
    def synced_step_key(self) -> str | None:
        """The key whose last value joins every row of this one, if there is one."""
        return self.step_key if self.step_key and self.is_step_synced is not False else None


def merge_define(old: Definition | None, entry: Define, since: int) -> Definition:
    """The definition after one more define_metric call."""
    new = Definition(
        key=entry.key,
        step_key=entry.step_key,
        is_step_synced=entry.is_step_synced,
        is_hidden=entry.is_hidden,
        summary=list(entry.summary) if entry.summary is not None else None,
        goal=entry.goal,
        since=since,
    )
    if old is None or entry.is_overwriting:
        return new
    for name in ("step_key", "is_step_synced", "is_hidden", "summary", "goal"):
        if getattr(new, name) is None:
            setattr(new, name, getattr(old, name))
    if new.step_key == old.step_key:
        new.since = old.since
    return new


class Definitions:
    """The definitions of a run. An exact key wins over a pattern, a longer pattern over a shorter one."""

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        self.by_key = {definition.key: definition for definition in definitions}
        self._found: dict[str, Definition | None] = {}

    def __bool__(self) -> bool:
        return bool(self.by_key)

    def put(self, definition: Definition) -> None:
        """Add or replace the definition of a key."""
        self.by_key[definition.key] = definition
        self._found.clear()

    def of(self, key: str) -> Definition | None:
        """What is defined for a key."""
        if not self.by_key:
            return None
        if key not in self._found:
            exact = self.by_key.get(key)
            patterns = [name for name in self.by_key if name.endswith("*") and key.startswith(name[:-1])]
            self._found[key] = exact or (self.by_key[max(patterns, key=len)] if patterns else None)
        return self._found[key]


class Aggregate(msgspec.Struct, array_like=True):
    """What is remembered of a metric whose summary is aggregated. NaN is left out of all but `last`."""

    count: int = 0
    total: float = 0.0
    low: Any = None
    high: Any = None
    first: Any = None
    last: Any = None

    def add(self, values: Iterable[Any]) -> None:
        """Take in values, in the order in which they were logged."""
        for value in values:
            self.last = value
            if self.first is None:
                self.first = value
            if value != value:
                continue
            if math.isfinite(value):
                self.count += 1
                self.total += value
            if self.low is None or value < self.low:
                self.low = value
            if self.high is None or value > self.high:
                self.high = value

    def value(self, name: str, goal: str | None) -> Any:
        """The aggregate called `name`; None if there is nothing to tell yet."""
        if name == "best":
            name = "max" if goal == "maximize" else "min"
        if name == "mean":
            return self.total / self.count if self.count else None
        return {"min": self.low, "max": self.high, "first": self.first, "last": self.last}.get(name)
