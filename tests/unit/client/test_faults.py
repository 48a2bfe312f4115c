"""Whose fault it is: ours never ends a training, whatever its class; the user's always reaches the user."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from journal_entries import entries_of

import diorama
from diorama.client import background
from diorama.client.guard import DioramaWarning
from diorama.client.run import Run
from diorama.errors import UsageError
from diorama.journal.entry import Attributes, Config, Log, Start, Warn

FAULTS = [TypeError, ValueError, KeyError, AttributeError, RuntimeError, OSError, MemoryError, IndexError]


@pytest.fixture
def journal(own_store: Path) -> Path:
    return own_store / "journal"


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch, journal: Path) -> Iterator[Run]:
    """A run as users have them: not strict."""
    monkeypatch.setenv("DIORAMA_STRICT", "0")
    run = diorama.init(project="p", mode="offline", settings={"console": "off"})
    yield run
    run.finish()


def set_name(run: Run) -> None:
    run.name = "other"


CALLS: list[Callable[[Run], Any]] = [
    lambda run: run.log({"x": 1.0}),
    lambda run: run.log({"x": [1]}),
    lambda run: run.log({"x": 1.0}, step=5, commit=True),
    lambda run: run.config.update({"a": 1}),
    lambda run: run.config.update({"a": [1]}, allow_val_change=True),
    lambda run: run.summary.update({"a": 1}),
    lambda run: run.define_metric("x", summary="max"),
    lambda run: run.mark_preempting(),
    lambda run: run.flush(),
    lambda run: run._tick(),
    set_name,
]


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_ours_never_reaches_the_user(
    lenient: Run, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], call: Callable[[Run], Any]
) -> None:
    channel = lenient._channel
    assert channel is not None
    background.remove_task(lenient._tick)  # it meets the same fault, and tells of it at a line of its own
    with monkeypatch.context() as broken, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("append_log", "send", "send_encoded", "sync", "report_dropped"):
            broken.setattr(channel, name, Mock(side_effect=kind("a bug of ours")))
        for _ in range(3):
            call(lenient)
    told = [each for each in caught if each.category is DioramaWarning]
    assert len(told) <= 1, "told once per line"
    lenient.log({"y": 2.0})


def test_a_fault_of_ours_is_told_at_the_users_line_and_in_the_run(
    lenient: Run, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lenient._channel is not None
    with monkeypatch.context() as broken:
        broken.setattr(lenient._channel, "append_log", Mock(side_effect=KeyError("a bug")))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                lenient.log({"x": 1.0})
    assert [(each.filename, str(each.message)) for each in caught] == [
        (__file__, "diorama: log() failed: KeyError: 'a bug'")
    ]
    lenient.log({"x": 2.0})
    lenient.finish()
    assert [each.data for each in entries_of(journal) if isinstance(each, Log)] == [{"x": 2.0}]
    assert [each.code for each in entries_of(journal) if isinstance(each, Warn)] == ["internal"]


def test_what_was_set_holds_in_this_process_whatever_the_journal_does(
    lenient: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lenient._channel is not None
    with monkeypatch.context() as broken:
        broken.setattr(lenient._channel, "send", Mock(side_effect=TypeError("a bug")))
        with pytest.warns(DioramaWarning):
            lenient.config.lr = 0.1
    assert lenient.config.lr == 0.1


@pytest.mark.parametrize("kind", FAULTS)
def test_strict_raises_faults_of_ours(
    journal: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    with diorama.init(project="p", mode="offline", settings={"console": "off"}) as run:
        assert run._channel is not None
        for call in CALLS[:3]:
            with monkeypatch.context() as broken:
                broken.setattr(run._channel, "append_log", Mock(side_effect=kind("a bug of ours")))
                with pytest.raises(kind, match="a bug"):
                    call(run)


@pytest.mark.parametrize(
    "call",
    [
        lambda run: run.log(3),
        lambda run: run.log({1: 2}),
        lambda run: run.log({1: [2]}),
        lambda run: run.log({"x": 1}, step="3"),
        lambda run: run.log({"x": 1}, step=0.5),
        lambda run: run.log({"x": 1 << 20_000}),
        lambda run: run.config.update(3),
        lambda run: run.config.update({"lr": 2}),
        lambda run: run.define_metric(""),
        lambda run: run.define_metric("x", summary="worst"),
    ],
)
def test_what_the_user_did_wrong_is_a_usage_error(lenient: Run, call: Callable[[Run], Any]) -> None:
    lenient.config.lr = 1
    with pytest.raises(UsageError):
        call(lenient)
    with pytest.raises(diorama.Error):
        call(lenient)


@pytest.mark.parametrize("kind", FAULTS)
def test_finish_raises_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, journal: Path, kind: type[Exception]
) -> None:
    monkeypatch.setenv("DIORAMA_STRICT", "0")
    run = diorama.init(project="p", mode="offline", settings={"console": "off"})
    channel = run._channel
    assert channel is not None
    with monkeypatch.context() as broken, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("keep_files", "_write_end", "_wait", "_say_goodbye"):
            broken.setattr(f"diorama.client.ending.{name}", Mock(side_effect=kind("a bug")))
        run.finish()
    assert diorama.run is None
    with pytest.raises(UsageError, match="after it was finished"):
        run.log({"x": 1})


class _Odd:
    def __str__(self) -> str:
        raise KeyError("of the user")


def test_what_the_users_own_code_raises_reaches_the_user(lenient: Run) -> None:
    with pytest.raises(UsageError, match="of the user"):
        lenient.log({"x": _Odd()})

    class Data(dict[str, Any]):
        def items(self) -> Any:
            raise AttributeError("of the user")

    with pytest.raises(AttributeError, match="of the user"):
        lenient.config.update(Data(a=1))


@pytest.mark.parametrize("kind", FAULTS)
def test_what_a_signal_handler_raises_reaches_the_user(
    lenient: Run, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def handle(number: int, frame: object) -> None:
        raise kind("time is up")

    def strike(*_: Any) -> int:
        signal.raise_signal(signal.SIGUSR1)
        return 0

    assert lenient._channel is not None
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        for call in (CALLS[0], CALLS[1], CALLS[3], CALLS[6]):
            with monkeypatch.context() as slow:
                for name in ("append_log", "send", "send_encoded"):
                    slow.setattr(lenient._channel, name, Mock(side_effect=strike))
                with pytest.raises(kind, match="time is up"):
                    call(lenient)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_background_task_that_raises_ends_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from diorama.client import background

    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    done = threading.Event()
    broken = Mock(side_effect=ValueError("a bug"))
    background.add_task(broken)
    background.add_task(done.set)
    try:
        assert done.wait(20)
    finally:
        background.remove_task(broken)
        background.remove_task(done.set)
    assert told[0].exc_type is ValueError


LONE = "x\ud800\udcff"
KEPT = "x\\ud800\\udcff"


def test_text_that_is_no_utf8_is_escaped_everywhere(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", f"--path={LONE}"])
    run = diorama.init(
        project="p", mode="offline", name=LONE, notes=LONE, tags=[LONE], group=LONE, job_type=LONE,
        config={LONE: {LONE: LONE}}, settings={"console": "off"},
    )  # fmt: skip
    assert (run.name, run.notes, run.tags, run.group, run.job_type) == (KEPT, KEPT, (KEPT,), KEPT, KEPT)
    assert run.config.as_dict() == {KEPT: {KEPT: KEPT}}
    run.log({LONE: 1.0})
    run.log({LONE: [1], "big": 1 << 70})
    run.define_metric(LONE)
    run.config[LONE + "2"] = 1
    run.summary["s"] = LONE
    run.name = LONE + "2"
    assert run.summary[KEPT] == [1]
    assert run.summary["big"] == 1 << 70
    run.finish()
    found = entries_of(journal)
    start = found[0]
    assert isinstance(start, Start)
    assert (start.name, start.notes, start.tags, start.group) == (KEPT, KEPT, [KEPT], KEPT)
    assert start.environment["argv"] == [f"--path={KEPT}"]
    assert [each.data for each in found if isinstance(each, Log)] == [
        {KEPT: 1.0},
        {KEPT: [1], "big": 1 << 70},
    ]
    assert [each.data for each in found if isinstance(each, Config)] == [
        {KEPT: {KEPT: KEPT}},
        {KEPT + "2": 1},
    ]
    assert [each.name for each in found if isinstance(each, Attributes)] == [KEPT + "2"]
