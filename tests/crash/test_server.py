"""Shipping to a real server process, through a network that loses, cuts, doubles and damages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flaky_proxy import FlakyProxy
from kills import check, start_trainer
from processes import HANGS_AFTER_SECS, is_running, sidecar_pids, wait_for
from server_process import ServerProcess

from diorama.model import StoreDir
from diorama.sidecar import drain
from diorama.sidecar.leftovers import outboxes
from diorama.sidecar.remote import HttpTransport


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "server")
    yield server
    server.stop()


def train(tmp_path: Path, url: str, key: str, secs: float, **more: str) -> subprocess.Popen[bytes]:
    environment = {"DIORAMA_URL": url, "DIORAMA_API_KEY": key, "NO_PROXY": "*", **more}
    return start_trainer(StoreDir(tmp_path / "client"), tmp_path / "record", "r", secs, **environment)


def assert_all_there(tmp_path: Path, server: ServerProcess) -> None:
    """What the trainer has logged is in the server's store, at the latest when its sidecar has gone: on a
    machine that stands still for half a minute, `finish()` leaves the rest to it."""
    assert wait_for(lambda: not sidecar_pids(StoreDir(tmp_path / "client"))), "the sidecar hangs"
    verdict = check("http", server.store, [tmp_path / "record"], "r")
    assert verdict.faults == 0, verdict
    assert verdict.readable == verdict.returned > 0


def test_a_run_that_goes_to_a_server(tmp_path: Path, server: ServerProcess) -> None:
    trainer = train(tmp_path, server.url, server.key, 0.2)
    assert trainer.wait(HANGS_AFTER_SECS) == 0
    assert_all_there(tmp_path, server)
    client = StoreDir(tmp_path / "client")
    assert not client.database.exists(), "nothing of it is stored here"
    assert [url for url, _ in outboxes(client)] == [server.url]


@pytest.mark.parametrize("seed", [1, 2])
def test_exactly_once_over_a_bad_network(tmp_path: Path, server: ServerProcess, seed: int) -> None:
    proxy = FlakyProxy(server.url, seed=seed, fault_rate=0.4)
    try:
        trainer = train(tmp_path, proxy.url, server.key, 0.15, DIORAMA_FINISH_WAIT_SECS="0")
        assert trainer.wait(HANGS_AFTER_SECS) == 0
        assert wait_for(lambda: not sidecar_pids(StoreDir(tmp_path / "client"))), "the sidecar hangs"
    finally:
        proxy.close()
    assert_all_there(tmp_path, server)
    assert sum(count for fault, count in proxy.happened.items() if fault) >= 3, proxy.happened


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path, server: ServerProcess) -> None:
    trainer = train(tmp_path, server.url, server.key, 2.0, DIORAMA_FINISH_WAIT_SECS="60")
    assert wait_for((tmp_path / "record").exists)
    time.sleep(0.8)
    server.kill()
    time.sleep(0.5)
    server.start()
    assert trainer.wait(HANGS_AFTER_SECS) == 0
    assert_all_there(tmp_path, server)


def test_no_server_then_sync(tmp_path: Path) -> None:
    """The training neither waits nor fails; the journal keeps all, and `diorama sync` knows where to."""
    server = ServerProcess(tmp_path / "server")
    server.kill()
    trainer = train(tmp_path, server.url, server.key, 0.1, DIORAMA_FINISH_WAIT_SECS="0.1")
    assert trainer.wait(HANGS_AFTER_SECS) == 0
    client = StoreDir(tmp_path / "client")
    for pid in sidecar_pids(client):  # it would wait for ten minutes
        os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda pid=pid: not is_running(pid))
    server.start()
    environment = {**os.environ, "DIORAMA_API_KEY": server.key, "NO_PROXY": "*"}
    command = [sys.executable, "-m", "diorama", "sync", "--store", str(client.root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANGS_AFTER_SECS)
    server.stop()
    assert done.returncode == 0, done.stderr
    assert_all_there(tmp_path, server)


def test_a_wrong_key_parks_everything_and_says_so(tmp_path: Path, server: ServerProcess) -> None:
    trainer = train(tmp_path, server.url, server.key, 0.05, DIORAMA_MODE="offline")
    assert trainer.wait(HANGS_AFTER_SECS) == 0
    client = StoreDir(tmp_path / "client")
    ((url, root),) = outboxes(client)
    wrong = HttpTransport(url, "not-the-key")
    report = drain(client, journal_root=root, transport=wrong, patience_secs=0.2)
    wrong.close()
    assert len(report.failed) == 1
    assert "401" in report.failed[0]
    (note,) = root.glob("*/parked")
    assert "401" in note.read_text()
    right = HttpTransport(url, server.key)
    assert drain(client, journal_root=root, transport=right).failed == []
    right.close()
    assert_all_there(tmp_path, server)
