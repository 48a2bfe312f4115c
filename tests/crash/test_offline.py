"""Without a sidecar, with one in a thread, and with one that is killed: `diorama sync` finishes the job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kills import check, start_trainer
from processes import HANGS_AFTER_SECS, sidecar_pids, wait_for

from diorama.model import StoreDir


def sync(store: StoreDir, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diorama", "sync", "--store", str(store.root), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS_AFTER_SECS)


def test_an_offline_run_waits_for_sync(tmp_path: Path) -> None:
    store, record = StoreDir(tmp_path / "store"), tmp_path / "record"
    assert start_trainer(store, record, "r", 0.1, DIORAMA_MODE="offline").wait(HANGS_AFTER_SECS) == 0
    assert not store.database.exists()
    told = sync(store, "--dry-run")
    assert told.returncode == 0
    assert "local/crash/r" in told.stdout
    assert not store.database.exists(), "a dry run stores nothing"
    done = sync(store)
    assert done.returncode == 0, done.stderr
    assert "local/crash/r" in done.stdout
    verdict = check("offline", store, [record], "r")
    assert verdict.faults == 0, verdict
    assert verdict.returned > 0
    assert verdict.state == "finished"
    assert "nothing was waiting" in sync(store).stdout


@pytest.mark.parametrize("how", ["root", "writer"])
def test_sync_takes_a_path(tmp_path: Path, how: str) -> None:
    away, home, record = StoreDir(tmp_path / "away"), StoreDir(tmp_path / "home"), tmp_path / "record"
    assert start_trainer(away, record, "r", 0.05, DIORAMA_MODE="offline").wait(HANGS_AFTER_SECS) == 0
    (writer,) = away.journal.glob("*.*")
    done = sync(home, str(writer if how == "writer" else away.root))
    assert done.returncode == 0, done.stderr
    verdict = check("path", home, [record], "r")
    assert verdict.faults == 0, verdict
    assert verdict.readable == verdict.returned > 0


def test_a_sidecar_in_a_thread(tmp_path: Path) -> None:
    store, record = StoreDir(tmp_path / "store"), tmp_path / "record"
    assert start_trainer(store, record, "r", 0.2, DIORAMA_SIDECAR="thread").wait(HANGS_AFTER_SECS) == 0
    verdict = check("thread", store, [record], "r")
    assert verdict.faults == 0, verdict
    assert verdict.state == "finished"


def test_one_bad_journal_among_many_does_not_stop_sync(tmp_path: Path) -> None:
    store = StoreDir(tmp_path / "store")
    records = {f"r{number}": tmp_path / f"record{number}" for number in range(3)}
    for run_id, record in records.items():
        assert start_trainer(store, record, run_id, 0.02, DIORAMA_MODE="offline").wait(HANGS_AFTER_SECS) == 0
    bad = store.journal / "20260101T000000-4194305-abcdef.1"
    bad.mkdir()
    whole = next(store.journal.glob("*.1/000001.log")).read_bytes()
    (bad / "000001.log").write_bytes(whole[len(whole) // 2 :])
    done = sync(store)
    assert done.returncode == 1
    assert bad.name in done.stderr
    for run_id, record in records.items():
        assert check("many", store, [record], run_id).faults == 0
    assert bad.exists()


def test_the_next_start_brings_in_what_was_left(tmp_path: Path) -> None:
    store, first, second = StoreDir(tmp_path / "store"), tmp_path / "record1", tmp_path / "record2"
    assert start_trainer(store, first, "r1", 0.05, DIORAMA_MODE="offline").wait(HANGS_AFTER_SECS) == 0
    assert start_trainer(store, second, "r2", 3.0).wait(HANGS_AFTER_SECS) == 0
    assert wait_for(lambda: not sidecar_pids(store))
    for run_id, record in (("r1", first), ("r2", second)):
        verdict = check("sweep", store, [record], run_id)
        assert verdict.faults == 0, verdict
        assert verdict.readable == verdict.returned > 0
