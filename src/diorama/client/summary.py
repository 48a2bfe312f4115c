"""`run.summary`: what stands beside a run's name in lists.

The last value of every key, logged or set by hand, or what define_metric asked for. The rules are those of
`diorama.summaries`, by which the store reads the journal, too: what a script reads here is what is stored.
Only logged media are missing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.msgpack import Ext

from diorama.journal.entry import Define
from diorama.model import clean_text
from diorama.summaries.fold import ABSENT, SessionSummary
from diorama.summaries.overlay import all_shown, shown
from diorama.summaries.paths import Path, exact_text

Send = Callable[[dict[str, Any], list[str]], dict[str, Any]]
"""send(changed, deleted), both by exact path, journals them and answers the values as they are kept."""


class SummaryPart:
    """A level of the summary; nested dicts give deeper levels. Items and attributes are the same.

    >>> run.summary["best"] = {"epoch": 3}      # doctest: +SKIP
    >>> run.summary.best.epoch                  # doctest: +SKIP
    3
    """

    __slots__ = ("_path", "_root")

    def __init__(self, root: Summary, path: Path) -> None:
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_path", path)

    _root: Summary
    _path: Path

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
        value = self._value_of(name)
        return SummaryPart(self._root, (*self._path, name)) if isinstance(value, dict) else value

    def __setitem__(self, name: str, value: Any) -> None:
        self._root.set_values(self._path, {str(name): value})

    def __delitem__(self, name: str) -> None:
        self._value_of(name)
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
        try:
            self._value_of(name)
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict())

    def __len__(self) -> int:
        return len(self._dict())

    def __eq__(self, other: object) -> bool:
        return self._dict() == (other._dict() if isinstance(other, SummaryPart) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return repr(self._dict())

    def _value_of(self, name: Any) -> Any:
        if self._path:
            return self._dict()[name]
        value = self._root.value_of(name)
        if value is ABSENT:
            raise KeyError(name)
        return value

    def _dict(self) -> dict[str, Any]:
        if not self._path:
            return self._root.merged()
        found: Any = self._root.value_of(self._path[0])
        for name in self._path[1:]:
            found = found[name] if isinstance(found, dict) else ABSENT
        if not isinstance(found, dict):
            raise KeyError(".".join(self._path))
        return found


class Summary(SummaryPart):
    """The whole summary of a run: what this session wrote, over what older sessions left."""

    __slots__ = ("_past", "_send", "_session", "latest", "rules")

    def __init__(self, send: Send) -> None:
        super().__init__(self, ())
        session = SessionSummary()
        object.__setattr__(self, "_send", send)
        object.__setattr__(self, "_past", [])
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "latest", session.written)
        object.__setattr__(self, "rules", session.rules.by_key)

    latest: dict[str, Any]
    """What this session wrote, by top-level name. Without rules, `Run.log` puts plain values here itself."""
    rules: Mapping[str, object]
    """What define_metric was told, by key; `Run.log` looks whether there is any."""
    _send: Send
    _past: list[SessionSummary]
    _session: SessionSummary

    def define(self, define: Define) -> None:
        """Take in a define_metric call."""
        self._session.define(define)

    def log(self, data: Mapping[str, Any]) -> None:
        """Update the summary by a `log` call that has plain values only."""
        self._session.log(data)

    def log_given(self, kept: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """The same of a call that was journalled as `kept`. Media are not remembered: that would keep their
        bytes from being recycled."""
        self._session.log(as_given(kept, given, with_media=False))

    def load(self, past: SessionSummary) -> None:
        """What older sessions of a resumed run left."""
        self._past.append(past)

    def merged(self) -> dict[str, Any]:
        """All values as nested dicts, fresh."""
        return all_shown([*self._past, self._session])

    def value_of(self, name: str) -> Any:
        """The value under a top-level name, as a copy if it is nested; ABSENT if there is none."""
        return shown([*self._past, self._session], name)

    def set_values(self, above: Path, values: Mapping[str, Any]) -> None:
        """Set by hand."""
        paths = {name: (*above, clean_text(name)) for name in values}
        kept = self._send({exact_text(paths[name]): value for name, value in values.items()}, [])
        for path in paths.values():
            self._session.set_value(path, kept[exact_text(path)])

    def delete(self, path: Path) -> None:
        """Remove a value and all below it."""
        self._send({}, [exact_text(path)])
        self._session.delete(path)


def as_given(kept: Any, given: Any, *, with_media: bool = True) -> Any:
    """A value as it is journalled, but with the given objects where the journal has no plain value: for
    integers beyond 64 bits, and for media (or ABSENT, without them)."""
    if type(kept) is dict and isinstance(given, Mapping):
        names = {clean_text(name): name for name in given}
        return {
            name: as_given(value, given[names[name]], with_media=with_media) if name in names else value
            for name, value in kept.items()
        }
    if not isinstance(kept, Ext) and not (type(kept) is list and any(isinstance(item, Ext) for item in kept)):
        return kept
    return given if with_media or type(given) is int else ABSENT
