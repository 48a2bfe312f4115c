"""What the lists, media and live queries answer."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sqlalchemy as sa
from batches import BEGAN, RUN, batch, columns_of, ingest, log, start
from owner import Service

from diorama.errors import BadRequest, NotFound
from diorama.journal.entry import Batch, Config, Console, ConsoleLine, Finish, Summary
from diorama.media import HistogramRecord, ImageRecord
from diorama.model import OWNER
from diorama.service.run_order import RunOrder
from diorama.service.views import HistogramRequest, MediaRequest, MediaWanted, RunPatch, TrackRequest


@pytest.fixture
def runs(service: Service) -> Service:
    """Four runs: two finished ones with a learning rate, a running one, one without anything."""
    for index, (name, config, summary, tags) in enumerate(
        [
            ("Alpha", {"lr": 0.1, "net": {"name": "ResNet_50"}, "amp": True}, {"loss": 0.5}, ["good", "old"]),
            ("beta", {"lr": 0.01, "net": {"name": "vit"}}, {"loss": math.nan, "lr": 7}, ["old one"]),
            ("gamma%", {"seed": 2**60}, {"loss": 0.25, "lr": 0.1}, []),
            ("Дельта", {}, {}, ["good"]),
        ]
    ):
        run = ("local", "digits", f"id{index}")
        entries: list[Any] = [
            start(run, name=name, tags=tags, time=BEGAN + index),
            Config(config),
            Summary(summary),
            log(index, {"step_metric": 1}),
        ]
        if index < 2:
            entries.append(Finish(BEGAN + 10, index, "finished" if index == 0 else "failed"))
        service.ingest(batch(entries, run=run))
    return service


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "0123"),
        ("alpha", "0"),
        ("id1", "1"),
        ("ДЕЛЬТА", "3"),
        ("good", "03"),
        ("gamma%", "2"),
        ("%", "2"),
        ("_", ""),
        ("lr=0.1", "02"),
        ("lr>0.05", "02"),
        ("lr>=0.01,lr<0.1", "1"),
        ("config.lr<=0.1", "01"),
        ("summary.lr>1", "1"),
        ("lr!=0.1", "13"),
        ("summary.loss<1", "02"),
        ("net.name~resnet", "0"),
        ("config.net.name=vit", "1"),
        ("net.name~_", "0"),
        ("amp=true", "0"),
        ("seed=1152921504606846976", "2"),
        ("tag:good", "03"),
        ("tag:old", "0"),
        ('tag:"old one"', "1"),
        ("-tag:good", "12"),
        ("state:running", "23"),
        ("state=failed", "1"),
        ("-state:running -alpha", "1"),
        ("name=beta", "1"),
        ("name~ALPHA", "0"),
        ("last_step>=2", "23"),
        ("exit_code!=0", "123"),
        ("summary.loss=nan", "1"),
    ],
)
def test_the_query_language(runs: Service, query: str, expected: str) -> None:
    found = runs.runs("local", "digits", query=query, sort="created_at")
    assert "".join(run.id.removeprefix("id") for run in found.runs) == expected
    assert (found.matched, found.total) == (len(expected), 4)


@pytest.mark.parametrize("query", ["exit_code>many", 'a"b', "x " * 60, "x" * 5000])
def test_unreadable_queries_are_refused(runs: Service, query: str) -> None:
    with pytest.raises(BadRequest):
        runs.runs("local", "digits", query=query)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", "0123"),
        ("-created_at", "3210"),
        ("-last_step", "3210"),
        ("lr", "1023"),
        ("-config.lr", "0132"),
        ("summary.loss", "2013"),
        ("-loss", "0213"),
        ("net.name", "0132"),
        ("nothing", "0123"),
        ("-nothing", "3210"),
    ],
)
def test_sorting_puts_runs_without_the_value_last(runs: Service, sort: str, expected: str) -> None:
    found = runs.runs("local", "digits", sort=sort)
    if sort in ("lr", "summary.loss", "-loss", "net.name", "-config.lr"):
        present = [run.id[2:] for run in found.runs]
        absent = {"lr": {"3"}, "summary.loss": {"1", "3"}, "-loss": {"1", "3"}}.get(sort, {"2", "3"})
        assert set(present[-len(absent) :]) == absent
        assert present[: -len(absent)] == [uid for uid in expected if uid not in absent]
    else:
        assert "".join(run.id[2:] for run in found.runs) == expected


@pytest.mark.parametrize("query", ["", "pick=1"])
@pytest.mark.parametrize("sort", ["score", "-score", "config.score", "rank", "-rank"])
def test_pages_along_an_index_are_those_of_the_sorted_list(service: Service, sort: str, query: str) -> None:
    """Among equal numbers, texts, NaN, truth values and nothing; another project has the same names."""
    scores = [3, 1.5, 1, True, 1.0, "high", math.nan, None, -2, math.inf, 2**60, 2**60 + 1, 0, False, -0.0]
    for index in range(3 * len(scores)):
        run = ("local", "other" if index % 5 == 4 else "digits", f"id{index}")
        score = scores[index % len(scores)]
        config = {"pick": index % 2, **({} if index % 4 == 3 else {"score": score}), "rank": index % 3}
        ingest(service, Config(config), run=run)
    whole = [run.id for run in service.runs("local", "digits", sort=sort, query=query).runs]
    for limit in (1, 3):
        pages = [
            service.runs("local", "digits", sort=sort, query=query, limit=limit, offset=offset)
            for offset in range(0, len(whole), limit)
        ]
        assert [run.id for page in pages for run in page.runs] == whole
        assert {page.matched for page in pages} == {len(whole)}
    with service._database.read() as connection:
        assert RunOrder.of(connection, sort, now=0).page_of_numbers(connection, [], 3, 0) is not None


def test_pages_follow_each_other(runs: Service) -> None:
    pages = [runs.runs("local", "digits", sort="created_at", limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [[run.id for run in page.runs] for page in pages] == [["id0", "id1", "id2"], ["id3"], []]
    with pytest.raises(BadRequest):
        runs.runs("local", "digits", limit=-1)
    with pytest.raises(NotFound):
        runs.runs("local", "nothing")


def test_columns_count_runs(runs: Service) -> None:
    columns = {view.path: (view.type, view.run_count) for view in runs.runs("local", "digits").columns}
    assert columns == {
        "config.amp": ("boolean", 1),
        "config.lr": ("number", 2),
        "config.net.name": ("string", 2),
        "config.seed": ("number", 1),
        "summary.loss": ("number", 3),
        "summary.lr": ("number", 2),
        "summary.step_metric": ("number", 4),
    }
    runs.ingest(batch([Summary({}, ["loss"])], first_seq=6, run=("local", "digits", "id0")))
    columns = {view.path: (view.type, view.run_count) for view in runs.runs("local", "digits").columns}
    assert columns["summary.loss"] == ("number", 2)


def test_json_views_keep_exact_numbers(runs: Service) -> None:
    found = {run.id: run for run in runs.runs("local", "digits").runs}
    assert found["id2"].config == {"seed": {"_number": str(2**60)}}
    assert found["id1"].summary["loss"] == {"_number": "NaN"}
    config, summary = runs.documents(found["id2"].uid)
    assert (config, summary["loss"]) == ({"seed": 2**60}, 0.25)


def test_projects_are_counted(runs: Service) -> None:
    (project,) = runs.projects().projects
    assert (project.entity, project.name, project.run_count, project.running_count) == (
        "local",
        "digits",
        4,
        2,
    )


def test_patching_a_run(runs: Service) -> None:
    uid = runs.find_run("local", "digits", "id0").uid
    before = runs.version()
    run = runs.patch_run(uid, RunPatch(name="new", tags=["x"]))
    assert (run.name, run.tags, run.notes) == ("new", ["x"], "")
    assert [changed.uid for changed in runs.changes(before).runs] == [uid]
    assert [found.id for found in runs.runs("local", "digits", query="tag:x new").runs] == ["id0"]
    assert runs.patch_run(uid, RunPatch(notes="why")).notes == "why"
    with pytest.raises(NotFound):
        runs.patch_run(999, RunPatch(name="x"))
    with pytest.raises(BadRequest):
        runs.patch_run(uid, RunPatch(name="  "))


def test_what_is_not_there_is_not_found(service: Service) -> None:
    for ask in (
        lambda: service.run(1),
        lambda: service.find_run("local", "digits", "x"),
        lambda: service.console(1),
        lambda: service.files(1),
        lambda: list(service.scan_history(1)),
        lambda: service.histograms(HistogramRequest(run=1, key="h")),
    ):
        with pytest.raises(NotFound):
            ask()


def picture(service: Service, text: str) -> ImageRecord:
    return ImageRecord(blob=service.put_blob(text.encode(), "image/png"), width=1, height=1, caption=text)


def test_media_at_exact_steps(service: Service) -> None:
    first, second = picture(service, "first"), picture(service, "second")
    uid = ingest(service, log(0, {"p": first}), log(5, {"p": [first, second], "t": "text"}), log(7, {"x": 1}))
    again = [start(writer="w.1", time=BEGAN + 99), log(0, {"p": second}, time=BEGAN + 100)]
    service.ingest(batch(again, writer="w.1"))
    wanted = [MediaWanted(uid, key, step) for key, step in [("p", 0), ("p", 5), ("p", 3), ("t", 5), ("x", 7)]]
    cells = service.media(MediaRequest(wanted)).cells
    assert [(cell.key, cell.step, cell.state, cell.is_list, cell.attempts) for cell in cells] == [
        ("p", 0, "ok", False, 2),
        ("p", 5, "ok", True, 1),
        ("p", 3, "missing", False, 0),
        ("t", 5, "ok", False, 1),
        ("x", 7, "missing", False, 0),
    ]
    assert cells[0].items[0]["caption"] == "second", "the newest attempt is shown"
    assert cells[0].time == BEGAN + 100
    assert [item["caption"] for item in cells[1].items] == ["first", "second"]
    assert cells[3].items == ["text"]


def test_tracks_tell_where_media_is(service: Service) -> None:
    uid = ingest(
        service,
        log(0, {"p": picture(service, "a")}),
        log(3, {"p": picture(service, "b"), "epoch": 1}),
        log(9, {"p": picture(service, "c"), "t": "text"}),
        log(9, {"p": picture(service, "d")}, row=10),
    )
    picture_track, text_track = columns_of(
        service.tracks(TrackRequest(runs=[uid], keys=["p", "t", "epoch"], axis="epoch"))
    )
    assert (picture_track["key"], picture_track["kind"], picture_track["total"]) == ("p", "image", 3)
    assert picture_track["steps"].tolist() == [0, 3, 9]
    assert picture_track["at"].tolist()[1:] == [1, 1]
    assert math.isnan(picture_track["at"][0])
    assert (text_track["key"], text_track["kind"]) == ("t", "value")
    (relative,) = columns_of(service.tracks(TrackRequest(runs=[uid], keys=["p"], axis="relative")))
    assert relative["at"].tolist() == [0, 3, 9]


def test_histograms_are_spread_evenly(service: Service) -> None:
    records = [HistogramRecord(bins=[0.0, 1.0, 2.0], values=[step, 1.0]) for step in range(100)]
    uid = ingest(service, *(log(step * 10, {"h": record}) for step, record in enumerate(records)))
    reply = service.histograms(HistogramRequest(run=uid, key="h", limit=10))
    assert (reply.total, len(reply.steps), reply.steps[0], reply.steps[-1]) == (100, 10, 0, 990)
    assert [values[0] for values in reply.values] == [step / 10 for step in reply.steps]
    assert reply.bins[0] == [0.0, 1.0, 2.0]
    part = service.histograms(HistogramRequest(run=uid, key="h", step_min=100, step_max=140))
    assert part.steps == [100, 110, 120, 130, 140]


def test_console_pages_and_search(service: Service) -> None:
    lines = [ConsoleLine(number, BEGAN, "stdout", f"Epoch {number} 100%_ok") for number in range(1, 251)]
    uid = ingest(service, Console(lines))
    page = service.console(uid, offset=100, limit=20)
    assert [line.number for line in page.lines] == list(range(101, 121))
    assert [line.number for line in service.console(uid, offset=-3).lines] == [248, 249, 250]
    found = service.console(uid, query="EPOCH 25")
    assert ([line.number for line in found.lines], found.matched, found.total) == ([25, 250], 2, 250)
    assert service.console(uid, query="100%_").matched == 250
    assert service.console(uid, query="100_").matched == 0


def test_a_silent_run_is_stale(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    service = service.for_(OWNER)
    now = service.run(uid).run
    assert not now.is_stale
    real, service._now = service._now, lambda: real() + 100
    assert service.run(uid).run.is_stale
    service._ingest._now = service._now
    service.ingest(Batch(RUN, "w.0", []))
    assert not service.run(uid).run.is_stale
    assert service.run(uid).run.runtime_secs > now.runtime_secs


def test_clocks_that_lie_do_no_harm(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}, time=BEGAN - 10**9), Finish(BEGAN - 10**8, 0, "finished"))
    run = service.run(uid).run
    assert run.runtime_secs >= 0
    assert run.state == "finished"
    (row,) = service.scan_history(uid)
    assert row["_runtime"] == 0


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("name~äpfel", True),
        ("name~ÄPFEL", True),
        ("name~БАРС", True),
        ("name~αβγ", True),
        ("name~apfel", False),
        ("name~%", False),
        ("name=äpfel", False),
        ("notes~STRASSE", True),
        ("notes~_", False),
        ("group~Ü", True),
        ("tag:Alt", True),
        ("tag:alt", False),
        ("tags~ALT", True),
        ("tags~ö", True),
        ("id~ÜMLAUT", True),
    ],
)
def test_large_and_small_letters_are_alike_on_every_database(
    service: Service, query: str, is_found: bool
) -> None:
    run = ("local", "letters", "ümlaut")
    about = start(run, name="Äpfel барс ΑΒΓ", notes="Hauptstrasse", group="über", tags=["Alt", "schön"])
    service.ingest(batch([about], run=run))
    found = service.runs("local", "letters", query=query)
    assert [run.id for run in found.runs] == (["ümlaut"] if is_found else [])


def test_many_keys_at_the_same_steps_are_one_question(service: Service) -> None:
    keys = [f"picture {number}" for number in range(50)]
    uid = ingest(service, *(log(step, {key: f"{key} at {step}" for key in keys}) for step in range(3)))
    wanted = [MediaWanted(uid, key, step) for step in (2, 0) for key in keys]
    statements: list[str] = []
    engine = service._database._engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        cells = service.media(MediaRequest(wanted)).cells
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert [cell.items for cell in cells] == [[f"{key} at {step}"] for step in (2, 0) for key in keys]
    assert len(statements) < 6
