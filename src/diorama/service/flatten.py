"""Entries of a batch, sorted by what becomes of them. Pure: no database, no clock.

Nested dicts become dotted keys. Numbers go to metric columns; media records, strings, lists and the
rest go to records. Everything keeps the index of its `log()` call, so that order is not lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diorama.errors import BadRequest
from diorama.journal.entry import Entry, Log, Numbered, System
from diorama.store.columns import ROW_BITS, Floats, Ints, Points, bits_from_values
from diorama.store.values import kind_of_record

METRIC = "metric"
SYSTEM = "system"
VALUE = "value"
SYSTEM_PREFIX = "system/"
KEY_LIMIT_BYTES = 2000
DEPTH_LIMIT = 64
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


@dataclass
class Column:
    """Values of one key in call order; index[i] is the call that logged values[i]."""

    index: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


@dataclass
class Gathered:
    """What a batch says, by destination.

    steps, rows, times: of every log call. numbers: metric columns by key. objects: by (key, kind).
    system: (times, seqs, values) by key. others: every other entry with the number of calls before it.
    """

    steps: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    numbers: dict[str, Column] = field(default_factory=dict)
    objects: dict[tuple[str, str], Column] = field(default_factory=dict)
    system: dict[str, tuple[list[float], list[int], list[Any]]] = field(default_factory=dict)
    others: list[tuple[int, Entry]] = field(default_factory=list)
    shortened: dict[str, str] = field(default_factory=dict)

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

    def last_values(self) -> dict[str, tuple[int, Any]]:
        """key -> (call, value) logged last."""
        found = {key: (column.index[-1], column.values[-1]) for key, column in self.numbers.items()}
        for (key, _), column in self.objects.items():
            if key not in found or column.index[-1] >= found[key][0]:
                found[key] = (column.index[-1], column.values[-1])
        return found


def gather(entries: Iterable[Numbered]) -> Gathered:
    """Sort entries by what becomes of them."""
    gathered = Gathered()
    steps, rows, times, numbers = gathered.steps, gathered.rows, gathered.times, gathered.numbers
    for numbered in entries:
        entry = numbered.entry
        if type(entry) is Log:
            index = len(steps)
            steps.append(entry.step)
            rows.append(entry.row)
            times.append(entry.time)
            for key, value in entry.data.items():
                kind = type(value)
                if kind is float or kind is bool or (kind is int and _INT_MIN <= value <= _INT_MAX):
                    column = numbers.get(key)
                    if column is None:
                        column = numbers[key] = Column()
                    column.index.append(index)
                    column.values.append(value)
                else:
                    _add(gathered, index, key, value, 0)
        elif type(entry) is System:
            for name, number in entry.data.items():
                system = gathered.system.setdefault(SYSTEM_PREFIX + name, ([], [], []))
                system[0].append(entry.time)
                system[1].append(numbered.seq)
                system[2].append(number)
        else:
            gathered.others.append((len(steps), entry))
    _shorten_keys(gathered)
    return gathered


def _add(gathered: Gathered, index: int, key: str, value: Any, depth: int) -> None:
    if type(value) is dict and value:
        if depth > DEPTH_LIMIT:
            raise BadRequest(f"a logged dict is nested more than {DEPTH_LIMIT} levels deep")
        for name, item in value.items():
            _add(gathered, index, f"{key}.{name}", item, depth + 1)
        return
    kind = kind_of(value)
    column = (
        gathered.numbers.setdefault(key, Column())
        if kind == METRIC
        else gathered.objects.setdefault((key, kind), Column())
    )
    column.index.append(index)
    column.values.append(value)


def kind_of(value: Any) -> str:
    """The kind of key that a value makes: "metric", "value", or a media kind.

    >>> kind_of(0.5), kind_of("fine"), kind_of([1, 2])
    ('metric', 'value', 'value')
    """
    kind = type(value)
    if kind is float or kind is bool or (kind is int and _INT_MIN <= value <= _INT_MAX):
        return METRIC
    if kind is list and value:
        kinds = {kind_of_record(item) for item in value}
        return (kinds.pop() or VALUE) if len(kinds) == 1 else VALUE
    return kind_of_record(value) or VALUE


def points_from_values(steps: Ints, rows: Ints, times: Floats, values: list[Any]) -> Points:
    """Exact points; `values` are floats, ints of 64 bits and bools."""
    bits, types = bits_from_values(values)
    return Points(steps, times, rows, bits, types)


def short_key(key: str) -> str:
    """`key`, or for one too long for an index: its beginning and a digest."""
    key = clean_text(key)
    data = key.encode("utf-8", "replace")
    if len(data) <= KEY_LIMIT_BYTES:
        return key
    head = data[: KEY_LIMIT_BYTES - 40].decode("utf-8", "ignore")
    return f"{head}…{hashlib.sha256(data).hexdigest()[:32]}"


def clean_text(text: str) -> str:
    """Text that every database takes: NUL becomes the visible symbol for it."""
    return text.replace("\x00", "␀") if "\x00" in text else text


def _shorten_keys(gathered: Gathered) -> None:
    for key in [*gathered.numbers, *(key for key, _ in gathered.objects), *gathered.system]:
        if len(key) * 4 > KEY_LIMIT_BYTES or "\x00" in key:
            short = short_key(key)
            if short != key:
                gathered.shortened[key] = short
    if not gathered.shortened:
        return
    rename = gathered.shortened
    gathered.numbers = {rename.get(key, key): column for key, column in gathered.numbers.items()}
    gathered.objects = {
        (rename.get(key, key), kind): column for (key, kind), column in gathered.objects.items()
    }
    gathered.system = {rename.get(key, key): column for key, column in gathered.system.items()}
