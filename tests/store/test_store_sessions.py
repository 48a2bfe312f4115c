"""Sessions of a run are ordered by session, never by when their entries arrive."""

from __future__ import annotations

import itertools
import random
import uuid
from typing import Any

import pytest
from batches import BEGAN, RUN, batch, columns_of, ingest, log, rows_of, start, to_plain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owner import Service

from diorama.journal.entry import (
    Attributes,
    Batch,
    Config,
    Console,
    ConsoleLine,
    Define,
    Entry,
    Environment,
    File,
    Finish,
    Log,
    Summary,
    System,
)
from diorama.media import FileRecord, HistogramRecord, TableRecord
from diorama.service.table_parts import tables_of
from diorama.service.views import HistogramRequest, MediaRequest, MediaWanted, RunPatch, SeriesRequest
from diorama.summaries.fold import SessionSummary
from diorama.summaries.overlay import all_shown
from diorama.summaries.paths import path_from_exact

PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAMES = st.sampled_from(["a", "b", "a.b", "m@0.5"])
NUMBERS = st.integers(-9, 9) | st.sampled_from([0.5, float("nan"), float("inf")])
DATA = st.dictionaries(
    NAMES, st.one_of(NUMBERS, st.sampled_from(["text", True]), st.dictionaries(NAMES, NUMBERS, max_size=2))
)
PATHS = st.sampled_from(["a", "b", "a.b", "a\\.b", "m@0\\.5", "best"])
ENTRIES = st.one_of(
    st.builds(lambda step, data: Log(step, 0, 0.0, data), st.integers(0, 9), DATA),
    st.builds(Summary, st.dictionaries(PATHS, st.one_of(NUMBERS, st.just({"x": 1})), max_size=2)),
    st.builds(Summary, st.just({}), st.lists(PATHS, min_size=1, max_size=2)),
    st.builds(
        Define,
        st.sampled_from(["a", "a*", "*", "m@0.5", "a.b"]),
        step_key=st.sampled_from([None, "b"]),
        summary=st.sampled_from([None, ["max"], ["min", "mean"], ["none"], ["copy"], ["first", "last"]]),
        is_overwriting=st.booleans(),
    ),
    st.builds(Config, st.dictionaries(NAMES, NUMBERS, max_size=2), st.lists(NAMES, max_size=1)),
    st.builds(Environment, st.dictionaries(NAMES, NUMBERS, max_size=2)),
    st.builds(
        Attributes,
        name=st.sampled_from([None, "one", "two"]),
        tags=st.sampled_from([None, ["t"], []]),
        notes=st.sampled_from([None, "n"]),
    ),
)


def placed(entries: list[Entry], began: float) -> list[Entry]:
    """The same entries with rows and times that fit together."""
    found: list[Entry] = []
    for index, entry in enumerate(entries):
        found.append(Log(entry.step, index, began + index, entry.data) if isinstance(entry, Log) else entry)
    return found


def documents_of(service: Service, run: tuple[str, str, str]) -> dict[str, Any]:
    detail = service.run(service.find_run(*run).uid)
    view = detail.run
    keys = service.keys([view.uid]).keys
    columns = service.runs(run[0], run[1], query=f"id={run[2]}").columns
    return to_plain(
        {
            "state": (view.state, view.exit_code),
            "attributes": (view.name, view.notes, view.tags, view.last_step),
            "config": view.config,
            "summary": view.summary,
            "environment": detail.environment,
            "steps": {key.key: (key.step_key, key.is_hidden) for key in keys},
            "columns": sorted(
                # A column that once had a namesake may go on being called by its exact text.
                (column.path.replace("\\.", "."), column.type, column.run_count)
                for column in columns
            ),
        }
    )


@settings(PATIENT, max_examples=30)
@given(
    sessions=st.lists(st.lists(ENTRIES, max_size=8), min_size=2, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_any_interleaving_of_sessions_gives_the_same_documents(
    service: Service, sessions: list[list[Entry]], seed: int
) -> None:
    """The batches of each session in order, those of different ones mixed in any way."""
    chance = random.Random(seed)
    found = []
    for is_mixed in (False, True):
        run = ("local", f"mix-{uuid.uuid4().hex}", "run")
        waiting: list[list[Batch]] = []
        for number, entries in enumerate(sessions):
            began = BEGAN + 100 * number
            head = start(run, f"w.{number}", time=began, session=1000 + number, environment={"at": number})
            whole = [head, *placed(entries, began), Finish(began + 50, number, "finished")]
            numbered = batch(whole, run=run, writer=f"w.{number}").entries
            pieces: list[Batch] = []
            while numbered:
                size = chance.randint(1, 4) if is_mixed else len(numbered)
                pieces.append(Batch(run, f"w.{number}", numbered[:size]))
                numbered = numbered[size:]
            waiting.append(pieces)
        while any(waiting):
            some = [pieces for pieces in waiting if pieces]
            service.ingest((chance.choice(some) if is_mixed else some[0]).pop(0))
        found.append(documents_of(service, run))
    assert found[0] == found[1]


@settings(PATIENT, max_examples=40)
@given(entries=st.lists(ENTRIES, max_size=12), cuts=st.sets(st.integers(1, 12)))
def test_the_stored_summary_is_that_of_the_process(
    service: Service, entries: list[Entry], cuts: set[int]
) -> None:
    """What `run.summary` folds call by call is what the store makes of batches, however they are cut."""
    run = ("local", "process", uuid.uuid4().hex)
    session = SessionSummary()
    for entry in entries:
        if isinstance(entry, Log):
            session.log(entry.data)
        elif isinstance(entry, Define):
            session.define(entry)
        elif isinstance(entry, Summary):
            for path, value in entry.data.items():
                session.set_value(path_from_exact(path), value)
            for path in entry.deleted:
                session.delete(path_from_exact(path))
    whole = batch([start(run), *placed(entries, BEGAN)], run=run).entries
    edges = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    for first, last in itertools.pairwise(edges):
        service.ingest(Batch(run, "w.0", whole[first:last]))
    _, summary = service.documents(service.find_run(*run).uid)
    assert repr(in_order(summary)) == repr(in_order(all_shown([session])))


def in_order(value: Any) -> Any:
    """Dicts by their names, at every level: `repr` tells NaN from nothing, but also heeds the order."""
    return {name: in_order(value[name]) for name in sorted(value)} if isinstance(value, dict) else value


def resumed(service: Service) -> int:
    """Steps 0..399 in session 1, then 250..599 in session 2; returns the run's uid."""
    uid = ingest(service, *(log(step, {"loss": 1.0}) for step in range(400)))
    again = [log(step, {"loss": 2.0}, row=step - 250, time=BEGAN + 1000 + step) for step in range(250, 600)]
    service.ingest(batch([start(writer="w.1", time=BEGAN + 1000, session=2**62), *again], writer="w.1"))
    return uid


@pytest.mark.parametrize("buckets", [1000, 50])
@pytest.mark.parametrize("axis", ["step", "time"])
def test_a_chart_follows_the_session_that_logged_a_step_last(
    service: Service, buckets: int, axis: str
) -> None:
    uid = resumed(service)
    request = SeriesRequest(runs=[uid], keys=["loss"], x=axis, buckets=buckets, with_superseded=True)
    main, faint = columns_of(service.series(request))
    assert (main["total"], faint["total"]) == (600, 150)
    assert (main["is_superseded"], faint["is_superseded"]) == (False, True)
    assert set(faint["last"]) == {1.0}
    assert set(main["last"]) == {1.0, 2.0}
    if axis == "step" and buckets == 1000:
        assert list(main["x"]) == list(range(600))
        assert list(main["last"]) == [1.0] * 250 + [2.0] * 350
        assert list(faint["x"]) == list(range(250, 400))
    (alone,) = columns_of(service.series(SeriesRequest(runs=[uid], keys=["loss"], x=axis, buckets=buckets)))
    assert alone["total"] == 600
    assert len(rows_of(service, uid)) == 750, "history keeps all"


@pytest.mark.parametrize("axis", ["time", "relative"])
@pytest.mark.parametrize("bounds", [(None, 3000), (-5000, None), (-5000, 3000)])
def test_a_range_of_superseded_points_alone_is_an_empty_chart(
    service: Service, axis: str, bounds: tuple[float | None, float | None]
) -> None:
    uid = ingest(service, *(log(step, {"loss": 1.0}) for step in range(6000)))
    again = [
        log(step, {"loss": 2.0}, time=BEGAN + 1e5 * (-1 if bounds[1] is None else 1) + step)
        for step in range(6000)
    ]
    service.ingest(batch([start(writer="w.1", time=BEGAN + 1e5, session=2**62), *again], writer="w.1"))
    low, high = (bound if bound is None or axis == "relative" else BEGAN + bound for bound in bounds)
    request = SeriesRequest(runs=[uid], keys=["loss"], x=axis, x_min=low, x_max=high, buckets=40)
    (head,) = columns_of(service.series(request))
    assert head["total"] == 0


@pytest.mark.parametrize("buckets", [2000, 50])
def test_the_neighbours_of_a_range_are_points_that_are_shown(service: Service, buckets: int) -> None:
    """Chunks beside the range whose points were all logged again are looked behind."""
    pieces = [
        [log(step, {"loss": 1.0}) for step in range(first, first + 500)] for first in range(0, 3000, 500)
    ]
    uid = ingest(service)
    for number, piece in enumerate(pieces):
        service.ingest(batch(piece, first_seq=2 + 500 * number))
    again = [log(step, {"loss": 2.0}, time=BEGAN + 1e5 + step) for step in range(500, 2000)]
    service.ingest(batch([start(writer="w.1", time=BEGAN + 1e5, session=2**62), *again], writer="w.1"))
    request = SeriesRequest(
        runs=[uid], keys=["loss"], x="time", x_min=BEGAN + 2100, x_max=BEGAN + 2200, buckets=buckets
    )
    (head,) = columns_of(service.series(request))
    first = head["x"][0] if head["is_exact"] else head["x_min"][0]
    assert (head["total"], first) == (101, BEGAN + 2099)
    request = SeriesRequest(
        runs=[uid], keys=["loss"], x="time", x_min=BEGAN + 1000, x_max=BEGAN + 1900, buckets=buckets
    )
    (head,) = columns_of(service.series(request))
    assert head["total"] == 0
    assert head["x"].tolist() == [BEGAN + 499, BEGAN + 2000]


def test_a_long_series_is_cut_only_where_sessions_overlap(service: Service) -> None:
    uid = ingest(service, *(log(step, {"loss": 1.0}) for step in range(140_000)))
    later = [log(step, {"loss": 2.0}, row=step, time=BEGAN + 1e6 + step) for step in range(139_000, 141_000)]
    service.ingest(batch([start(writer="w.1", time=BEGAN + 1e6, session=2**62), *later], writer="w.1"))
    request = SeriesRequest(runs=[uid], keys=["loss"], buckets=100, with_superseded=True)
    main, faint = columns_of(service.series(request))
    assert (main["total"], faint["total"]) == (141_000, 1000)
    assert sum(main["count"]) == 141_000
    assert main["max"][0] == 1.0
    assert main["min"][-1] == 2.0


def test_a_late_end_of_an_older_session_does_not_end_a_newer_one(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    again = [start(writer="w.1", time=BEGAN + 100, session=2**62), log(1, {"x": 2})]
    service.ingest(batch(again, writer="w.1"))
    service.ingest(batch([log(2, {"x": 3}), Finish(BEGAN + 50, 1, "failed")], first_seq=3))
    assert service.run(uid).run.state == "running"
    service.ingest(batch([Finish(BEGAN + 150, 0, "finished")], first_seq=3, writer="w.1"))
    assert service.run(uid).run.state == "finished"


def test_late_entries_of_an_ended_session_do_not_wake_the_run(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    again = [start(writer="w.1", time=BEGAN + 100, session=2**62), Finish(BEGAN + 150, 0, "finished")]
    service.ingest(batch(again, writer="w.1"))
    assert service.run(uid).run.state == "finished"
    service.ingest(batch([log(1, {"x": 1})], first_seq=3))
    assert service.run(uid).run.state == "finished"
    service.ingest(batch([log(2, {"x": 1}, time=BEGAN + 200)], first_seq=4))
    service.ingest(Batch(RUN, "w.0", []))
    assert service.run(uid).run.state == "running", "it goes on beside the newer session"


def test_children_and_the_machine_belong_to_the_session_of_their_parent(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    later = [start(writer="w.1", time=BEGAN + 100, session=2**62), log(1, {"x": 2, "y": 2})]
    service.ingest(batch(later, writer="w.1"))
    first = service.past_run(*RUN).session
    assert first == str(2**62)
    session = int(BEGAN * 1e9)
    child = [
        start(writer="c.0", time=BEGAN + 200, session=session, is_secondary=True),
        log(2, {"x": 9, "z": 9}),
    ]
    service.ingest(batch(child, writer="c.0"))
    assert service.run(uid).run.summary == {"x": 2, "y": 2, "z": 9}
    old = [start(writer="c.1", time=BEGAN + 50, is_secondary=True), System(BEGAN + 60, {"cpu": 1}),
           log(3, {"x": 8, "w": 8})]  # fmt: skip
    service.ingest(batch(old, writer="c.1"))
    assert service.run(uid).run.summary == {"x": 2, "y": 2, "z": 9, "w": 8}


def test_what_a_person_wrote_stays_until_the_newest_session_says_otherwise(service: Service) -> None:
    uid = ingest(service, Attributes(name="train"))
    service.ingest(batch([start(writer="w.1", session=2**62, name="eval")], writer="w.1"))
    service.patch_run(uid, RunPatch(name="mine"))
    service.ingest(batch([Attributes(name="late")], first_seq=3))
    assert service.run(uid).run.name == "mine"
    service.ingest(batch([Attributes(name="new")], first_seq=2, writer="w.1"))
    assert service.run(uid).run.name == "new"


def test_console_lines_are_ordered_by_session_then_by_time(service: Service) -> None:
    def _line(number: int, second: float, text: str) -> ConsoleLine:
        return ConsoleLine(number, BEGAN + second, "stdout", text)

    session = int(BEGAN * 1e9)
    later = [
        start(writer="w.1", time=BEGAN - 50, session=session + 1),
        Console([_line(1, -50, "second run")]),
    ]
    service.ingest(batch(later, writer="w.1"))
    uid = ingest(service, Console([_line(1, 0, "a"), _line(2, 4, "c"), _line(3, 3, "clock went back")]))
    child = [
        start(writer="c.0", session=session, is_secondary=True),
        Console([_line(1, 2, "b"), _line(2, 9, "e")]),
    ]
    service.ingest(batch(child, writer="c.0"))
    service.ingest(batch([Console([_line(2, 8, "c, again")])], first_seq=3))
    assert [line.text for line in service.console(uid).lines] == [
        "a", "b", "c, again", "clock went back", "e", "second run",
    ]  # fmt: skip


def test_a_late_file_of_an_older_session_does_not_take_the_place_of_a_newer_one(service: Service) -> None:
    old, new = (
        FileRecord(blob=service.put_blob(text, "text/plain"), name="r.txt") for text in (b"old", b"new")
    )
    uid = ingest(service)
    later = [start(writer="w.1", session=2**62), File("requirements.txt", new)]
    service.ingest(batch(later, writer="w.1"))
    service.ingest(batch([File("requirements.txt", old)], first_seq=2))
    assert [file.sha256 for file in service.files(uid).files] == [new.blob.sha256]


def test_the_last_step_is_that_of_the_newest_session(service: Service) -> None:
    uid = ingest(service, *(log(step, {"x": 1}) for step in range(400)))
    again = [start(writer="w.1", session=2**62), *(log(step, {"x": 1}) for step in range(250, 300))]
    service.ingest(batch(again, writer="w.1"))
    service.ingest(batch([log(400, {"x": 1})], first_seq=402))
    assert service.run(uid).run.last_step == 299
    assert service.past_run(*RUN).last_step == 400, "a resumed run goes on beyond all of them"


@pytest.mark.parametrize("is_together", [True, False])
@pytest.mark.parametrize("is_nested_first", [True, False])
def test_keys_with_dots_and_nested_ones_are_both_kept(
    service: Service, is_together: bool, is_nested_first: bool
) -> None:
    nested, flat = {"acc": {"top": 1}}, {"acc.top": 7}
    first, second = (nested, flat) if is_nested_first else (flat, nested)
    entries = [log(0, first | second)] if is_together else [log(0, first), log(0, second)]
    uid = ingest(service, entries[0])
    for entry in entries[1:]:
        service.ingest(batch([entry], first_seq=3))
    assert service.run(uid).run.summary == {"acc": {"top": 1}, "acc.top": 7}
    assert rows_of(service, uid) == [{"_step": 0, "acc.top": 1, "acc\\.top": 7}]
    assert {key.key: key.runs[0].last_value for key in service.keys([uid]).keys} == {
        "acc.top": 1,
        "acc\\.top": 7,
    }
    found = service.runs(*RUN[:2]).columns
    assert {column.path: column.run_count for column in found} == {
        "summary.acc.top": 1,
        "summary.acc\\.top": 1,
    }
    for query, count in (("summary.acc.top=1", 1), ("summary.acc\\.top=7", 1), ("summary.acc.top=7", 0)):
        assert service.runs(*RUN[:2], query=query).matched == count
    service.ingest(batch([Summary({}, ["acc"])], first_seq=9))
    assert service.run(uid).run.summary == {"acc.top": 7}
    found = service.runs(*RUN[:2]).columns
    assert [(column.path, column.run_count) for column in found] == [("summary.acc\\.top", 1)]


def test_keys_with_dots_are_shown_as_they_were_logged(service: Service) -> None:
    uid = ingest(service, Config({"m.x": 1}), log(0, {"metrics/mAP_0.5": 0.4, "n": {"a": 1}, "x\\.y": 2}))
    run = service.run(uid).run
    assert run.summary == {"metrics/mAP_0.5": 0.4, "n": {"a": 1}, "x\\.y": 2}
    assert rows_of(service, uid) == [{"_step": 0, "metrics/mAP_0.5": 0.4, "n.a": 1, "x\\.y": 2}]
    service.ingest(batch([Summary({"metrics/mAP_0\\.5": 0.9})], first_seq=4))
    assert service.run(uid).run.summary["metrics/mAP_0.5"] == 0.9
    for query in ("summary.metrics/mAP_0.5>0.8", "config.m.x=1", "summary.n.a=1", "m.x=1"):
        assert service.runs(*RUN[:2], query=query).matched == 1, query


def test_media_tables_and_rows_of_a_step_are_those_of_the_newest_session(service: Service) -> None:
    """The newer session's entries come first, and its clock is behind."""
    later, older = (
        {
            "text": word,
            "h": HistogramRecord(bins=[0.0, 1.0], values=[value]),
            "t": TableRecord(
                blob=service.put_blob(word.encode(), "application/vnd.apache.parquet"),
                columns=[],
                row_count=0,
            ),
        }
        for word, value in (("new", 2.0), ("old", 1.0))
    )
    session = int(BEGAN * 1e9)
    service.ingest(
        batch(
            [start(writer="w.1", time=BEGAN - 99, session=session + 1), log(0, later, time=BEGAN - 90)],
            writer="w.1",
        )
    )
    uid = ingest(service, log(0, older))
    assert [row["text"] for row in rows_of(service, uid)] == ["old", "new"]
    (cell,) = service.media(MediaRequest([MediaWanted(uid, "h", 0)])).cells
    assert (cell.items[0]["values"], cell.attempts) == ([2.0], 2)
    assert service.histograms(HistogramRequest(run=uid, key="h")).values == [[2.0]]
    with service._database.read() as connection:
        assert tables_of(connection, uid, "t", None)[0] == [later["t"].blob.sha256]
