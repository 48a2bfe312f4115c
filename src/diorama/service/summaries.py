"""The summary of a run while a batch is applied: only the names that the batch touches are read and written.

`diorama.summaries` says what sessions write and what of it is shown. Here each name's part of every session
is kept as a layer; a layer that newer ones hide for good is dropped. What is packed of a layer:

    [session, node, [[path, aggregate], ...]]
    node    {"v": whole value} | {"o" (opened) or "d": {name: node}} | {"c": [names of aggregates, goal]}
            | {} for ABSENT | None when the session has only aggregates left
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from diorama.journal.entry import Define, Summary
from diorama.service.flatten import Gathered, LoggedColumn, short_path
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.values import pack, unpack
from diorama.summaries.fold import ABSENT, Combined, Opened, SessionSummary
from diorama.summaries.overlay import is_whole, shown
from diorama.summaries.paths import Path, path_from_exact
from diorama.summaries.rules import Aggregate, Definitions

_NAMES_AT_ONCE = 500
_SET, _LOGGED = 0, 1
"""What is set by hand after n calls comes before the call with index n."""


@dataclass
class _Layer:
    """What a session wrote under one name."""

    session: int
    written: dict[str, Any] = field(default_factory=dict)
    aggregates: dict[Path, Aggregate] = field(default_factory=dict)


@dataclass
class _Name:
    """A name's row: the layers by session, and what is shown now."""

    layers: dict[int, _Layer] = field(default_factory=dict)
    shown: Any = ABSENT


class Summaries:
    """Changes the summary of a run by what one batch of `session` says."""

    def __init__(self, connection: sa.Connection, database: Database, run: int, session: int) -> None:
        self._connection = connection
        self._database = database
        self._run = run
        self._session = session

    def apply(self, gathered: Gathered, rules: Definitions) -> tuple[dict[str, Any], dict[str, Any]]:
        """Take in what was logged, set by hand and defined, in order; `rules`: those of before the batch.

        Returns the values under the names that it touched, before and after.
        """
        edits = [(index, entry) for index, entry in gathered.others if isinstance(entry, Summary)]
        names = self._read(_names_in(gathered, (entry for _, entry in edits)))
        session = SessionSummary(rules)
        for name in names.values():
            if self._session in name.layers:
                session.written.update(name.layers[self._session].written)
                session.aggregates.update(name.layers[self._session].aggregates)
        _fold(session, gathered, edits)
        aggregates: dict[str, dict[Path, Aggregate]] = {}
        for path, aggregate in session.aggregates.items():
            aggregates.setdefault(path[0], {})[path] = aggregate
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        rows: list[dict[str, Any]] = []
        for text, name in names.items():
            layer = _Layer(self._session, aggregates=aggregates.get(text, {}))
            if text in session.written:
                layer.written[text] = session.written[text]
            if not layer.written and not layer.aggregates:
                continue
            name.layers[self._session] = layer
            layers = _seen(name.layers, text)
            value = shown(layers, text)
            if name.shown is not ABSENT:
                before[text] = name.shown
            if value is not ABSENT:
                after[text] = value
            rows.append(self._row(text, layers, value))
        if rows:
            self._connection.execute(
                self._database.upsert(
                    schema.summaries, index=["run", "name"], update=["session", "value", "layers"]
                ),
                rows,
            )
        return before, after

    def _read(self, texts: list[str]) -> dict[str, _Name]:
        table = schema.summaries.c
        names = {text: _Name() for text in texts}
        for first in range(0, len(texts), _NAMES_AT_ONCE):
            rows = self._connection.execute(
                sa.select(table.name, table.session, table.value, table.layers).where(
                    table.run == self._run, table.name.in_(texts[first : first + _NAMES_AT_ONCE])
                )
            )
            for text, session, value, layers in rows:
                name = names[text]
                if value is not None:
                    name.shown = unpack(value)
                if layers is None:
                    name.layers[session] = _Layer(session, {text: name.shown})
                else:
                    name.layers = {layer.session: layer for layer in _unpacked(layers, text)}
        return names

    def _row(self, text: str, layers: list[_Layer], value: Any) -> dict[str, Any]:
        newest = layers[-1]
        is_plain = len(layers) == 1 and not newest.aggregates and _is_plain(newest.written.get(text, ABSENT))
        return {
            "run": self._run,
            "name": text,
            "session": newest.session,
            "value": None if value is ABSENT else pack(value),
            "layers": None if is_plain else _packed(layers, text),
        }


def read_shown(connection: sa.Connection, runs: list[int]) -> dict[int, dict[str, Any]]:
    """The summaries of runs, nested: exact values by name, as they were logged."""
    table = schema.summaries.c
    found: dict[int, dict[str, Any]] = {run: {} for run in runs}
    for first in range(0, len(runs), _NAMES_AT_ONCE):
        rows = connection.execute(
            sa.select(table.run, table.name, table.value).where(
                table.run.in_(runs[first : first + _NAMES_AT_ONCE]), table.value.is_not(None)
            )
        )
        for run, name, value in rows:
            found[run][name] = unpack(value)
    return found


def read_aggregates(connection: sa.Connection, run: int) -> dict[Path, Aggregate]:
    """What is remembered of the aggregated metrics of a run, all sessions together."""
    table = schema.summaries.c
    rows = connection.execute(
        sa.select(table.name, table.layers).where(table.run == run, table.layers.is_not(None))
    )
    found: dict[Path, Aggregate] = {}
    for name, data in rows:
        for layer in _unpacked(data, name):
            for path, aggregate in layer.aggregates.items():
                found[path] = found[path].joined(aggregate) if path in found else aggregate
    return found


def _names_in(gathered: Gathered, edits: Iterable[Summary]) -> list[str]:
    names = {path[0]: None for path in gathered.numbers}
    names |= {path[0]: None for path, _ in gathered.objects}
    for entry in edits:
        names |= {short_path(path_from_exact(text))[0]: None for text in [*entry.data, *entry.deleted]}
    return list(names)


def _fold(session: SessionSummary, gathered: Gathered, edits: list[tuple[int, Summary]]) -> None:
    """Everything in order. Between two define_metric calls the rules stay, so that a column's values can be
    taken together, at the place of the last one."""
    columns = [*gathered.numbers.items(), *((path, column) for (path, _), column in gathered.objects.items())]
    defines = [(index, entry) for index, entry in gathered.others if isinstance(entry, Define)]
    start = 0
    for end, entry in [*defines, (len(gathered.steps) + 1, None)]:
        _fold_part(session, columns, edits, start, end)
        if entry is not None:
            session.define(entry)
        start = end


def _fold_part(
    session: SessionSummary,
    columns: list[tuple[Path, LoggedColumn]],
    edits: list[tuple[int, Summary]],
    start: int,
    end: int,
) -> None:
    events: list[tuple[int, int, Path, Any]] = []
    for path, column in columns:
        first, last = bisect_left(column.index, start), bisect_left(column.index, end)
        if first < last:
            logged = column.values[first:last] if session.rules else column.values[last - 1 : last]
            events.append((column.index[last - 1], _LOGGED, path, logged))
    for index, entry in edits:
        if start <= index < end:
            events += [(index, _SET, path_from_exact(text), value) for text, value in entry.data.items()]
            events += [(index, _SET, path_from_exact(text), ABSENT) for text in entry.deleted]
    for _, kind, path, subject in sorted(events, key=lambda event: event[:2]):
        if kind == _LOGGED:
            session.log_values(path, subject)
        elif subject is ABSENT:
            session.delete(short_path(path))
        else:
            session.set_value(short_path(path), subject)


def _seen(layers: dict[int, _Layer], text: str) -> list[_Layer]:
    """The layers in order. Of those that newer ones hide for good, only the aggregates are kept."""
    ordered = [layers[session] for session in sorted(layers)]
    wholes = [i for i, layer in enumerate(ordered) if text in layer.written and is_whole(layer.written[text])]
    hidden = [_Layer(layer.session, {}, layer.aggregates) for layer in ordered[: max(wholes, default=0)]]
    return [layer for layer in hidden if layer.aggregates] + ordered[max(wholes, default=0) :]


def _is_plain(written: Any) -> bool:
    """Whether the value that a layer wrote is shown as it is, without aggregates or other layers."""
    kind = type(written)
    if kind is dict:
        return all(map(_is_plain, written.values()))
    return kind is not Opened and kind is not Combined and written is not ABSENT


def _packed(layers: list[_Layer], text: str) -> bytes:
    return pack(
        [
            [
                layer.session,
                _node(layer.written[text]) if text in layer.written else None,
                [
                    [list(path), msgspec.to_builtins(aggregate)]
                    for path, aggregate in layer.aggregates.items()
                ],
            ]
            for layer in layers
        ]
    )


def _unpacked(data: bytes, text: str) -> list[_Layer]:
    return [
        _Layer(
            session,
            {} if node is None else {text: _written(node)},
            {tuple(path): Aggregate(*aggregate) for path, aggregate in aggregates},
        )
        for session, node, aggregates in unpack(data)
    ]


def _node(written: Any) -> dict[str, Any]:
    if written is ABSENT:
        return {}
    if type(written) is Combined:
        return {"c": [list(written.wanted), written.goal]}
    if _is_plain(written):
        return {"v": written}
    return {"o" if type(written) is Opened else "d": {name: _node(inner) for name, inner in written.items()}}


def _written(node: dict[str, Any]) -> Any:
    if not node:
        return ABSENT
    ((kind, subject),) = node.items()
    if kind == "v":
        return subject
    if kind == "c":
        return Combined(tuple(subject[0]), subject[1])
    return (Opened if kind == "o" else dict)({name: _written(inner) for name, inner in subject.items()})
