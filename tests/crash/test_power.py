"""A power cut costs nothing that was promised. `python -m tests.crash.power` cuts a thousand times."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from power import cut_once, cuts_of, record_run
from power_trace import Trace, strace_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]
CUTS = 24


def test_promises_hold_over_power_cuts(tmp_path: Path) -> None:
    trace = record_run(tmp_path, seed=7)
    promised = 0
    for cut in cuts_of(trace, CUTS, random.Random(7)):
        verdict = cut_once(trace, 7, cut)
        assert verdict.faults == 0, verdict
        promised += verdict.promised
    assert promised > 0
    assert trace.notes[-1][1].startswith("finished")
    last = cut_once(trace, 7, trace.length)
    assert (last.faults, last.promised) == (0, last.readable)


def test_what_was_not_synced_can_be_gone(tmp_path: Path) -> None:
    """The harness itself: synced bytes and names stay; others are there in some of the disks only."""
    import subprocess
    import sys

    root = tmp_path / "root"
    root.mkdir()
    script = (
        "import os\n"
        f"os.chdir({str(root)!r})\n"
        "kept = os.open('kept', os.O_CREAT | os.O_WRONLY)\n"
        "os.write(kept, b'a' * 2048); os.fsync(kept); os.write(kept, b'b' * 2048)\n"
        "folder = os.open('.', os.O_RDONLY); os.fsync(folder)\n"
        "os.write(os.open('loose', os.O_CREAT | os.O_WRONLY), b'c')\n"
    )
    subprocess.run([*strace_command(tmp_path / "trace"), sys.executable, "-c", script], check=True)
    trace = Trace(tmp_path / "trace", root, tmp_path / "notes")
    seen = set()
    for seed in range(40):
        disk = tmp_path / f"disk{seed}"
        disk.mkdir()
        trace.disk_after_cut(trace.length, random.Random(seed), disk)
        content = (disk / "kept").read_bytes()
        assert content[:2048] == b"a" * 2048
        seen.add(((disk / "loose").exists(), content[2048:].count(b"b")))
    assert {loose for loose, _ in seen} == {True, False}
    assert {0, 2048} < {count for _, count in seen}, "some are torn"
