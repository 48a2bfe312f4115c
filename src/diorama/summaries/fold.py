"""One session's summary: what it logged and what was set by hand, folded in the order of the calls.

The last write wins, whoever makes it; a key that define_metric aggregates shows its aggregates from the next
`log` on. What was written is kept as a tree by names, in which

    Opened    is a dict that `log` made on its way: names that only older sessions wrote stay beside its own
    dict      is a whole value, set by hand
    Combined  stands for aggregates
    ABSENT    was deleted, in older sessions too
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from diorama.journal.entry import Define
from diorama.summaries.paths import Path
from diorama.summaries.rules import Aggregate, Definitions, is_number


class Opened(dict[str, Any]):
    """A dict that `log` made, because a value was logged at a path below it."""

    __slots__ = ()


class Combined(NamedTuple):
    """Marks a place where aggregates are shown: which ones, and whether "best" is the least or greatest."""

    wanted: tuple[str, ...]
    goal: str | None


class Absent:
    """The class of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class SessionSummary:
    """What one session wrote. `rules`: what define_metric was told in this session."""

    __slots__ = ("aggregates", "rules", "written")

    def __init__(self, rules: Definitions | None = None) -> None:
        self.written: dict[str, Any] = {}
        self.aggregates: dict[Path, Aggregate] = {}
        self.rules = rules if rules is not None else Definitions()

    def define(self, entry: Define) -> None:
        """A define_metric call."""
        self.rules.define(entry)

    def log(self, data: Mapping[str, Any], above: Path = ()) -> None:
        """A `log` call of plain values; nested dicts are opened."""
        for name, value in data.items():
            path = (*above, name)
            if type(value) is dict and value:
                self.log(value, path)
            else:
                self.log_values(path, (value,))

    def log_values(self, path: Path, values: Sequence[Any]) -> None:
        """Take in the values that calls in succession logged at one path; there is at least one."""
        rule = self.rules.of(path) if self.rules else None
        wanted = [] if rule is None or rule.summary is None else rule.summary
        if "none" in wanted:
            return
        shown = tuple(each for each in wanted if each != "copy")
        if rule is None or not shown:
            self._write(path, values[-1])
            return
        for value in values:
            if is_number(value):
                aggregate = self.aggregates.get(path)
                if aggregate is None:
                    aggregate = self.aggregates[path] = Aggregate()
                aggregate.add(value)
                self._write(path, Combined(shown, rule.goal))
            elif path not in self.aggregates:
                self._write(path, value)

    def set_value(self, path: Path, value: Any) -> None:
        """Set a value by hand. It replaces everything at and below the path."""
        self._write(path, value)

    def delete(self, path: Path) -> None:
        """Remove a value and all below it, also what older sessions wrote there."""
        self._write(path, ABSENT)

    def _write(self, path: Path, value: Any) -> None:
        level = self.written
        is_open = True
        for name in path[:-1]:
            below = level.get(name)
            if not isinstance(below, dict):
                below = Opened() if is_open and name not in level else {}
                level[name] = below
            is_open = type(below) is Opened
            level = below
        if value is ABSENT and not is_open:
            level.pop(path[-1], None)
        else:
            level[path[-1]] = _own(value)


def _own(value: Any) -> Any:
    """The value with dicts of its own: later writes go into them, and must not change what was logged."""
    return {name: _own(inner) for name, inner in value.items()} if type(value) is dict else value
