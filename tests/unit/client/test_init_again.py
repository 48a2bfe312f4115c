"""init() once more: resuming, the same id, and beside a run that is open."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest
from journal_entries import entries_of
from offline_runs import QUIET, start
from owner import Service
from stand_in import stand_in

import diorama
from diorama.client import same_id
from diorama.client.current import open_runs
from diorama.client.guard import DioramaWarning
from diorama.client.resume import PastRun
from diorama.errors import CommError, ConfigError, UsageError
from diorama.journal.entry import Warn
from diorama.model import StoreDir
from diorama.sidecar import drain
from diorama.sidecar.local import LocalTransport

pytestmark = pytest.mark.usefixtures("no_open_runs")


def test_reinit() -> None:
    first = start()
    assert start(config={"more": 1}) is first
    assert first.config.more == 1
    second = start(reinit="create_new")
    assert second is not first
    first.log({"a": 1})
    third = start(reinit=True)
    assert diorama.run is third
    with pytest.raises(UsageError):
        second.log({"a": 1})
    first.finish()
    with pytest.raises(UsageError, match="reinit"):
        start(reinit="sometimes")


def test_resume_from_journals_that_nobody_has_stored() -> None:
    run = start(id="r1", config={"lr": 0.1, "seed": 1}, name="kept", tags=["t"])
    for value in range(5):
        run.log({"loss": float(value)})
    run.log({"late": 1}, step=2)
    run.summary["best"] = 3
    run.finish()
    again = start(id="r1", resume="must", config={"lr": 0.2})
    assert again.resumed
    assert again.step == again.starting_step == 5
    assert again.config.as_dict() == {"lr": 0.2, "seed": 1}
    assert (again.name, again.tags) == ("kept", ("t",))
    assert again.summary["best"] == 3
    assert again.summary["loss"] == 4.0
    again.log({"loss": 9.0})
    again.finish()
    assert start(id="r1", resume="allow").step == 6


def test_resume_must_never_and_allow() -> None:
    with pytest.raises(CommError, match="there is no run"):
        start(id="nothing", resume="must")
    with pytest.raises(UsageError, match="needs the id"):
        start(resume="must")
    run = start(id="r2", resume="never")
    assert not run.resumed
    run.finish()
    with pytest.raises(CommError, match="exists"):
        start(id="r2", resume="never")
    fresh = start(id="r3", resume="allow")
    assert not fresh.resumed
    with pytest.raises(UsageError, match="resume="):
        start(resume="perhaps", reinit="create_new")


def test_resume_auto_goes_on_with_the_run_that_did_not_end_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = start(resume="auto")
    run.log({"a": 1})
    run.finish(exit_code=1)
    again = start(resume=True)
    assert (again.id, again.step, again.resumed) == (run.id, 1, True)
    again.finish()
    assert start(resume="auto").id != run.id


def test_the_same_id_again_without_resume_is_told() -> None:
    start(id="a").finish()
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a")
    diorama.finish()
    start(id="a", resume="allow").finish()
    start(id="a", project="another").finish()
    start(id="b").finish()


def test_the_same_id_again_in_a_store_is_told(own_store: Path) -> None:
    start(id="a").finish()
    with Service.open(StoreDir(own_store)) as service:
        drain(StoreDir(own_store), transport=LocalTransport(StoreDir(own_store), service))
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a")
    diorama.finish()


def same_id_online(monkeypatch: pytest.MonkeyPatch, answers: list[PastRun | Exception | None]) -> list[str]:
    """Start a run under an id of its own on a server that answers so; returns what it warns of."""
    asked: list[str | None] = []
    own: list[str] = []

    def find_stored(*_: object, url: str | None, **more: object) -> PastRun | None:
        asked.append(url)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer.ends = {writer or own[0]: end for writer, end in answer.ends.items()}
        return answer

    monkeypatch.setattr(same_id, "find_stored", find_stored)
    monkeypatch.setattr(same_id, "ASK_AFTER_SECS", (0.0, 0.0))
    monkeypatch.setattr(same_id, "threading", stand_in(threading, Thread=_Waiting))
    _Waiting.started.clear()
    settings = {**QUIET, "sidecar": "none", "url": "http://127.0.0.1:9"}
    run = start(mode="online", id="a", settings=settings)
    own.append(run._channel.name)
    for thread in _Waiting.started:
        thread.run_now()
    run.finish()
    assert set(asked) <= {"http://127.0.0.1:9"}
    assert not answers
    return [each.text for each in entries_of(run.settings.journal_root) if isinstance(each, Warn)]


class _Waiting(threading.Thread):
    """A thread that does its work when it is told to."""

    started: ClassVar[list[_Waiting]] = []

    def start(self) -> None:
        if self.name == "diorama-same-id":
            self.started.append(self)
        else:
            super().start()

    def run_now(self) -> None:
        threading.Thread.run(self)


@pytest.mark.parametrize(
    ("answers", "is_told"),
    [
        ([None], False),
        ([PastRun(ends={"other.1": 1.0, "": None})], True),
        ([PastRun(ends={"other.1": 1.0, "another.1": None, "": None})], False),
        ([PastRun(ends={"other.1": 1e11, "": None})], False),
        ([PastRun(ends={"": None})], False),
        ([CommError("away"), PastRun(ends={"other.1": 1.0})], True),
        ([CommError("away"), CommError("still away")], False),
    ],
    ids=["no run", "ended", "one runs", "ended since", "only this one", "away at first", "away"],
)
def test_the_same_id_again_on_a_server_is_told(
    monkeypatch: pytest.MonkeyPatch, answers: list[PastRun | Exception | None], is_told: bool
) -> None:
    told = same_id_online(monkeypatch, list(answers))
    assert [("resume='allow'" in text) for text in told] == [True] * is_told


def test_a_process_that_got_the_id_of_a_dead_one_is_not_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal of a process that died; its id belongs to another one now."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: other.pid)
        patched.setattr("diorama.client.run.own_start", lambda: 1.0)
        run = start(id="a")
        channel = run._channel
        channel.sync()
    with pytest.warns(DioramaWarning, match="resume='allow'"):
        start(id="a", reinit="create_new").finish()
    run.finish()
    other.communicate(b"\n")


def test_a_run_that_another_process_logs_to_may_be_joined() -> None:
    script = (
        "import diorama, sys\n"
        "run = diorama.init(project='p', id='shared', mode='offline', settings={'console': 'off'})\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"ready\n"
    start(id="shared").finish()
    other.communicate()
    assert other.returncode == 0


# -- a second init() -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [{"project": "q"}, {"id": "b"}, {"name": "x"}, {"group": "g"}, {"entity": "e"}]
)
def test_a_second_init_returns_the_open_run_and_says_what_has_no_effect(arguments: dict[str, Any]) -> None:
    run = start(id="a", config={"lr": 1})
    assert start(id="a") is run
    assert start(project="p", config={"depth": 2}) is run
    with pytest.warns(DioramaWarning, match=r"run local/p/a .* is active.*reinit="):
        assert start(**arguments) is run
    with pytest.raises(ConfigError, match=r"run local/p/a .* is active.*reinit="):
        start(config={"lr": 2})
    assert run.config.as_dict() == {"lr": 1, "depth": 2}


def test_another_run_can_not_be_resumed_beside_an_open_one() -> None:
    start(id="old").finish()
    run = start(id="new")
    with pytest.raises(diorama.Error, match="run local/p/new is active"):
        start(id="old", resume="must")
    resumed = start(id="old", resume="must", reinit="create_new")
    assert resumed.id == "old"
    assert diorama.run is run


def test_a_run_made_beside_another_is_not_the_current_one() -> None:
    alone = start(reinit="create_new")
    assert diorama.run is None
    assert start() is alone, "the newest run that is open"
    alone.finish()
    first = start()
    second = start(reinit="create_new")
    assert second is not first
    assert diorama.run is first
    second.finish()
    assert diorama.run is first
    first.finish()
    assert diorama.run is None


@pytest.mark.parametrize("reinit", [True, "finish_previous"])
def test_finish_previous_ends_all_open_runs(reinit: Any) -> None:
    runs = [start(), start(reinit="create_new"), start(reinit="create_new")]
    last = start(reinit=reinit)
    assert open_runs() == [last]
    for run in runs:
        with pytest.raises(UsageError, match="after it was finished"):
            run.log({"x": 1})
