"""Looking around beside a run never holds up what the run has logged."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from memory_store import Journal, MemoryStore
from test_serve import TOKEN, Served, wait_for

from diorama.journal.codec import decode_entry
from diorama.journal.entry import Finish
from diorama.journal.reader import JournalReader
from diorama.sidecar import serve, watch
from diorama.sidecar.stream import read_start
from diorama.sidecar.surroundings import Surroundings


@pytest.mark.slow
def test_git_that_hangs_holds_up_nothing(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_looking, may_end = threading.Event(), threading.Event()

    def hang(directory: Path) -> Surroundings:
        is_looking.set()
        may_end.wait(60)
        return Surroundings({})

    monkeypatch.setattr(watch, "look_around", hang)
    monkeypatch.setattr(watch, "PATIENCE_SECS", 0.2)
    monkeypatch.setattr(serve, "LINGER_SECS", 0.1)
    monkeypatch.setattr(serve, "FINISHED_STAYS_SECS", 0.1)
    monkeypatch.setenv("DIORAMA_STATS_INTERVAL_SECS", "0")
    journal = Journal(tmp_path, TOKEN, 1)
    served = Served(tmp_path, store)
    try:
        assert is_looking.wait(20)
        journal.log(x=1)
        assert wait_for(lambda: store.logs(journal.name) == [{"x": 1}])
        journal.finish()
        journal.close()
        assert wait_for(lambda: store.of(journal.name, Finish))
        served.thread.join(20)
        assert served.result == [True]
        assert not may_end.is_set(), "it still hangs"
        assert not list(tmp_path.iterdir()), "nor does its own journal stay"
    finally:
        may_end.set()
        served.stop()


def test_what_comes_after_the_end_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_looking, may_end = threading.Event(), threading.Event()

    def hang(directory: Path) -> Surroundings:
        is_looking.set()
        may_end.wait(60)
        return Surroundings({"git": {}}, {"diff.patch": b"x"})

    monkeypatch.setattr(watch, "look_around", hang)
    journal = Journal(tmp_path, TOKEN, 1)
    start = read_start(journal.directory)
    assert start is not None
    one = watch.RunWatch(tmp_path, "t.s1.0", start, interval_secs=0)
    assert is_looking.wait(20)
    began = time.monotonic()
    one.close(0.0)
    assert time.monotonic() - began < 10
    assert one.is_ended()
    may_end.set()
    one._thread.join(20)
    with JournalReader(tmp_path / "t.s1.0") as reader:
        entries = [decode_entry(payload) for _, payload in reader.poll()]
    assert [type(entry).__name__ for entry in entries] == ["Start", "Start", "Finish"]
    journal.close()
