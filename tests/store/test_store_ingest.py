"""Ingest: exact, idempotent, all or nothing."""

from __future__ import annotations

import random
import time
import uuid
from typing import Any

import pytest
from batches import BEGAN, RUN, batch, exact, ingest, log, rows_of, start, to_plain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owner import Service

from diorama.errors import BadRequest, NotFound
from diorama.journal.codec import decode_batch, encode_batch
from diorama.journal.entry import (
    Attributes,
    Batch,
    Config,
    Console,
    ConsoleLine,
    Define,
    Environment,
    File,
    Finish,
    Log,
    Lost,
    Numbered,
    Summary,
    System,
    Warn,
)
from diorama.media import FileRecord, HistogramRecord, ImageRecord, UnknownRecord
from diorama.model import BlobRef
from diorama.service.views import MediaRequest, MediaWanted

PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


@settings(PATIENT, max_examples=25)
@given(
    rows=st.lists(
        st.tuples(st.integers(-(2**51), 2**51), st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)),
        min_size=1,
        max_size=12,
    ),
    is_shipped=st.booleans(),
)
def test_every_value_comes_back_exactly(
    service: Service, rows: list[tuple[int, dict[str, Any]]], is_shipped: bool
) -> None:
    run = ("local", "exact", uuid.uuid4().hex)
    whole = batch([start(run), *(log(step, data, row=row) for row, (step, data) in enumerate(rows))], run=run)
    service.ingest(decode_batch(encode_batch(whole)) if is_shipped else whole)
    found = rows_of(service, service.find_run(*run).uid)
    expected = sorted(
        ((step, row, {"_step": step} | data) for row, (step, data) in enumerate(rows)),
        key=lambda item: (item[0], BEGAN + item[0], item[1]),
    )
    assert [exact(row) for row in found] == [exact(dict(data)) for _, _, data in expected]


def test_an_empty_dict_stays_empty_when_names_in_it_are_logged_later(service: Service) -> None:
    uid = ingest(service, log(0, {"a": {}}), log(1, {"a": {"b": 1}}))
    assert rows_of(service, uid) == [{"_step": 0, "a": {}}, {"_step": 1, "a.b": 1}]


def test_leaves_follow_a_summary_that_is_written_into(service: Service) -> None:
    uid = ingest(service, Summary({"a": {}}))
    assert [column.path for column in service.runs("local", "digits").columns] == ["summary.a"]
    service.ingest(batch([Summary({"a.b": 1})], first_seq=3))
    assert [column.path for column in service.runs("local", "digits").columns] == ["summary.a.b"]
    assert service.run(uid).run.summary == {"a": {"b": 1}}


def test_nested_dicts_become_dotted_keys(service: Service) -> None:
    uid = ingest(service, log(0, {"a": {"b": {"c": 1}, "d": "x"}, "e/f": 2, "empty": {}}))
    assert rows_of(service, uid) == [{"_step": 0, "a.b.c": 1, "a.d": "x", "e/f": 2, "empty": {}}]


def test_a_row_is_what_its_calls_said_and_the_last_word_wins(service: Service) -> None:
    uid = ingest(
        service,
        log(0, {"a": 1, "b": 1}, row=0),
        log(0, {"a": 2, "c": "x"}, row=0),
        log(1, {"a": 3}, row=1),
    )
    service.ingest(batch([log(1, {"a": 4, "c": "y"}, row=1)], first_seq=5))
    assert rows_of(service, uid) == [{"_step": 0, "a": 2, "b": 1, "c": "x"}, {"_step": 1, "a": 4, "c": "y"}]


def test_steps_in_any_order_are_all_kept(service: Service) -> None:
    steps = list(range(3000))
    random.Random(7).shuffle(steps)
    entries = [Log(step, row, BEGAN + row, {"x": step * 2}) for row, step in enumerate(steps)]
    uid = ingest(service, *entries)
    assert rows_of(service, uid) == [{"_step": step, "x": step * 2} for step in range(3000)]


def test_a_resumed_run_keeps_both_attempts(service: Service) -> None:
    uid = ingest(service, *(log(step, {"x": 1}) for step in range(10)))
    later = [Log(step, step - 5, BEGAN + 100 + step, {"x": 2}) for step in range(5, 12)]
    again = [start(writer="w.1", time=BEGAN + 100, resume="allow"), *later]
    service.ingest(batch(again, writer="w.1"))
    found = [(row["_step"], row["x"]) for row in rows_of(service, uid)]
    assert sorted(found) == sorted([(step, 1) for step in range(10)] + [(step, 2) for step in range(5, 12)])
    assert found[5:7] == [(5, 1), (5, 2)]


@settings(PATIENT, max_examples=20)
@given(cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=12))
def test_any_replay_is_the_same_as_once(service: Service, cuts: list[tuple[int, int]]) -> None:
    """Batches overlap, repeat and go back; what is stored is each entry once, in order."""
    run = ("local", "replays", uuid.uuid4().hex)
    entries = [start(run)]
    for step in range(30):
        entries.append(log(step, {"x": step, "s": f"text {step}", "flag": step % 2 == 0}))
    whole = batch(
        [*entries, Console([ConsoleLine(1, BEGAN, "stdout", "hello")]), Warn(BEGAN, "w", "once")], run=run
    )
    acked = 0
    for first, length in cuts:
        first = min(first, acked)  # a sidecar starts at what was acknowledged, or before
        part = Batch(run, whole.writer, whole.entries[first : first + length])
        acked = max(acked, service.ingest(part))
    assert service.ingest(whole) == len(whole.entries)
    assert service.ingest(whole) == len(whole.entries)
    uid = service.find_run(*run).uid
    assert rows_of(service, uid) == [
        {"_step": step, "x": step, "s": f"text {step}", "flag": step % 2 == 0} for step in range(30)
    ]
    assert {view.key: view.runs[0].count for view in service.keys([uid]).keys} == {
        "x": 30,
        "s": 30,
        "flag": 30,
    }
    assert [warning.count for warning in service.run(uid).warnings] == [1]
    assert service.console(uid).total == 1


def test_a_batch_is_all_or_nothing(service: Service) -> None:
    ingest(service, log(0, {"x": 1}))
    ghost = ImageRecord(blob=BlobRef("0" * 64, 10, "image/png"), width=1, height=1)
    version = service.version()
    with pytest.raises(NotFound):
        service.ingest(batch([log(1, {"x": 2}), log(2, {"picture": ghost})], first_seq=3))
    with pytest.raises(BadRequest):
        service.ingest(batch([log(1, {"x": 2}), Log(2, -1, BEGAN, {"x": 3})], first_seq=3))
    assert service.version() == version
    assert service.acked_seq(RUN, "w.0") == 2
    assert rows_of(service, 1) == [{"_step": 0, "x": 1}]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\x00b", "a" * 1025])
def test_bad_names_are_refused(service: Service, name: str) -> None:
    with pytest.raises(BadRequest):
        service.ingest(Batch(("local", "p", name), "w.0", [Numbered(1, log(0, {}))]))


def test_seqs_must_not_fall(service: Service) -> None:
    entries = [Numbered(3, log(0, {"x": 1})), Numbered(2, log(1, {"x": 1}))]
    with pytest.raises(BadRequest):
        service.ingest(Batch(RUN, "w.0", entries))


def test_a_warning_may_share_the_seq_of_its_entry(service: Service) -> None:
    entries = [Numbered(1, start()), Numbered(2, log(0, {"x": 1})), Numbered(2, Warn(BEGAN, "w", "about x"))]
    assert service.ingest(Batch(RUN, "w.0", entries)) == 2
    assert service.ingest(Batch(RUN, "w.0", entries)) == 2
    assert [(warning.code, warning.count) for warning in service.run(1).warnings] == [("w", 1)]


def test_lost_entries_are_told_once(service: Service) -> None:
    entries = [Numbered(1, start()), Numbered(2, log(0, {"x": 0})), Numbered(5, log(3, {"x": 3}))]
    damaged = Batch(RUN, "w.0", entries, [Lost(3, 4, "000001.log", "checksum")])
    assert service.ingest(damaged) == 5
    assert service.ingest(damaged) == 5
    uid = service.find_run(*RUN).uid
    (warning,) = service.run(uid).warnings
    assert (warning.code, warning.count) == ("journal_damage", 2)
    assert "000001.log" in warning.text
    assert [row["x"] for row in rows_of(service, uid)] == [0, 3]


def test_lost_entries_at_the_end_count_as_acknowledged(service: Service) -> None:
    ingest(service, log(0, {"x": 0}))
    assert service.ingest(Batch(RUN, "w.0", [], [Lost(3, 7, "000001.log", "torn")])) == 7


def test_a_silent_gap_is_told(service: Service) -> None:
    service.ingest(Batch(RUN, "w.0", [Numbered(1, start()), Numbered(4, log(0, {"x": 0}))]))
    (warning,) = service.run(1).warnings
    assert (warning.code, warning.count) == ("journal_damage", 2)


def test_a_journal_without_its_start_is_kept(service: Service) -> None:
    service.ingest(Batch(RUN, "w.0", [Numbered(2, log(0, {"x": 1}))], [Lost(1, 1, "000001.log", "checksum")]))
    assert rows_of(service, service.find_run(*RUN).uid) == [{"_step": 0, "x": 1}]


def test_start_names_and_configures_the_run(service: Service) -> None:
    first = start(
        name="quick one",
        notes="n",
        tags=["b", "a", "b"],
        group="g",
        job_type="train",
        environment={"host": "box", "python": "3.12"},
    )
    service.ingest(
        batch(
            [
                first,
                Config({"lr": 0.1, "net": {"depth": 3}}),
                Environment({"git": {"commit": "abc"}}),
                Config({"lr": 0.2, "new": 1}, ["gone"]),
            ]
        )
    )
    detail = service.run(1)
    run = detail.run
    assert (run.name, run.notes, run.tags, run.group, run.job_type) == (
        "quick one",
        "n",
        ["b", "a"],
        "g",
        "train",
    )
    assert run.config == {"lr": 0.2, "net": {"depth": 3}, "new": 1}
    assert run.host == "box"
    assert detail.environment == {"host": "box", "python": "3.12", "git": {"commit": "abc"}}
    assert run.created_at == BEGAN
    assert run.state == "running"


def test_attributes_change_only_what_they_say(service: Service) -> None:
    service.ingest(
        batch([start(name="a", notes="n", tags=["t"]), Attributes(name="b"), Config({}, ["nothing"])])
    )
    run = service.run(1).run
    assert (run.name, run.notes, run.tags) == ("b", "n", ["t"])


def test_the_last_write_of_a_summary_value_wins_logged_or_set_by_hand(service: Service) -> None:
    uid = ingest(
        service,
        log(0, {"loss": 0.5, "acc": 0.1, "note": "a"}),
        Summary({"acc": 0.99, "loss": 0.0, "best": {"epoch": 3, "loss": 0.1}}),
        log(1, {"loss": 0.4, "best": {"epoch": 9}}),
    )
    assert service.run(uid).run.summary == {
        "loss": 0.4,
        "acc": 0.99,
        "note": "a",
        "best": {"epoch": 9, "loss": 0.1},
    }
    service.ingest(batch([Summary({"best": {"epoch": 4}}), Summary({"best.loss": 0.2})], first_seq=5))
    assert service.run(uid).run.summary["best"] == {"epoch": 4, "loss": 0.2}


def test_a_deleted_summary_value_follows_the_log_again(service: Service) -> None:
    uid = ingest(service, log(0, {"acc": 1}), Summary({"acc": 9, "x": {"y": 1}}), Summary({}, ["acc", "x"]))
    assert service.run(uid).run.summary == {}
    service.ingest(batch([log(1, {"acc": 2})], first_seq=5))
    assert service.run(uid).run.summary == {"acc": 2}


def test_define_metric_aggregates(service: Service) -> None:
    nan = float("nan")
    uid = ingest(
        service,
        Define("loss", summary=["min", "max", "mean", "first", "last"]),
        Define("acc", summary=["best"], goal="maximize"),
        Define("quiet/*", summary=["none"]),
        Define("broken", summary=["min", "max", "mean", "last"]),
        Define("copied", summary=["copy"]),
        *(
            log(step, {"loss": loss, "acc": acc, "quiet/x": 1, "copied": step, "broken": broken})
            for step, (loss, acc, broken) in enumerate([(3.0, 0.1, 1.0), (1.5, 0.7, nan), (1.5, 0.4, 2.0)])
        ),
    )
    service.ingest(batch([log(3, {"loss": 2.0, "acc": 0.2})], first_seq=10))
    assert service.run(uid).run.summary == {
        "loss": {"min": 1.5, "max": 3.0, "mean": 2.0, "first": 3.0, "last": 2.0},
        "broken": {name: {"_number": "NaN"} for name in ("min", "max", "mean")} | {"last": 2.0},
        "acc": {"best": 0.7},
        "copied": 2,
    }


def test_step_synced_metrics_get_their_step(service: Service) -> None:
    uid = ingest(
        service,
        log(0, {"val": 0}),
        Define("val", step_key="epoch", is_step_synced=True),
        log(1, {"epoch": 1}),
        log(2, {"val": 2}),
        log(3, {"epoch": 7, "val": 3}),
    )
    service.ingest(batch([log(4, {"val": 4}), log(5, {"other": 5})], first_seq=7))
    assert rows_of(service, uid) == [
        {"_step": 0, "val": 0},
        {"_step": 1, "epoch": 1},
        {"_step": 2, "val": 2, "epoch": 1},
        {"_step": 3, "epoch": 7, "val": 3},
        {"_step": 4, "val": 4, "epoch": 7},
        {"_step": 5, "other": 5},
    ]


def test_define_metric_calls_merge(service: Service) -> None:
    uid = ingest(
        service,
        Define("loss", step_key="epoch"),
        Define("loss", is_hidden=True),
        log(0, {"loss": 1.0}),
    )
    (view,) = (view for view in service.keys([uid]).keys if view.key == "loss")
    assert (view.step_key, view.is_hidden) == ("epoch", True)
    service.ingest(batch([Define("loss", is_overwriting=True)], first_seq=5))
    (view,) = (view for view in service.keys([uid]).keys if view.key == "loss")
    assert (view.step_key, view.is_hidden) == (None, False)


def test_system_metrics_are_keys_of_their_own(service: Service) -> None:
    uid = ingest(
        service, System(BEGAN + 2.5, {"cpu": 10}), System(BEGAN - 5, {"cpu": 20.5}), log(0, {"cpu": 1})
    )
    kinds = {(view.key, view.kind): view.runs[0] for view in service.keys([uid]).keys}
    system = kinds["system/cpu", "system"]
    assert (system.count, system.first_step, system.last_step, system.last_value) == (2, 0, 2, 20.5)
    assert ("cpu", "metric") in kinds
    assert rows_of(service, uid) == [{"_step": 0, "cpu": 1}]


def test_console_lines_are_replaced_by_number(service: Service) -> None:
    lines = [ConsoleLine(number, BEGAN, "stdout", f"line {number}") for number in (1, 2)]
    uid = ingest(service, Console([*lines, ConsoleLine(2, BEGAN, "stdout", "50 %")]))
    service.ingest(batch([Console([ConsoleLine(2, BEGAN + 1, "stdout", "100 %\x00")])], first_seq=3))
    page = service.console(uid)
    assert [(line.number, line.text) for line in page.lines] == [(1, "line 1"), (2, "100 %␀")]
    assert (page.total, page.matched) == (2, 2)


def test_files_and_media_name_stored_blobs(service: Service) -> None:
    blob = service.put_blob(b"numpy==2.0", "text/plain")
    record = FileRecord(blob=blob, name="requirements.txt")
    uid = ingest(service, File("requirements.txt", record))
    (view,) = service.files(uid).files
    assert (view.name, view.size_bytes, view.mime, view.sha256) == (
        "requirements.txt",
        10,
        "text/plain",
        blob.sha256,
    )
    assert service.get_blob(service.file(uid, "requirements.txt").sha256) == b"numpy==2.0"
    assert service.blob(blob.sha256).ref == blob
    with pytest.raises(NotFound):
        service.file(uid, "other.txt")
    with pytest.raises(NotFound):
        service.blob("0" * 64)


def test_an_unknown_kind_of_media_survives(service: Service) -> None:
    blob = service.put_blob(b"glTF", "model/gltf-binary")
    fields = {"kind": "hologram", "blob": to_plain(blob), "depth": 3, "caption": "new"}
    uid = ingest(service, log(0, {"thing": UnknownRecord(fields), "many": [UnknownRecord(fields)] * 2}))
    kinds = {view.key: view.kind for view in service.keys([uid]).keys}
    assert kinds == {"thing": "hologram", "many": "hologram"}
    (row,) = rows_of(service, uid)
    assert row["thing"] == UnknownRecord(fields)
    assert service.run(uid).run.summary["thing"] == fields
    (cell,) = service.media(MediaRequest([MediaWanted(uid, "thing", 0)])).cells
    assert cell.items == [fields]
    assert service.blob(blob.sha256).ref == blob


def test_a_key_that_changes_kind_appears_once_per_kind(service: Service) -> None:
    histogram = HistogramRecord(bins=[0.0, 1.0], values=[3.0])
    uid = ingest(
        service, log(0, {"x": 1}), log(1, {"x": histogram}), log(2, {"x": "text"}), log(3, {"x": 2**70})
    )
    assert [(view.kind, view.runs[0].count) for view in service.keys([uid]).keys] == [
        ("histogram", 1),
        ("metric", 1),
        ("value", 2),
    ]
    assert [row["x"] for row in rows_of(service, uid)] == [1, histogram, "text", 2**70]


@pytest.mark.parametrize(("exit_code", "state"), [(0, "finished"), (1, "failed"), (255, "killed")])
def test_finish_sets_state_and_exit_code(service: Service, exit_code: int, state: Any) -> None:
    uid = ingest(service, Finish(BEGAN + 60, exit_code, state))
    run = service.run(uid).run
    assert (run.state, run.exit_code, run.runtime_secs) == (state, exit_code, 60.0)


def test_secondary_writers_do_not_end_a_run(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    service.ingest(
        batch([start(writer="s.0", is_secondary=True), Finish(BEGAN + 1, 0, "finished")], writer="s.0")
    )
    assert service.run(uid).run.state == "running"
    service.ingest(batch([Finish(BEGAN + 2, 1, "failed")], first_seq=3))
    service.ingest(
        batch([start(writer="s.1", is_secondary=True), System(BEGAN + 3, {"cpu": 1})], writer="s.1")
    )
    assert service.run(uid).run.state == "failed"


def test_a_run_ends_when_its_last_writer_ends(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    service.ingest(batch([start(writer="w.1"), Finish(BEGAN + 5, 0, "finished")], writer="w.1"))
    assert service.run(uid).run.state == "running"
    service.ingest(batch([Finish(BEGAN + 9, 3, "failed")], first_seq=3))
    assert (service.run(uid).run.state, service.run(uid).run.exit_code) == ("failed", 3)


def test_an_orphan_has_crashed_until_it_writes_something_new(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1}))
    orphaned = Batch(RUN, "w.0", [], is_orphaned=True)
    service.ingest(orphaned)
    assert service.run(uid).run.state == "crashed"
    service.ingest(Batch(RUN, "w.0", []))
    service.ingest(batch([log(1, {"x": 1})], first_seq=3))
    assert service.run(uid).run.state == "crashed", "what was on its way is no sign of life"
    service.ingest(batch([log(2, {"x": 1}, time=time.time() + 1)], first_seq=4))
    assert service.run(uid).run.state == "running"
    service.ingest(batch([Finish(BEGAN + 5, 0, "finished")], first_seq=5))
    service.ingest(orphaned)
    assert service.run(uid).run.state == "finished"


def test_a_heartbeat_of_an_unknown_run_makes_none(service: Service) -> None:
    assert service.ingest(Batch(RUN, "w.0", [])) == 0
    assert service.projects().projects == []


def test_long_and_odd_keys_are_kept(service: Service) -> None:
    long = "k" * 5000
    uid = ingest(service, log(0, {long: 1, "a\x00b": 2, "ключ 'quoted\" %_": 3}))
    (row,) = rows_of(service, uid)
    assert sorted(value for key, value in row.items() if key != "_step") == [1, 2, 3]
    assert row["a␀b"] == 2
    assert row["ключ 'quoted\" %_"] == 3
    assert {warning.code for warning in service.run(uid).warnings} == {"long_key"}


def test_every_batch_raises_the_version_of_what_it_touched(service: Service) -> None:
    uid = ingest(service, log(0, {"x": 1, "y": 1}))
    before = service.version()
    service.ingest(batch([log(1, {"x": 2})], first_seq=3))
    event = service.changes(before)
    assert event.version == service.version() > before
    assert [(run.uid, run.keys, run.last_step) for run in event.runs] == [(uid, ["x"], 1)]
    assert service.changes(event.version).runs == []
    assert service.changes(before, runs=set()).runs == []
