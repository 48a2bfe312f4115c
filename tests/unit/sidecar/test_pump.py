"""What goes through the one queue of a pump, in which order; and how many files that takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from memory_store import DEAD_PID, Journal, MemoryStore

from diorama.journal.reader import JournalReader
from diorama.sidecar import pump as pumps
from diorama.sidecar.pump import Pump
from diorama.sidecar.transport import Unavailable


def step_until(pump: Pump, is_so: Callable[[], object], secs: float = 20.0) -> None:
    until = time.monotonic() + secs
    while not is_so():
        assert time.monotonic() < until
        if not pump.step():
            pump.wait(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumps, "FIRST_WAIT_SECS", 0.01)
    monkeypatch.setattr(pumps, "LONGEST_WAIT_SECS", 0.02)


def test_a_heartbeat_that_failed_never_comes_late(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.close()
    pump = Pump(tmp_path, "t", store)
    pump.discover()
    [stream] = pump.streams.values()
    step_until(pump, lambda: store.entries and not pump.has_work)
    store.trouble = [Unavailable("away")]
    pump.heartbeat(stream)
    step_until(pump, lambda: not store.trouble and pump.failed_secs)
    step_until(pump, lambda: pump.orphan(stream))
    pump.heartbeat(stream)  # nothing else is under way: a caller that asks is answered
    step_until(pump, lambda: not pump.has_work)
    assert store.told == ["entries", "orphan", "heartbeat"]
    pump.close()


def test_an_orphan_is_told_behind_what_is_under_way(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, pid=DEAD_PID)
    journal.log(x=1)
    journal.close()
    store.trouble = [Unavailable("away")] * 3
    pump = Pump(tmp_path, "t", store)
    pump.discover()
    [stream] = pump.streams.values()
    step_until(pump, lambda: pump._retry is not None)
    assert not pump.orphan(stream), "a batch waits to be sent again"
    step_until(pump, lambda: not pump.has_work and pump.orphan(stream))
    assert store.told == ["entries", "orphan"]
    pump.close()


def test_what_was_read_before_a_trouble_is_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.log(x=1)
    journal.close()
    reader = JournalReader(journal.directory)
    monkeypatch.setattr(reader, "_next_segment", _failing_at(2, reader._next_segment))
    assert [seq for seq, _ in reader.poll()] == [1, 2]
    reader.close()


def _failing_at(number: int, look: Callable[[], int | None]) -> Callable[[], int | None]:
    calls: list[int] = []

    def look_or_fail() -> int | None:
        calls.append(1)
        if len(calls) > number:
            raise OSError(24, "Too many open files")
        return look()

    return look_or_fail


def test_a_resting_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with JournalReader(journal.directory) as reader:
        seen = []
        for number in range(5):
            journal.log(x=number)
            seen += [seq for seq, _ in reader.poll()]
            reader.rest()
            assert reader._fd < 0
    assert seen == [1, 2, 3, 4, 5, 6]
    journal.close()


MANY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from pathlib import Path
from diorama.model import StoreDir
from diorama.sidecar import drain
report = drain(StoreDir(Path(sys.argv[1])))
print(report.entries, report.failed, len(report.runs))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("is_one_process", [True, False])
def test_more_journals_than_files_may_be_open(tmp_path: Path, is_one_process: bool) -> None:
    root = tmp_path / "journal"
    for number in range(150):
        token = "t" if is_one_process else f"t{number:03d}"
        journal = Journal(root, token, number, pid=DEAD_PID, run=f"r{number}", is_secondary=False)
        journal.log(x=number)
        journal.finish()
        journal.close()
    answer = subprocess.run(
        [sys.executable, "-c", MANY, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert answer.stderr == ""
    assert answer.stdout == "450 [] 150\n"
    assert not list(root.iterdir())
