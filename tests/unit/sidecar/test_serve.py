from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from memory_store import DEAD_PID, Journal, MemoryStore

from diorama.journal.entry import Environment, File, Finish, System
from diorama.journal.lease import Lease, is_held
from diorama.sidecar import serve
from diorama.sidecar.transport import Unavailable

TOKEN = f"20260101T000000-{os.getpid()}-abcdef"


def wait_for(is_so: Callable[[], object], secs: float = 10.0) -> bool:
    until = time.monotonic() + secs
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


class Served:
    def __init__(self, root: Path, store: MemoryStore, token: str = TOKEN) -> None:
        lease = Lease.acquire(root, token)
        assert lease is not None
        self.sidecar = serve.Sidecar(root, token, store, lease)
        self.result: list[bool] = []
        self.thread = threading.Thread(target=lambda: self.result.append(self.sidecar.run()))
        self.thread.start()

    def stop(self) -> bool:
        self.sidecar.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.result[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LINGER_SECS", 0.1)
    monkeypatch.setattr(serve, "FINISHED_STAYS_SECS", 0.1)
    monkeypatch.setenv("DIORAMA_STATS_INTERVAL_SECS", "0.2")


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_entries_arrive_while_the_run_goes_on(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, TOKEN, 1)
    served = Served(tmp_path, store)
    for number in range(5):
        began = time.monotonic()
        journal.log(x=number)
        assert wait_for(lambda number=number: len(store.logs(journal.name)) > number)
        assert time.monotonic() - began < 1.0
    assert served.stop()
    assert journal.directory.exists(), "its process lives"
    assert not is_held(tmp_path, TOKEN)
    journal.close()


@pytest.mark.usefixtures("quick")
def test_it_goes_when_all_runs_have_finished(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, TOKEN, 1)
    served = Served(tmp_path, store)
    journal.log(x=1)
    journal.finish()
    journal.close()
    served.thread.join(20)
    assert served.result == [True]
    assert store.of(journal.name, Finish)
    assert store.orphans == []
    assert not list(tmp_path.iterdir()), "no journal, no lock, nothing is left"


@pytest.mark.usefixtures("quick")
def test_a_run_that_begins_at_the_last_moment_is_served(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Journal] = []
    release = Lease.release

    def release_and_begin(lease: Lease) -> None:
        release(lease)
        if not late:
            late.append(Journal(tmp_path, TOKEN, 2))
            late[0].log(x=1)

    monkeypatch.setattr(Lease, "release", release_and_begin)
    served = Served(tmp_path, store)
    assert wait_for(lambda: late and store.logs(late[0].name))
    served.stop()
    late[0].close()


@pytest.mark.usefixtures("quick")
def test_a_dead_trainers_run_is_marked_crashed(tmp_path: Path, store: MemoryStore) -> None:
    token = f"20260101T000000-{DEAD_PID}-abcdef"
    journal = Journal(tmp_path, token, 1, pid=DEAD_PID)
    journal.log(x=1)
    journal.close()
    served = Served(tmp_path, store, token)
    served.thread.join(20)
    assert served.result == [True]
    assert store.logs(journal.name) == [{"x": 1}]
    assert store.orphans == [journal.name]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_it_watches_the_machine(tmp_path: Path, store: MemoryStore) -> None:
    journal = Journal(tmp_path, TOKEN, 1, environment={"cwd": str(Path(__file__).parent)})
    served = Served(tmp_path, store)
    watch = f"{TOKEN}.s{os.getpid()}.0"
    assert wait_for(lambda: len(store.of(watch, System)) >= 2, 20)
    sample = store.of(watch, System)[-1].data
    assert 0 <= sample["cpu"] <= 100
    assert 0 < sample["memory_percent"] < 100
    assert sample["process.memory_mb"] > 5
    assert wait_for(lambda: store.of(watch, File), 20)
    (requirements,) = [entry for entry in store.of(watch, File) if entry.name == "requirements.txt"]
    assert b"msgspec==" in store.blobs[requirements.content.blob.sha256]
    for entry in store.of(watch, Environment):
        assert set(entry.data) <= {"git", "gpus"}
    journal.finish()
    journal.close()
    served.thread.join(20)
    assert served.result == [True]
    assert store.of(watch, Finish)


@pytest.mark.slow
def test_heartbeats_tell_that_a_silent_run_lives(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "HEARTBEAT_SECS", 0.1)
    monkeypatch.setenv("DIORAMA_STATS_INTERVAL_SECS", "0")
    journal = Journal(tmp_path, TOKEN, 1)
    served = Served(tmp_path, store)
    assert wait_for(lambda: store.heartbeats.count(journal.name) >= 3)
    served.stop()
    journal.close()


@pytest.mark.slow
def test_stop_gives_up_on_a_store_that_is_away(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "PATIENCE_AT_STOP_SECS", 0.5)
    store.trouble = [Unavailable("away") for _ in range(1000)]
    journal = Journal(tmp_path, TOKEN, 1)
    served = Served(tmp_path, store)
    assert wait_for(lambda: (journal.directory / "parked").exists())
    assert served.stop() is False
    assert journal.directory.exists()
    journal.close()


@pytest.mark.parametrize(
    ("token", "pid"), [("20260101T000000-42-abcdef", 42), ("x", None), ("a-b-c", None), ("1-2", None)]
)
def test_pid_of(token: str, pid: int | None) -> None:
    assert serve.pid_of(token) == pid


def test_a_process_that_got_the_trainers_id_is_not_the_trainer(tmp_path: Path, store: MemoryStore) -> None:
    with Lease.acquire(tmp_path, TOKEN) or pytest.fail("the lease is free") as lease:
        sidecar = serve.Sidecar(tmp_path, TOKEN, store, lease)
        sidecar._look_at_lives()
        assert not sidecar._is_trainer_gone
        assert sidecar._trainer_started is not None
        sidecar._trainer_started -= 100
        sidecar._look_at_lives()
        assert sidecar._is_trainer_gone
        sidecar.pump.close()
