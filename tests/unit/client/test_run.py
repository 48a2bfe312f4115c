"""A run through its public face, read back from its journal."""

from __future__ import annotations

import copy
import math
import os
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_entries import entries_of

import diorama
from diorama.client import channel
from diorama.client.guard import DioramaWarning
from diorama.client.run import Run
from diorama.client.steps import STEP_LIMIT, StepCounter, step_from
from diorama.errors import ConfigError, UsageError
from diorama.journal.codec import SnapshotRef
from diorama.journal.entry import (
    Attributes,
    Batch,
    Config,
    Define,
    Finish,
    Log,
    Numbered,
    Start,
    Summary,
    Warn,
)
from diorama.service.batch_check import check_batch


def logs_of(journal: Path) -> list[tuple[int, int, dict[str, Any]]]:
    return [(each.step, each.row, each.data) for each in entries_of(journal) if isinstance(each, Log)]


def through_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 our own


@pytest.fixture
def journal(own_store: Path) -> Path:
    return own_store / "journal"


@pytest.fixture
def run(journal: Path) -> Any:
    started = diorama.init(project="p", mode="offline", config={"lr": 0.1}, settings={"console": "off"})
    yield started
    started.finish()


def test_a_run_is_a_journal(journal: Path) -> None:
    run = diorama.init(
        project="digits", entity="lab", id="abc", name="first", notes="why", tags=["a", "b"], group="g",
        job_type="train", mode="offline", config={"lr": 0.1, "net": {"depth": (1, 2)}},
        settings={"console": "off"},
    )  # fmt: skip
    assert diorama.run is run
    run.log({"loss": 1.0})
    diorama.log({"loss": 0.5})
    run.finish()
    assert diorama.run is None
    start, again, config, first, second, finish = entries_of(journal)
    assert isinstance(start, Start)
    assert start == again
    assert (start.entity, start.project, start.run) == ("lab", "digits", "abc")
    assert (start.name, start.notes, start.tags, start.group) == ("first", "why", ["a", "b"], "g")
    assert start.pid == os.getpid()
    assert start.environment["host"]
    assert isinstance(config, Config)
    assert config.data == {"lr": 0.1, "net": {"depth": [1, 2]}}
    assert isinstance(first, Log)
    assert isinstance(second, Log)
    assert (first.step, second.step) == (0, 1)
    assert second.row > first.row
    assert isinstance(finish, Finish)
    assert (finish.exit_code, finish.state) == (0, "finished")


def test_a_generator_in_a_config_is_kept_as_text_and_left_to_its_owner(journal: Path) -> None:
    numbers = (number for number in range(3))
    with pytest.warns(
        DioramaWarning, match="'size' is a builtins.generator, which Diorama keeps only as text"
    ):
        run = diorama.init(
            project="p", mode="offline", config={"size": numbers, "lr": 0.1}, settings={"console": "off"}
        )
    with pytest.warns(DioramaWarning, match="'order' is a builtins.list_iterator"):
        run.config.update({"order": iter([1]), "depth": 2})
    run.finish()
    kept: dict[str, Any] = {}
    for entry in entries_of(journal):
        kept |= entry.data if isinstance(entry, Config) else {}
    assert (kept["lr"], kept["depth"]) == (0.1, 2)
    assert "generator object" in kept["size"]
    assert "list_iterator object" in kept["order"]
    assert list(numbers) == [0, 1, 2], "nobody has read from it"


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([({"a": 1}, None, None), ({"a": 2}, None, None)], [(0, 0), (1, 1)]),
        ([({"a": 1}, None, False), ({"b": 2}, None, None), ({"c": 3}, None, None)], [(0, 0), (0, 0), (1, 1)]),
        ([({"a": 1}, 10, None), ({"b": 1}, 10, None), ({"c": 1}, None, None), ({"d": 1}, None, None)],
         [(10, 0), (10, 0), (10, 0), (11, 1)]),
        ([({"a": 1}, 5, None), ({"a": 2}, 9, None)], [(5, 0), (9, 1)]),
        ([({"a": 1}, 5, True), ({"a": 2}, None, None)], [(5, 0), (6, 1)]),
        ([({"a": 1}, 9, None), ({"b": 1}, 3, None), ({"c": 1}, 3, None), ({"d": 1}, 9, None)],
         [(9, 0), (3, 1), (3, 1), (9, 0)]),
        ([({}, None, None), ({"a": 1}, None, None)], [(1, 0)]),
        ([({"a": 1}, -5, None), ({"a": 1}, 2**60, None)], [(-5, 0), (2**60, 1)]),
    ],
)  # fmt: skip
def test_steps_and_rows(run: Run, journal: Path, calls: list[Any], expected: list[tuple[int, int]]) -> None:
    for data, step, commit in calls:
        run.log(data, step=step, commit=commit)
    found = [(step, row) for step, row, _ in logs_of(journal)]
    rows = {row: number for number, row in enumerate(dict.fromkeys(row for _, row in found))}
    wanted = {row: number for number, row in enumerate(dict.fromkeys(row for _, row in expected))}
    assert [(step, rows[row]) for step, row in found] == [(step, wanted[row]) for step, row in expected]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.none() | st.integers(-3, 12), st.sampled_from([None, True, False])), max_size=40)
)
@settings(max_examples=300)
def test_step_rules_hold_for_any_sequence(calls: list[tuple[int | None, bool | None]]) -> None:
    counter = StepCounter()
    current, is_open = 0, False
    steps_of_row: dict[int, int] = {}
    last_open_row = -1
    for step, commit in calls:
        here, row = counter.assign(step, commit)
        assert steps_of_row.setdefault(row, here) == here, "a row has one step"
        if step is not None and step < current:
            assert here == step
            assert counter.step == current, "a late call moves nothing"
            continue
        if step is not None and step > current:
            current, is_open = step, False
        assert here == current
        if is_open:
            assert row == last_open_row, "calls of one step share the open row"
        last_open_row = row
        is_closing = commit if commit is not None else step is None
        is_open = not is_closing
        current += bool(is_closing)
        assert counter.step == current


@pytest.mark.parametrize(
    ("value", "step"), [(3, 3), (np.int64(4), 4), (5.0, 5), (np.float32(6), 6), (np.array(7), 7), (-1, -1)]
)
def test_whole_numbers_are_steps(value: Any, step: int) -> None:
    assert step_from(value) == step


@pytest.mark.parametrize(
    ("value", "error"),
    [("3", TypeError), (True, TypeError), (np.True_, TypeError), (2.5, ValueError), (math.nan, ValueError),
     ([1], TypeError), (2**63, ValueError), (2**61 + 1, ValueError), (-(2**62), ValueError),
     (object(), TypeError)],
)  # fmt: skip
def test_other_values_are_no_steps(run: Run, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="step"):
        run.log({"a": 1}, step=value)


@pytest.mark.parametrize("data", [None, 3, [("a", 1)], "text"])
def test_what_is_no_dict_is_refused(run: Run, data: Any) -> None:
    with pytest.raises(TypeError, match="must be passed a dictionary"):
        run.log(data)


def test_what_follows_the_largest_step_can_be_stored(run: Run, journal: Path) -> None:
    run.log({"a": 1}, step=STEP_LIMIT)
    for number in range(3):
        run.log({"b": number})
    entries = [Numbered(seq, each) for seq, each in enumerate(entries_of(journal), 1)]
    assert max(step for step, _, _ in logs_of(journal)) == STEP_LIMIT + 2
    check_batch(Batch(("lab", "p", "r"), "w.0", entries))


@pytest.mark.parametrize(
    ("code", "error"),
    [(2**32, ValueError), (-(2**31) - 1, ValueError), (math.inf, TypeError), ("x", TypeError)],
)
def test_what_is_no_exit_code_is_refused(run: Run, journal: Path, code: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="exit_code"):
        run.finish(exit_code=code)
    run.log({"a": 1})
    run.finish(exit_code=2**32 - 1)
    assert entries_of(journal)[-1].exit_code == 2**32 - 1


class _Own:
    """A class of somebody's script."""


@pytest.mark.parametrize(
    "data", [{1: 2.0}, {"a": 1.0, None: 2.0}, {("a",): [1]}, {2: np.float32(1)}, {"a": 1, _Own(): 2}]
)
def test_keys_must_be_strings(run: Run, journal: Path, data: Any) -> None:
    for _ in range(3):
        with pytest.raises(TypeError, match="must be strings"):
            run.log(data)
    run.log({"a": 1})
    assert logs_of(journal)[-1][2] == {"a": 1}
    assert list(run.summary) == ["a"]


def test_values_arrive_exactly(run: Run, journal: Path) -> None:
    data = {
        "nan": math.nan, "inf": -math.inf, "zero": -0.0, "big": 2**70, "text": "ü", "none": None,
        "flag": True, "single": np.float32(0.1), "nested": {"a": {"b": 1}, "list": [1, 2.5, "x"]},
    }  # fmt: skip
    run.log(data)
    run.log({"big": 2**70})
    found = logs_of(journal)[0][2]
    assert math.isnan(found.pop("nan"))
    assert math.copysign(1, found["zero"]) == -1
    assert type(found["flag"]) is bool
    assert found.pop("single") == float(np.float32(0.1))
    assert found == {name: data[name] for name in found}
    assert logs_of(journal)[1][2] == {"big": 2**70}


def test_changing_a_value_after_log_changes_nothing(run: Run, journal: Path) -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    values = [1, 2]
    run.log({"image": diorama.Image(pixels), "values": values})
    pixels[:] = 255
    values.append(3)
    found = logs_of(journal)[0][2]
    assert found["values"] == [1, 2]
    ref = found["image"]
    assert isinstance(ref, SnapshotRef)
    folder = next(path for path in journal.iterdir() if path.is_dir())
    part = ref.buffers[0]
    assert (folder / "spool" / part.file).read_bytes()[: part.size_bytes] == bytes(300 * 300 * 3)


def test_logging_one_image_to_two_runs_and_after_the_first_has_finished(journal: Path) -> None:
    first = diorama.init(project="p", id="one", mode="offline", settings={"console": "off"})
    image = diorama.Image(np.full((300, 300, 3), 7, np.uint8))
    first.log({"image": image})
    first.finish()
    second = diorama.init(project="p", id="two", mode="offline", settings={"console": "off"})
    second.log({"image": image})
    second.log({"image": image})
    second.finish()
    assert len(logs_of(journal)) == 3
    for folder in journal.iterdir():
        if folder.is_dir():
            for spooled in (folder / "spool").iterdir():
                assert spooled.read_bytes()[:270_000] == b"\x07" * 270_000


def test_a_finished_run_refuses(run: Run) -> None:
    run.finish()
    run.finish()
    with pytest.raises(UsageError, match="finished"):
        run.log({"a": 1})
    with pytest.raises(UsageError, match="finished"):
        run.config.new = 1
    with pytest.raises(UsageError, match="finished"):
        run.define_metric("a")


def test_before_init_everything_says_what_is_missing() -> None:
    assert diorama.run is None
    for use in (
        lambda: diorama.log({"a": 1}),
        lambda: diorama.define_metric("a"),
        lambda: diorama.config.lr,
        lambda: diorama.config.update({"a": 1}),
        lambda: diorama.summary["a"],
    ):
        with pytest.raises(UsageError, match=r"diorama\.init\(\)"):
            use()
    diorama.finish()


def test_config(run: Run, journal: Path) -> None:
    assert run.config.lr == run.config["lr"] == 0.1
    run.config.depth = 3
    run.config.update({"name": "net", "depth": 3})
    run.config.setdefaults({"depth": 9, "extra": None})
    assert run.config.as_dict() == {"lr": 0.1, "depth": 3, "name": "net", "extra": None}
    with pytest.raises(ConfigError, match="allow_val_change"):
        run.config.depth = 4
    run.config.update({"depth": 4}, allow_val_change=True)
    del run.config["name"]
    with pytest.raises(AttributeError, match="no key 'nothing'"):
        _ = run.config.nothing
    assert "name" not in run.config
    assert run.config.get("name", "?") == "?"
    state: dict[str, Any] = {}
    for entry in entries_of(journal):
        if isinstance(entry, Config):
            state.update(entry.data)
            for name in entry.deleted:
                state.pop(name)
    assert state == run.config.as_dict() == {"lr": 0.1, "depth": 4, "extra": None}


def test_summary_follows_the_log_and_the_hand(run: Run, journal: Path) -> None:
    run.log({"loss": 1.0, "n": {"a": 1}})
    run.log({"loss": 0.5})
    assert run.summary["loss"] == 0.5
    assert run.summary.n.a == 1
    run.summary["best"] = {"epoch": 3, "loss": 0.4}
    run.summary["best"]["epoch"] = 4
    run.summary.loss = 0.1
    run.log({"loss": 9.0})
    assert run.summary["loss"] == 9.0, "the last write wins"
    run.summary.loss = 0.2
    assert run.summary["loss"] == 0.2
    assert run.summary.best.as_dict() == {"epoch": 4, "loss": 0.4}
    run.summary.update({"h": diorama.Histogram([1, 2, 3]), "note": "x"})
    del run.summary["note"]
    assert "note" not in run.summary
    sent: dict[str, Any] = {}
    for entry in entries_of(journal):
        if isinstance(entry, Summary):
            sent.update(entry.data)
            for path in entry.deleted:
                sent.pop(path)
    assert isinstance(sent.pop("h"), SnapshotRef)
    assert sent == {"best": {"epoch": 3, "loss": 0.4}, "best.epoch": 4, "loss": 0.2}


def test_define_metric(run: Run, journal: Path) -> None:
    run.define_metric("epoch")
    metric = run.define_metric("val/*", step_metric="epoch", summary="min,max,mean,last")
    assert metric.name == "val/*"
    for value in (3.0, 1.0, 2.0):
        run.log({"val/loss": value, "epoch": 1, "val/name": "x"})
    assert run.summary["val/loss"].as_dict() == {"min": 1.0, "max": 3.0, "mean": 2.0, "last": 2.0}
    defines = [entry for entry in entries_of(journal) if isinstance(entry, Define)]
    assert defines[1].step_key == "epoch"
    assert defines[1].is_step_synced is True
    for arguments in ({"summary": "median"}, {"goal": "up"}, {"step_metric": 3}):
        with pytest.raises(UsageError):
            run.define_metric("x", **arguments)  # type: ignore[arg-type]  # the wrong types are the point
    with pytest.raises(UsageError, match="only at the end"):
        run.define_metric("a*b")


def test_name_notes_and_tags_can_be_changed(run: Run, journal: Path) -> None:
    run.name = "new name"
    run.notes = "some notes"
    run.tags = ["x"]
    run.tags += ("y", "x")
    assert (run.name, run.notes, run.tags) == ("new name", "some notes", ("x", "y"))
    changes = [entry for entry in entries_of(journal) if isinstance(entry, Attributes)]
    assert changes[-1].tags == ["x", "y"]


def test_many_threads_log_everything(run: Run, journal: Path) -> None:
    def work(name: int) -> None:
        for number in range(300):
            run.log({f"m{name}": number, "shared": name})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = logs_of(journal)
    assert len(found) == 2400
    assert sorted(step for step, _, _ in found) == list(range(2400))
    for name in range(8):
        assert [data[f"m{name}"] for _, _, data in found if f"m{name}" in data] == list(range(300))


def test_names_of_wandb_that_are_absent_say_so(run: Run) -> None:
    assert not hasattr(run, "watch")
    with pytest.raises(AttributeError, match="not available in Diorama"):
        run.log_artifact("x")  # type: ignore[attr-defined]  # that it is not there is the point
    with pytest.raises(AttributeError):
        _ = diorama.no_such_thing  # type: ignore[attr-defined]  # likewise


def test_an_unknown_object_warns_once_at_the_users_line(run: Run, journal: Path) -> None:
    class Thing:
        def __str__(self) -> str:
            return "thing"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            run.log({"x": Thing()})
    ours = [each for each in caught if issubclass(each.category, DioramaWarning)]
    assert len(ours) == 1
    assert ours[0].filename == __file__
    assert [entry.code for entry in entries_of(journal) if isinstance(entry, Warn)] == ["value"]
    assert [data for _, _, data in logs_of(journal)] == [{"x": "thing"}] * 3


def test_a_copy_of_a_run_is_the_run(run: Run) -> None:
    assert copy.copy(run) is run
    assert copy.deepcopy([run])[0] is run
    assert through_pickle({"run": run})["run"] is run
    copied = copy.deepcopy(run.config)
    assert copied.as_dict() == run.config.as_dict()
    assert through_pickle(run.config).lr == 0.1


def test_a_pickled_run_is_over_when_the_run_is(journal: Path) -> None:
    run = diorama.init(
        project="p", mode="offline", settings={"console": "off", "api_key": "a secret of mine"}
    )
    kept = pickle.dumps(run)
    run.finish()
    for pickled in (kept, pickle.dumps(run)):
        assert b"a secret of mine" not in pickled
        again = pickle.loads(pickled)  # noqa: S301 our own
        assert again.path == run.path
        with pytest.raises(UsageError, match="after it was finished"):
            again.log({"x": 1})


def test_a_pickled_run_goes_on_in_a_process_that_has_the_same_id(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the restart of a container, the same program often gets the same id."""
    run = diorama.init(project="p", mode="offline", settings={"console": "off"})
    kept = pickle.dumps(run)
    run.finish()
    monkeypatch.setattr(channel, "_token", f"20260101T000000-{os.getpid()}-abcdef")
    again = pickle.loads(kept)  # noqa: S301 our own
    again.log({"x": 1})
    again.finish()
    assert [data for _, _, data in logs_of(journal)] == [{"x": 1}]


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [(ValueError, 1, "failed"), (KeyboardInterrupt, 255, "killed"), (SystemExit, 0, "finished")],
)
def test_the_context_manager_ends_the_run(
    journal: Path, error: type[BaseException], code: int, state: str
) -> None:
    with pytest.raises(error), diorama.init(project="p", mode="offline", settings={"console": "off"}):
        raise error
    finish = entries_of(journal)[-1]
    assert isinstance(finish, Finish)
    assert (finish.exit_code, finish.state) == (code, state)


def test_status_and_flush(run: Run) -> None:
    run.log({"a": 1})
    assert run.flush()
    status = run.status()
    assert status["logged"] >= 4
    assert status["stored"] == 0
    assert status["lost"] == status["waiting"] == 0
    assert not run.flush(wait=True, timeout_secs=0.05)
    assert os.path.isdir(run.dir)
