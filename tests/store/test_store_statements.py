"""How often the database is asked when a batch is stored: once for hundreds of keys, never once for each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from batches import batch, log, rows_of, start
from owner import Service

from diorama.store import database

MERGING_STEPS = 16


@contextmanager
def statements_of(service: Service) -> Iterator[list[str]]:
    """What the database is asked in the block; one statement for many rows counts once."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    engine = service._database._engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def counts_of(service: Service, run_id: str, key_count: int) -> list[int]:
    """How many statements each of 17 batches of one call takes; the 16th merges the chunks of all keys."""
    run = ("local", "statements", run_id)
    service.ingest(batch([start(run)], run=run))
    counts = []
    for step in range(MERGING_STEPS + 1):
        call = log(step, {f"key {number}": step + number / 8 for number in range(key_count)})
        with statements_of(service) as found:
            service.ingest(batch([call], first_seq=step + 2, run=run))
        counts.append(len(found))
    uid = service.find_run(*run).uid
    assert rows_of(service, uid) == [
        {"_step": step} | {f"key {number}": step + number / 8 for number in range(key_count)}
        for step in range(MERGING_STEPS + 1)
    ]
    return counts


def test_the_number_of_statements_does_not_depend_on_the_number_of_keys(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOOK_SECS", math.inf)  # PostgreSQL is asked for its version by the clock
    assert counts_of(service, "many", 30) == counts_of(service, "few", 9)


@pytest.mark.parametrize("count", [1, 2, 8, 9, 64, 65, 499, 500, 501])
def test_lists_of_every_length_find_all_their_keys(service: Service, count: int) -> None:
    run = ("local", "statements", f"run{count}")
    data = {f"key {number}": float(number) for number in range(count)}
    service.ingest(batch([start(run), log(0, data)], run=run))
    service.ingest(batch([log(1, data)], first_seq=3, run=run))
    uid = service.find_run(*run).uid
    assert {key.key: key.runs[0].count for key in service.keys([uid]).keys} == dict.fromkeys(data, 2)
    assert service.find_run(*run).summary == data
