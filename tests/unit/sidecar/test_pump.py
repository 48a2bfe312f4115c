"""What goes through the one queue of a pump, in which order; and how many files that takes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from memory_store import DEAD_PID, Journal, MemoryStore

from diorama.journal.entry import Batch
from diorama.journal.reader import JournalReader
from diorama.sidecar import pump as pumps
from diorama.sidecar.pump import Pump
from diorama.sidecar.transport import BlobsGone, Broken, Unavailable


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


class SharedStore(MemoryStore):
    """Notes how many batches are in it at once, and holds the first `held` until all of them have come."""

    def __init__(self, held: int = 0) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.most_inside = 0
        self.failures = 0
        self.inside_after_failure: list[int] = []
        self._held = held
        self._all_here = threading.Barrier(held) if held else None

    def ingest(self, batch: Batch) -> int:
        with self._lock:
            assert batch.writer not in self.inside, "two batches of one journal at once"
            self.inside.append(batch.writer)
            self.most_inside = max(self.most_inside, len(self.inside))
            if self.failures:
                self.inside_after_failure.append(len(self.inside))
            is_held, self._held = self._held > 0, self._held - 1
        try:
            if is_held and self._all_here is not None:
                self._all_here.wait(20)
            return super().ingest(batch)
        except Exception:
            self.failures += 1
            raise
        finally:
            with self._lock:
                self.inside.remove(batch.writer)


def many_journals(root: Path, count: int, logs: int) -> list[str]:
    names = []
    for number in range(count):
        journal = Journal(root, n=number, run=f"r{number}")
        for value in range(logs):
            journal.log(x=value)
        journal.finish()
        journal.close()
        names.append(journal.name)
    return names


def ship_all(root: Path, store: MemoryStore) -> Pump:
    pump = Pump(root, "t", store)
    pump.discover()
    step_until(pump, lambda: all(stream.finish for stream in pump.streams.values()) and not pump.has_work)
    return pump


def test_journals_ship_side_by_side_each_in_order(tmp_path: Path) -> None:
    names = many_journals(tmp_path, pumps.SHIPMENTS_AT_ONCE, 3)
    store = SharedStore(held=pumps.SHIPMENTS_AT_ONCE)
    ship_all(tmp_path, store).close()
    assert store.most_inside == pumps.SHIPMENTS_AT_ONCE
    assert all(store.logs(name) == [{"x": 0}, {"x": 1}, {"x": 2}] for name in names)


def test_a_store_that_fails_under_many_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that were on their way come later; until one has, there is one at a time, and one wait."""
    monkeypatch.setattr(pumps, "LONGEST_WAIT_SECS", 100.0)
    count = pumps.SHIPMENTS_AT_ONCE
    names = many_journals(tmp_path, count, 3)
    store = SharedStore(held=count)
    store.trouble = [Unavailable("away")] * count
    pump = Pump(tmp_path, "t", store)
    pump.discover()
    step_until(pump, lambda: len(pump.failures) == count)
    assert pump._wait_secs == 2 * pumps.FIRST_WAIT_SECS
    step_until(pump, lambda: not pump.has_work)
    assert store.inside_after_failure[0] == 1
    assert pump.failures == {}
    assert all(store.logs(name) == [{"x": 0}, {"x": 1}, {"x": 2}] for name in names)
    pump.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_troubles_of_every_kind_under_many_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = many_journals(tmp_path, 12, 6)
    store = SharedStore(held=pumps.SHIPMENTS_AT_ONCE)
    kinds = [Unavailable("away"), Broken("a bug"), BlobsGone("gone"), OSError("no memory")]
    store.trouble = [chance.choice(kinds) for _ in range(chance.randrange(12))]
    refused = chance.choice([set[int](), {4}, {3, 5}])
    store.refuses = refused
    pump = ship_all(tmp_path, store)
    # Seq 1 is the Start, so the call that logged x is entry x + 2.
    expected = [{"x": value} for value in range(6) if value + 2 not in refused]
    assert all(store.logs(name) == expected for name in names)
    tallies = [stream.tally for stream in pump.streams.values()]
    assert [tally.refused for tally in tallies] == [len(refused)] * len(names)
    assert [tally.entries for tally in tallies] == [8 - len(refused)] * len(names)
    pump.close()


def test_a_store_that_lost_blobs_in_between_has_not_broken_in_a_row(tmp_path: Path) -> None:
    """What is put aside for breaking the store has broken it as often as that without another answer."""
    journal = Journal(tmp_path)
    journal.log(x=1)
    store = MemoryStore()
    pump = Pump(tmp_path, "t", store)
    pump.discover()
    step_until(pump, lambda: len(store.logs(journal.name)) == 1)
    journal.log(x=2)
    store.trouble = [*[Broken("a bug")] * (pumps.TRIES - 1), BlobsGone("gone"), Broken("a bug")]
    step_until(
        pump, lambda: len(store.logs(journal.name)) == 2 or bool(pump.streams[journal.name].tally.refused)
    )
    assert pump.streams[journal.name].tally.refused == 0
    assert not store.trouble
    journal.close()
    pump.close()
