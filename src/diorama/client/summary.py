"""`run.summary`: what stands beside a run's name in lists.

By default the last value of every key (or what define_metric asked for); what is set by hand wins.
The store computes the same from the journal; this view is for the training script to read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from diorama.journal.entry import Define

Send = Callable[[dict[str, Any], list[str]], dict[str, Any]]
"""send(changed, deleted), both by dotted path, journals them and answers the values as they are kept."""


class SummaryPart:
    """A level of the summary; nested dicts give deeper levels. Items and attributes are the same.

    >>> run.summary["best"] = {"epoch": 3}      # doctest: +SKIP
    >>> run.summary.best.epoch                  # doctest: +SKIP
    3
    """

    __slots__ = ("_path", "_root")

    def __init__(self, root: Summary, path: tuple[str, ...]) -> None:
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_path", path)

    _root: Summary
    _path: tuple[str, ...]

    def update(self, values: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Set several keys at once; media are allowed."""
        changed = {str(name): value for name, value in {**(values or {}), **more}.items()}
        self._root.set_values(self._path, changed)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self) -> Any:
        return self._dict().keys()

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self[name]) for name in self._dict()]

    def values(self) -> list[Any]:
        return [self[name] for name in self._dict()]

    def as_dict(self) -> dict[str, Any]:
        """A plain copy."""
        return self._dict()

    def __getitem__(self, name: str) -> Any:
        value = self._dict()[name]
        return SummaryPart(self._root, (*self._path, name)) if isinstance(value, dict) else value

    def __setitem__(self, name: str, value: Any) -> None:
        self._root.set_values(self._path, {str(name): value})

    def __delitem__(self, name: str) -> None:
        if name not in self._dict():
            raise KeyError(name)
        self._root.delete((*self._path, name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the summary has no key {name!r}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._dict()

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict())

    def __len__(self) -> int:
        return len(self._dict())

    def __eq__(self, other: object) -> bool:
        return self._dict() == (other._dict() if isinstance(other, SummaryPart) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return repr(self._dict())

    def _dict(self) -> dict[str, Any]:
        found: Any = self._root.merged()
        for name in self._path:
            found = found[name] if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            raise KeyError(".".join(self._path))
        return found


class Summary(SummaryPart):
    """The whole summary of a run."""

    __slots__ = ("_aggregates", "_explicit", "_send", "latest", "rules")

    def __init__(self, send: Send) -> None:
        super().__init__(self, ())
        object.__setattr__(self, "_send", send)
        object.__setattr__(self, "latest", {})
        object.__setattr__(self, "_explicit", {})
        object.__setattr__(self, "rules", {})
        object.__setattr__(self, "_aggregates", {})

    latest: dict[str, Any]
    """Last logged value of every key. `Run.log` updates it directly."""
    _send: Send
    _explicit: dict[str, Any]
    rules: dict[str, list[str]]
    """What define_metric asked for, by key; `Run.log` looks whether there is any."""
    _aggregates: dict[str, dict[str, float]]

    def define(self, define: Define) -> None:
        """Take the `summary=` of a define_metric call."""
        if define.summary is not None:
            self.rules[define.key] = [str(each) for each in define.summary]
        elif define.is_overwriting:
            self.rules.pop(define.key, None)

    def aggregate(self, data: Mapping[str, Any]) -> None:
        """Note logged numbers that define_metric wants more of than the last."""
        for name, value in data.items():
            if self._wanted(name) is None or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            seen = self._aggregates.get(name)
            if seen is None:
                self._aggregates[name] = {
                    "first": value, "min": value, "max": value, "last": value, "sum": value, "count": 1
                }  # fmt: skip
                continue
            if value < seen["min"] or math.isnan(seen["min"]):
                seen["min"] = value
            if value > seen["max"] or math.isnan(seen["max"]):
                seen["max"] = value
            seen["last"] = value
            seen["sum"] += value
            seen["count"] += 1

    def load(self, values: Mapping[str, Any]) -> None:
        """Dotted paths that are stored already (a resumed run's)."""
        for path, value in values.items():
            _put(self.latest, tuple(path.split(".")), value)

    def merged(self) -> dict[str, Any]:
        """All values as nested dicts, fresh."""
        found = {name: value for name, value in self.latest.items() if self._wanted(name) is None}
        for name, seen in self._aggregates.items():
            shown = {
                wanted: seen["sum"] / seen["count"] if wanted == "mean" else seen[wanted]
                for wanted in self._wanted(name) or ()
                if wanted == "mean" or wanted in seen
            }
            if shown:
                found[name] = shown
        return _overlay(found, self._explicit)

    def set_values(self, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        """Set by hand: from now on these win over what is logged."""
        leaves: dict[str, Any] = {}
        _flatten(".".join(path), values, leaves)
        for dotted, value in self._send(leaves, []).items():
            _put(self._explicit, tuple(dotted.split(".")), value)

    def delete(self, path: tuple[str, ...]) -> None:
        self._send({}, [".".join(path)])
        for tree in (self.latest, self._explicit, self._aggregates):
            level: Any = tree
            for name in path[:-1]:
                level = level.get(name) if isinstance(level, dict) else None
            if isinstance(level, dict):
                level.pop(path[-1], None)

    def _wanted(self, name: str) -> list[str] | None:
        if not self.rules:
            return None
        if name in self.rules:
            return self.rules[name]
        fitting = [rule for rule in self.rules if rule.endswith("*") and name.startswith(rule[:-1])]
        return self.rules[max(fitting, key=len)] if fitting else None


def _flatten(prefix: str, values: Mapping[str, Any], found: dict[str, Any]) -> None:
    for name, value in values.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping) and value:
            _flatten(path, value, found)
        else:
            found[path] = value


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    tree[path[-1]] = value


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in above.items():
        if isinstance(value, dict):
            under = below.get(name)
            below[name] = _overlay(dict(under) if isinstance(under, dict) else {}, value)
        else:
            below[name] = value
    return below
