from __future__ import annotations

from pathlib import Path

import pytest
from memory_store import DEAD_PID, Journal
from owner import Service
from test_serve import TOKEN, wait_for

from diorama.journal.folder import read_ack
from diorama.journal.lease import Lease
from diorama.model import StoreDir
from diorama.sidecar import run_in_thread


@pytest.mark.slow
def test_it_serves_sweeps_and_stops(tmp_path: Path) -> None:
    store = StoreDir(tmp_path)
    left_over = Journal(store.journal, f"20260101T000000-{DEAD_PID}-aaaaaa", 1, pid=DEAD_PID, run="old")
    left_over.close()
    journal = Journal(store.journal, TOKEN, 1)
    sidecar = run_in_thread(store.journal, TOKEN, store, is_sweeping=True)
    seq = journal.log(x=1)
    assert wait_for(lambda: read_ack(journal.directory) >= seq, 20)
    assert wait_for(lambda: not left_over.directory.exists(), 20)
    assert sidecar.is_alive()
    last = journal.log(x=2)
    assert sidecar.stop(20)
    assert not sidecar.is_alive()
    assert read_ack(journal.directory) == last
    journal.close()
    with Service.open(store) as service:
        assert service.find_run("e", "p", "old").state == "crashed"
        assert service.find_run("e", "p", "r").state == "running"


def test_it_waits_a_moment_for_the_lease(tmp_path: Path) -> None:
    store = StoreDir(tmp_path)
    journal = Journal(store.journal, TOKEN, 1)
    lease = Lease.acquire(store.journal, TOKEN)
    assert lease is not None
    sidecar = run_in_thread(store.journal, TOKEN, store)
    assert not wait_for(lambda: read_ack(journal.directory), 0.3)
    lease.release()
    assert wait_for(lambda: read_ack(journal.directory), 20)
    assert sidecar.stop(20)
    journal.close()
