"""A disk that takes nothing more: the training goes on, and what could be kept is there afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kills import Verdict, check, start_trainer
from owner import Service
from processes import HANGS_AFTER_SECS, sidecar_pids, wait_for

from diorama.model import StoreDir
from diorama.sidecar import drain

SCRIPT = Path(__file__).with_name("crash_disk.py")


def train(store: StoreDir, record: Path, limit_bytes: int, *, heals: bool) -> float:
    """Run crash_disk.py; returns its slowest log() in milliseconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIORAMA_")}
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            str(SCRIPT),
            str(record),
            "r",
            str(limit_bytes),
            str(int(heals)),
        ],
        env={**environment, "DIORAMA_DIR": str(store.root), "DIORAMA_STATS_INTERVAL_SECS": "0"},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_SECS,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return float(done.stdout)


def recover(store: StoreDir, record: Path) -> tuple[Verdict, list[str]]:
    assert wait_for(lambda: not sidecar_pids(store))
    drain(store)
    verdict = check("disk", store, [record], "r")
    service = Service.open(store)
    try:
        run = service.find_run("local", "crash", "r")
        return verdict, [warning.code for warning in service.run(run.uid).warnings]
    finally:
        service.close()


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path: Path) -> None:
    store, record = StoreDir(tmp_path / "store"), tmp_path / "record"
    train(store, record, 0, heals=True)
    verdict, _ = recover(store, record)
    assert verdict.lost == verdict.duplicated == verdict.corrupt == verdict.phantom == 0, verdict
    assert verdict.state == "finished"


def test_a_disk_that_stays_full_ends_the_journal_not_the_training(tmp_path: Path) -> None:
    store, record = StoreDir(tmp_path / "store"), tmp_path / "record"
    train(store, record, 0, heals=False)
    verdict, _ = recover(store, record)
    assert verdict.readable >= verdict.returned // 3, "all from before the disk was full"
    assert verdict.duplicated == verdict.corrupt == verdict.phantom == 0, verdict


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_real_full_disk(tmp_path: Path, small_disk: Path) -> None:
    """Offline on 2 MB: log() never raises; what fits is whole, and sync to another place brings it in."""
    small, home, record = StoreDir(small_disk / "store"), StoreDir(tmp_path / "home"), tmp_path / "record"
    trainer = start_trainer(small, record, "r", 1.0, DIORAMA_MODE="offline", DIORAMA_STRICT="0")
    assert trainer.wait(HANGS_AFTER_SECS) == 0
    report = drain(home, journal_root=small.journal)
    verdict = check("tmpfs", home, [record], "r")
    assert report.failed == []
    assert verdict.returned > verdict.readable > 1000, "more was logged than fits"
    assert verdict.duplicated == verdict.corrupt == verdict.phantom == verdict.disordered == 0, verdict
