"""Entries of a batch, sorted by what becomes of them. Pure: no database, no clock.

A value inside nested dicts is named by its path. Numbers go to metric columns; media records, strings, lists
and the rest go to records. Everything keeps the index of its `log()` call, so that order is not lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from diorama.errors import BadRequest
from diorama.journal.entry import Entry, Log, Numbered, System
from diorama.model import clean_text
from diorama.store.columns import ROW_BITS, Floats, Ints
from diorama.store.values import kind_of_record
from diorama.summaries.paths import Path, plain_text
from diorama.summaries.rules import is_number

METRIC = "metric"
SYSTEM = "system"
VALUE = "value"
SYSTEM_PREFIX = "system/"
KEY_LIMIT_BYTES = 2000
DEPTH_LIMIT = 64
_ALWAYS_NUMBERS = {float, bool}
_NUMBERS = {float, bool, int}


@dataclass(slots=True)
class LoggedColumn:
    """Values of one key in call order; index[i] is the call that logged values[i]."""

    index: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


@dataclass
class Gathered:
    """What a batch says, by destination.

    steps, rows, times: of every log call. numbers: metric columns by path. objects: by (path, kind).
    system: (times, seqs, values) by path. others: every other entry with the number of calls before it.
    """

    steps: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    numbers: dict[Path, LoggedColumn] = field(default_factory=dict)
    objects: dict[tuple[Path, str], LoggedColumn] = field(default_factory=dict)
    system: dict[Path, tuple[list[float], list[int], list[Any]]] = field(default_factory=dict)
    others: list[tuple[int, Entry]] = field(default_factory=list)
    shortened: dict[str, str] = field(default_factory=dict)

    def columns_by_path(self) -> Iterator[tuple[Path, LoggedColumn]]:
        """Every column that log calls made; a path has one for numbers and one for each kind of record."""
        yield from self.numbers.items()
        for (path, _), column in self.objects.items():
            yield path, column

    def columns(self) -> tuple[Ints, Ints, Floats]:
        """(steps, rows of the writer, times) of every call."""
        try:
            steps = np.array(self.steps, np.int64)
            rows = np.array(self.rows, np.int64)
        except OverflowError as error:
            raise BadRequest("a step or row is beyond 64 bits") from error
        if len(rows) and (rows.min() < 0 or rows.max() >= 1 << ROW_BITS):
            raise BadRequest(f"a row is not between 0 and 2**{ROW_BITS}")
        return steps, rows, np.array(self.times, np.float64)


def gather(entries: Iterable[Numbered]) -> Gathered:
    """Sort entries by what becomes of them."""
    gathered = Gathered()
    steps, rows, times = gathered.steps, gathered.rows, gathered.times
    numbers: dict[str, LoggedColumn] = {}
    alike: list[dict[str, Any]] = []
    names: tuple[str, ...] = ()
    for numbered in entries:
        entry = numbered.entry
        if type(entry) is Log:
            if tuple(entry.data) != names:
                _add_calls(gathered, numbers, names, alike)
                names, alike = tuple(entry.data), []
            alike.append(entry.data)
            steps.append(entry.step)
            rows.append(entry.row)
            times.append(entry.time)
        elif type(entry) is System:
            for name, number in entry.data.items():
                system = gathered.system.setdefault((SYSTEM_PREFIX + name,), ([], [], []))
                system[0].append(entry.time)
                system[1].append(numbered.seq)
                system[2].append(number)
        else:
            gathered.others.append((len(steps), entry))
    _add_calls(gathered, numbers, names, alike)
    gathered.numbers = {(key,): column for key, column in numbers.items()} | gathered.numbers
    _shorten_paths(gathered)
    return gathered


def _add_calls(
    gathered: Gathered, numbers: dict[str, LoggedColumn], names: tuple[str, ...], calls: list[dict[str, Any]]
) -> None:
    """Add the newest calls, which all logged the same names: numbers in whole columns."""
    if not names:
        return
    first = len(gathered.steps) - len(calls)
    every = list(chain.from_iterable(map(dict.values, calls)))
    for place, name in enumerate(names):
        values = every[place :: len(names)]
        if _are_numbers(values):
            column = numbers.get(name)
            if column is None:
                column = numbers[name] = LoggedColumn()
            column.index.extend(range(first, first + len(values)))
            column.values.extend(values)
            continue
        for index, value in enumerate(values, first):
            if is_number(value):
                column = numbers.setdefault(name, LoggedColumn())
                column.index.append(index)
                column.values.append(value)
            else:
                _add(gathered, index, (name,), value)


def _are_numbers(values: list[Any]) -> bool:
    if len(values) == 1:
        return is_number(values[0])
    kinds = set(map(type, values))
    if kinds <= _ALWAYS_NUMBERS:
        return True
    return kinds <= _NUMBERS and all(map(is_number, values))


def _add(gathered: Gathered, index: int, path: Path, value: Any) -> None:
    if type(value) is dict and value:
        if len(path) > DEPTH_LIMIT:
            raise BadRequest(f"a logged dict is nested more than {DEPTH_LIMIT} levels deep")
        for name, item in value.items():
            _add(gathered, index, (*path, name), item)
        return
    kind = kind_of(value)
    column = (
        gathered.numbers.setdefault(path, LoggedColumn())
        if kind == METRIC
        else gathered.objects.setdefault((path, kind), LoggedColumn())
    )
    column.index.append(index)
    column.values.append(value)


def kind_of(value: Any) -> str:
    """The kind of key that a value makes: "metric", "value", or a media kind.

    >>> kind_of(0.5), kind_of("fine"), kind_of([1, 2])
    ('metric', 'value', 'value')
    """
    if is_number(value):
        return METRIC
    if type(value) is list and value:
        kinds = {kind_of_record(item) for item in value}
        return (kinds.pop() or VALUE) if len(kinds) == 1 else VALUE
    return kind_of_record(value) or VALUE


def short_key(key: str) -> str:
    """`key`, or for one too long for an index: its beginning and a digest."""
    key = column_text(key)
    if len(key) * 4 <= KEY_LIMIT_BYTES:
        return key
    data = key.encode("utf-8")
    if len(data) <= KEY_LIMIT_BYTES:
        return key
    head = data[: KEY_LIMIT_BYTES - 40].decode("utf-8", "ignore")
    return f"{head}…{hashlib.sha256(data).hexdigest()[:32]}"


def short_path(path: Path) -> Path:
    """`path` with names that every database takes; for one too long for an index: a single short name."""
    if len(path) == 1 and len(path[0]) * 4 <= KEY_LIMIT_BYTES:
        text = column_text(path[0])
        return path if text is path[0] else (text,)
    if sum(map(len, path)) * 4 > KEY_LIMIT_BYTES:
        text = plain_text(path)
        short = short_key(text)
        if short != column_text(text):
            return (short,)
    return tuple(map(column_text, path))


def column_text(text: str) -> str:
    """Text that every database takes: invalid UTF-8 is escaped, NUL becomes its visible symbol."""
    if text.isascii() and "\x00" not in text:
        return text
    return clean_text(text).replace("\x00", "␀")


def _shorten_paths(gathered: Gathered) -> None:
    """Give every path names that can be stored. Two paths that become the same are one."""
    renamed: dict[Path, Path] = {}
    for path in [*gathered.numbers, *(path for path, _ in gathered.objects), *gathered.system]:
        short = short_path(path)
        if short != path:
            renamed[path] = short
            if short[-1] != column_text(path[-1]):
                gathered.shortened[plain_text(path)] = plain_text(short)
    if not renamed:
        return
    numbers, objects, system = gathered.numbers, gathered.objects, gathered.system
    gathered.numbers, gathered.objects, gathered.system = {}, {}, {}
    for path, column in numbers.items():
        _join(gathered.numbers.setdefault(renamed.get(path, path), LoggedColumn()), column)
    for (path, kind), column in objects.items():
        _join(gathered.objects.setdefault((renamed.get(path, path), kind), LoggedColumn()), column)
    for path, samples in system.items():
        known = gathered.system.setdefault(renamed.get(path, path), ([], [], []))
        known[0].extend(samples[0])
        known[1].extend(samples[1])
        known[2].extend(samples[2])


def _join(column: LoggedColumn, other: LoggedColumn) -> None:
    pairs = sorted(
        [*zip(column.index, column.values, strict=True), *zip(other.index, other.values, strict=True)],
        key=lambda pair: pair[0],
    )
    column.index, column.values = [index for index, _ in pairs], [value for _, value in pairs]
