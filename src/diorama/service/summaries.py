"""The summary of a run while a batch is applied: only the names that the batch touches are read and written.

`diorama.summaries` says what sessions write and what of it is shown. Here each name's part of every session
is kept as a layer; a layer that newer ones hide for good is dropped. What is packed of a layer:

    [session, node, [[path, aggregate], ...]]
    node    {"v": whole value} | {"o" (opened) or "d": {name: node}} | {"c": [names of aggregates, goal]}
            | {} for ABSENT | None when the session has only aggregates left
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from diorama.journal.entry import Define, Summary
from diorama.service.flatten import Gathered, LoggedColumn, short_path
from diorama.store import schema
from diorama.store.statements import Among, prepared_upsert
from diorama.store.values import pack, unpack
from diorama.summaries.fold import ABSENT, Combined, Opened, SessionSummary
from diorama.summaries.overlay import is_whole, shown
from diorama.summaries.paths import Path, path_from_exact
from diorama.summaries.rules import Aggregate, Definitions

_RUNS_AT_ONCE = 500
_SET, _LOGGED = 0, 1
"""What is set by hand after n calls comes before the call with index n."""

_table = schema.summaries.c
_READ = Among(
    sa.select(_table.name, _table.session, _table.value, _table.layers).where(
        _table.run == sa.bindparam("of_run")
    ),
    _table.name,
    ["of_run"],
)
_UPSERT = prepared_upsert(
    schema.summaries,
    ("run", "name", "session", "value", "layers"),
    index=("run", "name"),
    update=("session", "value", "layers"),
)
_Row = tuple[int, str, int, bytes | None, bytes | None]
_Stored = tuple[int, bytes | None, bytes | None]
"""session, value and layers of a name"""


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

    def __init__(self, connection: sa.Connection, run: int, session: int) -> None:
        self._connection = connection
        self._run = run
        self._session = session

    def apply(self, gathered: Gathered, rules: Definitions) -> tuple[dict[str, Any], dict[str, Any]]:
        """Take in what was logged, set by hand and defined, in order; `rules`: those of before the batch.

        Returns the values under the names that it touched, before and after.
        """
        edits = [(index, entry) for index, entry in gathered.others if isinstance(entry, Summary)]
        texts = _names_in(gathered, (entry for _, entry in edits))
        stored: dict[str, _Stored] = {
            text: (session, value, layers)
            for text, session, value, layers in _READ.read(self._connection, texts, self._run)
        }
        logged = {} if edits or _defines(gathered) else self._whole(gathered, rules, stored)
        before: dict[str, Any] = {}
        rows: list[_Row] = []
        for text, value in logged.items():
            of_text = stored.get(text)
            if of_text is not None and of_text[1] is not None:
                before[text] = unpack(of_text[1])
            rows.append((self._run, text, self._session, pack(value), None))
        after = dict(logged)
        names = {text: _name(text, stored.get(text)) for text in texts if text not in logged}
        if names:
            self._fold(gathered, rules, edits, names, before, after, rows)
        _UPSERT.execute_many(self._connection, sorted(rows, key=_name_of))
        return before, after

    def _whole(self, gathered: Gathered, rules: Definitions, stored: dict[str, _Stored]) -> dict[str, Any]:
        """The last values of names under which nothing else counts: no dict, no aggregates, no layers. Those
        are nearly all."""
        found: dict[str, tuple[int, Any]] = {}
        others: set[str] = set()
        for path, column in gathered.columns_by_path():
            text = path[0]
            rule = rules.of(path)
            if len(path) > 1 or (rule is not None and rule.summary):
                others.add(text)
                continue
            known = found.get(text)
            if known is None or known[0] <= column.index[-1]:
                found[text] = column.index[-1], column.values[-1]
        whole: dict[str, Any] = {}
        for text, (_, value) in found.items():
            of_text = stored.get(text)
            is_ours = of_text is None or (of_text[2] is None and of_text[0] <= self._session)
            if is_ours and text not in others and type(value) is not dict:
                whole[text] = value
        return whole

    def _fold(
        self,
        gathered: Gathered,
        rules: Definitions,
        edits: list[tuple[int, Summary]],
        names: dict[str, _Name],
        before: dict[str, Any],
        after: dict[str, Any],
        rows: list[_Row],
    ) -> None:
        """As `apply`, for some of the names that it touched; adds to `before`, `after` and `rows`."""
        session = SessionSummary(rules)
        for name in names.values():
            if self._session in name.layers:
                session.written.update(name.layers[self._session].written)
                session.aggregates.update(name.layers[self._session].aggregates)
        _fold(session, gathered, edits, names)
        aggregates: dict[str, dict[Path, Aggregate]] = {}
        for path, aggregate in session.aggregates.items():
            aggregates.setdefault(path[0], {})[path] = aggregate
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

    def _row(self, text: str, layers: list[_Layer], value: Any) -> _Row:
        newest = layers[-1]
        is_plain = len(layers) == 1 and not newest.aggregates and _is_plain(newest.written.get(text, ABSENT))
        return (
            self._run,
            text,
            newest.session,
            None if value is ABSENT else pack(value),
            None if is_plain else _packed(layers, text),
        )


def _name_of(row: _Row) -> str:
    return row[1]


def _name(text: str, stored: _Stored | None) -> _Name:
    if stored is None:
        return _Name()
    session, value, layers = stored
    shown_now = ABSENT if value is None else unpack(value)
    if layers is None:  # the layer's value is written into, what was shown before must stay
        written = ABSENT if value is None else unpack(value)
        return _Name({session: _Layer(session, {text: written})}, shown_now)
    return _Name({layer.session: layer for layer in _unpacked(layers, text)}, shown_now)


def _defines(gathered: Gathered) -> list[tuple[int, Define]]:
    return [(index, entry) for index, entry in gathered.others if isinstance(entry, Define)]


def read_shown(connection: sa.Connection, runs: list[int]) -> dict[int, dict[str, Any]]:
    """The summaries of runs, nested: exact values by name, as they were logged."""
    table = schema.summaries.c
    found: dict[int, dict[str, Any]] = {run: {} for run in runs}
    for first in range(0, len(runs), _RUNS_AT_ONCE):
        rows = connection.execute(
            sa.select(table.run, table.name, table.value).where(
                table.run.in_(runs[first : first + _RUNS_AT_ONCE]), table.value.is_not(None)
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
    names = {path[0]: None for path, _ in gathered.columns_by_path()}
    for entry in edits:
        names |= {short_path(path_from_exact(text))[0]: None for text in [*entry.data, *entry.deleted]}
    return list(names)


def _fold(
    session: SessionSummary, gathered: Gathered, edits: list[tuple[int, Summary]], names: Container[str]
) -> None:
    """What concerns some names, in order. Between two define_metric calls the rules stay, so that a column's
    values can be taken together, at the place of the last one."""
    columns = [(path, column) for path, column in gathered.columns_by_path() if path[0] in names]
    start = 0
    for end, entry in [*_defines(gathered), (len(gathered.steps) + 1, None)]:
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
