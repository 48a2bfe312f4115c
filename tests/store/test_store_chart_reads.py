"""Charts ask the database a few times, however many series they have."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from batches import batch, log, start
from owner import OpenStore, Service

from diorama.service.views import SeriesRequest
from diorama.store import history


def questions_of(service: Service, request: SeriesRequest) -> int:
    """How many statements a chart takes."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    engine = service._database._engine
    sa.event.listen(engine, "before_cursor_execute", note)
    service.series(request)
    sa.event.remove(engine, "before_cursor_execute", note)
    return len(asked)


@pytest.mark.parametrize("x", ["step", "axis"])
def test_a_chart_of_many_short_runs_asks_no_more_than_one_of_a_few(open_store: OpenStore, x: str) -> None:
    service = open_store()
    for number in range(24):
        run = ("local", "short", f"run{number}")
        service.ingest(batch([start(run), log(0, {"x": number, "axis": -number})], run=run))
    uids = [run.uid for run in service.runs("local", "short").runs]
    few, many = (SeriesRequest(runs=some, keys=["x"], x=x) for some in (uids[:2], uids))
    assert questions_of(open_store(), many) == questions_of(open_store(), few)
    # Where not all of them are remembered, they are read in pieces, and none is forgotten before its turn.
    narrow = open_store()
    narrow._reader = history.ChunkReader(32_000)
    assert questions_of(narrow, many) <= questions_of(open_store(), few) + 12


def test_a_chart_of_running_runs_asks_at_once_for_what_is_new(open_store: OpenStore) -> None:
    service = open_store()
    names = [("local", "long", f"run{number}") for number in range(24)]
    for run in names:
        entries = [start(run), *(log(step, {"x": step}) for step in range(200))]
        service.ingest(batch(entries, run=run))
    uids = [run.uid for run in service.runs("local", "long").runs]
    few, many = (SeriesRequest(runs=some, keys=["x"]) for some in (uids[:2], uids))
    service.series(many)
    asked: list[int] = []
    for step, request in ((200, many), (201, few)):
        for run in names:
            service.ingest(batch([log(step, {"x": step})], run=run, first_seq=step + 2))
        asked.append(questions_of(service, request))
    assert asked[0] == asked[1]


def test_a_chart_over_a_metric_reads_that_metric_once_for_a_run(open_store: OpenStore) -> None:
    service = open_store()
    keys = [f"k{number}" for number in range(40)]
    for number in range(3):
        run = ("local", "wide", f"run{number}")
        service.ingest(batch([start(run), log(0, dict.fromkeys([*keys, "axis"], 1))], run=run))
    uids = [run.uid for run in service.runs("local", "wide").runs]
    ahead = history.ChunkReader.ahead
    with patch.object(history.ChunkReader, "ahead", autospec=True, side_effect=ahead) as reads:
        service.series(SeriesRequest(runs=uids, keys=keys, x="axis"))
    [call] = reads.call_args_list
    read = [chunk.id for chunks in call.args[2] for chunk in chunks]
    assert len(read) == len(set(read)) == len(uids) * (len(keys) + 1)
