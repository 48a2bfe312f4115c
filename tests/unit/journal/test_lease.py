from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from diorama.journal.lease import Lease, is_held

HOLDER = """
import sys, pathlib
from diorama.journal.lease import Lease
lease = Lease.acquire(pathlib.Path(sys.argv[1]), "t")
print("held" if lease else "refused", flush=True)
sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first = Lease.acquire(tmp_path, "t")
    assert first is not None
    assert is_held(tmp_path, "t")
    assert Lease.acquire(tmp_path, "t") is None
    first.release()
    assert not is_held(tmp_path, "t")
    assert not list(tmp_path.iterdir()), "the lock file goes with the lease"
    second = Lease.acquire(tmp_path, "t")
    assert second is not None
    second.release()


def test_other_tokens_are_free(tmp_path: Path) -> None:
    first = Lease.acquire(tmp_path, "t")
    other = Lease.acquire(tmp_path, "u")
    assert first is not None
    assert other is not None
    first.release()
    other.release()


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(tmp_path, "t")
        holder.kill()
        holder.wait()
    lease = Lease.acquire(tmp_path, "t")
    assert lease is not None
    lease.release()


def test_a_lock_file_left_behind_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "t.lock").write_text("12345\n")
    assert not is_held(tmp_path, "t")
