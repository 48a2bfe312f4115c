"""What a signal's handler raises in the middle of log() reaches the user, and costs nothing."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from test_run import entries_of, logs_of

import diorama
from diorama.client.run import Run
from diorama.errors import UsageError
from diorama.journal.codec import SnapshotRef, load_snapshot
from diorama.journal.entry import Finish


@pytest.fixture
def run() -> Run:
    return diorama.init(project="p", mode="offline", settings={"console": "off"})


class TimeLimit(TimeoutError):
    """What users' time limits raise: an OSError, and yet none of the disk's."""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer")
@pytest.mark.parametrize("strict", ["0", "1"])
@pytest.mark.parametrize("has_media", [False, True])
def test_a_time_limit_passes_and_every_call_that_returned_is_stored_once(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, strict: str, has_media: bool
) -> None:
    monkeypatch.setenv("DIORAMA_STRICT", strict)
    run = diorama.init(project="p", mode="offline", settings={"console": "off"})
    raised = passed = 0

    def handle(number: int, frame: object) -> None:
        nonlocal raised
        raised += 1
        raise TimeLimit

    def data_of(number: int) -> dict[str, object]:
        if not has_media:
            return {"number": number}
        return {"number": number, "picture": diorama.Image(np.full((90, 90, 3), number % 250, np.uint8))}

    run.log(data_of(0))
    returned = {0}
    before = signal.signal(signal.SIGALRM, handle)
    gc.disable()  # what is raised in a callback of the collector is dropped by Python
    number = 0
    rounds = 150 if has_media else 600
    try:
        for round_number in range(rounds):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.00001 * (round_number % 100))
                while True:
                    number += 1
                    run.log(data_of(number))
                    returned.add(number)
            except TimeLimit:
                passed += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    run.finish()
    assert passed == raised == rounds
    logged = logs_of(own_store / "journal")
    numbers = [data["number"] for _, _, data in logged]
    assert len(numbers) == len(set(numbers))
    assert returned <= set(numbers)
    if has_media:
        (folder,) = [path for path in (own_store / "journal").iterdir() if path.is_dir()]
        for _, _, data in logged:
            assert isinstance(data["picture"], SnapshotRef)
            (pixels,) = load_snapshot(data["picture"], folder / "spool").buffers
            assert set(bytes(pixels.read())) == {data["number"] % 250}


def test_what_another_thread_logs_behind_the_end_is_refused_and_not_lost(run: Run, own_store: Path) -> None:
    channel = run._channel
    assert channel is not None
    refused = threading.Event()

    def log() -> None:
        number = 0
        while True:
            try:
                run.log({"number": number})
            except UsageError:
                refused.set()
                returned.append(number)
                return
            number += 1

    returned: list[int] = []
    thread = threading.Thread(target=log)
    thread.start()
    while channel.writer.seq < 100:
        continue
    run.finish()
    thread.join()
    assert refused.is_set()
    entries = entries_of(own_store / "journal")
    assert isinstance(entries[-1], Finish)
    assert [data["number"] for _, _, data in logs_of(own_store / "journal")] == list(range(returned[0]))


def test_a_journal_deleted_during_the_run_is_there_again_at_its_end(run: Run, own_store: Path) -> None:
    run.log({"number": 0})
    run.log({"picture": diorama.Image(np.zeros((90, 90, 3), np.uint8))})
    shutil.rmtree(own_store / "journal")
    assert not run.flush(wait=True, timeout_secs=0), "what is gone is not stored"
    run.log({"number": 1})
    run.finish()
    logged = logs_of(own_store / "journal")
    assert [data.get("number") for _, _, data in logged] == [0, None, 1]
    (folder,) = [path for path in (own_store / "journal").iterdir() if path.is_dir()]
    assert load_snapshot(logged[1][2]["picture"], folder / "spool").buffers[0].read() == bytes(90 * 90 * 3)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")
def test_many_short_runs_hold_no_descriptors_and_no_threads() -> None:
    def count() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    alive = []
    before = None
    for number in range(40):
        run = diorama.init(project="p", mode="offline", settings={"console": "off"})
        alive.append(diorama.Image(np.full((90, 90, 3), number, np.uint8)))
        run.log({"picture": alive[-1]})
        run.finish()
        before = before or count()
    after = count()
    assert after[0] <= before[0] + 1
    assert after[1] <= before[1] + 3, "threads that are about to end"
