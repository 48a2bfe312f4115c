"""What define_metric calls say about keys, and the aggregates they ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from diorama.journal.entry import Define
from diorama.summaries.paths import Path, exact_text, plain_text

INTEGER_LIMIT = 2**63


def is_number(value: object) -> bool:
    """Whether a value is a point of a metric: a float, a bool, or an int of 64 bits."""
    kind = type(value)
    return kind is float or kind is bool or (kind is int and -INTEGER_LIMIT <= value < INTEGER_LIMIT)  # type: ignore[operator]  # an int


class Definition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All define_metric calls of one key, merged. `since`: the log call of this batch it counts from."""

    key: str
    step_key: str | None = None
    is_step_synced: bool | None = None
    is_hidden: bool | None = None
    summary: list[str] | None = None
    goal: str | None = None
    is_overwriting: bool = False
    """Whether it replaces what older sessions defined."""
    since: int = 0

    @property
    def synced_step_key(self) -> str | None:
        """The key whose last value joins every row of this one, if there is one."""
        return self.step_key if self.step_key and self.is_step_synced is not False else None


def merge_define(old: Definition | None, entry: Define, since: int = 0) -> Definition:
    """The definition after one more define_metric call; what it asks for is added to what was asked for."""
    new = Definition(
        key=entry.key,
        step_key=entry.step_key,
        is_step_synced=entry.is_step_synced,
        is_hidden=entry.is_hidden,
        summary=list(entry.summary) if entry.summary is not None else None,
        goal=entry.goal,
        is_overwriting=entry.is_overwriting,
        since=since,
    )
    if old is None or entry.is_overwriting:
        return new
    if new.step_key in (None, old.step_key):
        new.since = old.since
    if old.summary and new.summary:
        new.summary = list(dict.fromkeys([*old.summary, *new.summary]))
    new.is_overwriting = old.is_overwriting
    return _filled(new, old)


def over(older: Definition | None, newer: Definition) -> Definition:
    """The definition of a key by two sessions: what the newer one leaves open is as in the older one."""
    return newer if older is None or newer.is_overwriting else _filled(msgspec.structs.replace(newer), older)


def _filled(new: Definition, old: Definition) -> Definition:
    for name in ("step_key", "is_step_synced", "is_hidden", "summary", "goal"):
        if getattr(new, name) is None:
            setattr(new, name, getattr(old, name))
    return new


class Definitions:
    r"""The definitions of a run or session. An exact key wins over a pattern, a longer one over a shorter.

    A key is the plain text of a path or, to be exact, the one with dots of names written `\.`.
    """

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        self.by_key = {definition.key: definition for definition in definitions}
        self._found: dict[Path, Definition | None] = {}

    def __bool__(self) -> bool:
        return bool(self.by_key)

    def put(self, definition: Definition) -> None:
        """Add or replace the definition of a key."""
        self.by_key[definition.key] = definition
        self._found.clear()

    def define(self, entry: Define, since: int = 0) -> Definition:
        """Take in a define_metric call; returns what is defined now."""
        definition = merge_define(self.by_key.get(entry.key), entry, since)
        self.put(definition)
        return definition

    def of(self, path: Path) -> Definition | None:
        """What is defined for a path."""
        if not self.by_key:
            return None
        if path not in self._found:
            text = plain_text(path)
            found = self.by_key.get(text) or self.by_key.get(exact_text(path))
            if found is None:
                patterns = [name for name in self.by_key if name.endswith("*") and text.startswith(name[:-1])]
                found = self.by_key[max(patterns, key=len)] if patterns else None
            self._found[path] = found
        return self._found[path]


class Aggregate(msgspec.Struct, array_like=True):
    """What is remembered of a metric whose summary is aggregated. As in arithmetic, and as in W&B, a NaN
    makes the mean, the least and the greatest value NaN."""

    count: int = 0
    total: float = 0.0
    low: Any = None
    high: Any = None
    first: Any = None
    last: Any = None

    def add(self, value: Any) -> None:
        """Take in one more value."""
        if not self.count:
            self.low = self.high = self.first = value
        elif value != value:
            self.low = self.high = value
        else:
            if value < self.low:
                self.low = value
            if value > self.high:
                self.high = value
        self.count += 1
        self.total += value
        self.last = value

    def joined(self, later: Aggregate) -> Aggregate:
        """This one and a later session's."""
        if not self.count or not later.count:
            return later if later.count else self
        low, high = self.low, self.high
        if later.low != later.low or later.low < low:
            low = later.low
        if later.high != later.high or later.high > high:
            high = later.high
        count = self.count + later.count
        return Aggregate(count, self.total + later.total, low, high, self.first, later.last)

    def value(self, name: str, goal: str | None) -> Any:
        """The aggregate called `name`."""
        if name == "best":
            name = "max" if goal == "maximize" else "min"
        if name == "mean":
            return self.total / self.count
        return {"min": self.low, "max": self.high, "first": self.first, "last": self.last}[name]
