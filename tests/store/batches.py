"""Journals for tests: what a sidecar would ship."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from diorama.journal.entry import Batch, Entry, Log, Numbered, Start
from diorama.service import Access

RUN = ("local", "digits", "run1")
BEGAN = 1_700_000_000.0


def start(run: tuple[str, str, str] = RUN, writer: str = "w.0", **fields: Any) -> Start:
    """The first entry of a journal."""
    entity, project, run_id = run
    fields = {"time": BEGAN} | fields
    return Start(entity=entity, project=project, run=run_id, writer=writer, pid=1, pid_started=0.0, **fields)


def log(step: int, data: dict[str, Any], *, row: int | None = None, time: float | None = None) -> Log:
    """One log call, a second after the one before."""
    return Log(step, step if row is None else row, BEGAN + step if time is None else time, data)


def batch(
    entries: Sequence[Entry], *, first_seq: int = 1, run: tuple[str, str, str] = RUN, writer: str = "w.0"
) -> Batch:
    """Entries with rising seqs."""
    return Batch(run, writer, [Numbered(first_seq + index, entry) for index, entry in enumerate(entries)])


def ingest(service: Access, *entries: Entry, run: tuple[str, str, str] = RUN, writer: str = "w.0") -> int:
    """Start and entries as a writer's whole journal; returns the run's uid."""
    service.ingest(batch([start(run, writer), *entries], run=run, writer=writer))
    return service.find_run(*run).uid


def rows_of(service: Access, uid: int, **options: Any) -> list[dict[str, Any]]:
    """All history rows, without the clock's part."""
    return [
        {key: value for key, value in row.items() if key not in ("_timestamp", "_runtime")}
        for row in service.scan_history(uid, **options)
    ]


def exact(value: Any) -> Any:
    """Something that is equal only for values of the same type and bits (NaNs count as one)."""
    if type(value) is float:
        return "NaN" if value != value else struct.pack("<d", value)
    if type(value) is dict:
        return {key: exact(item) for key, item in value.items()}
    if type(value) is list:
        return [exact(item) for item in value]
    return (type(value).__name__, value)


def columns_of(body: bytes) -> list[dict[str, Any]]:
    """The heads of a binary reply, with their columns as arrays instead of places."""
    size = int.from_bytes(body[:4], "little")
    assert (4 + size) % 8 == 0
    head = json.loads(body[4 : 4 + size])
    (heads,) = head.values()
    for one in heads:
        one |= {
            name: np.frombuffer(body, "<f8", count, 4 + size + offset)
            for name, (offset, count) in one.pop("columns").items()
        }
    return list(heads)


def to_plain(value: Any) -> Any:
    """A view as dicts and lists."""
    return msgspec.to_builtins(value)
