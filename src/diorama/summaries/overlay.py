"""A run's summary: those of its sessions laid over each other, the newest on top.

Sessions are ordered by their numbers, never by when their entries arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Protocol

from diorama.summaries.fold import ABSENT, Combined, Opened
from diorama.summaries.paths import Path
from diorama.summaries.rules import Aggregate


class Layer(Protocol):
    """What a session wrote: a SessionSummary, or a part of one."""

    @property
    def written(self) -> Mapping[str, Any]: ...
    @property
    def aggregates(self) -> Mapping[Path, Aggregate]: ...


def shown(layers: Sequence[Layer], name: str) -> Any:
    """The value under a top-level name; layers from the oldest session to the newest. ABSENT: none.

    >>> from diorama.summaries.fold import SessionSummary
    >>> first, second = SessionSummary(), SessionSummary()
    >>> first.log({"loss": 0.5, "n": {"a": 1}})
    >>> second.log({"n": {"b": 2}})
    >>> shown([first, second], "loss"), shown([first, second], "n")
    (0.5, {'a': 1, 'b': 2})
    """
    written = [layer.written[name] for layer in layers if name in layer.written]
    return _merged((name,), written, layers)


def all_shown(layers: Sequence[Layer]) -> dict[str, Any]:
    """Every value as nested dicts, fresh."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for layer in layers for name in layer.written):
        value = shown(layers, name)
        if value is not ABSENT:
            found[name] = value
    return found


def is_whole(written: Any) -> bool:
    """Whether this hides everything that older sessions wrote at the same place."""
    return type(written) is not Opened


def _merged(path: Path, written: Sequence[Any], layers: Sequence[Layer]) -> Any:
    if not written:
        return ABSENT
    newest = written[-1]
    if type(newest) is Combined:
        return _combined(path, newest, layers)
    if not isinstance(newest, dict):
        return newest
    levels: list[Mapping[str, Any]] = []
    for below in reversed(written):
        if not isinstance(below, dict):
            break
        levels.insert(0, below)
        if is_whole(below):
            break
    merged: dict[str, Any] = {}
    for name in dict.fromkeys(name for level in levels for name in level):
        value = _merged((*path, name), [level[name] for level in levels if name in level], layers)
        if value is not ABSENT:
            merged[name] = value
    return merged if merged or is_whole(newest) else ABSENT


def _combined(path: Path, subject: Combined, layers: Sequence[Layer]) -> dict[str, Any]:
    found = [layer.aggregates[path] for layer in layers if path in layer.aggregates]
    joined = reduce(Aggregate.joined, found)
    return {name: joined.value(name, subject.goal) for name in subject.wanted}
