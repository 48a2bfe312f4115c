"""What a picture costs the training thread while the sidecar is busy: `python -m bench.busy_sidecar`.

A picture of 512 x 512 is logged when the sidecar has nothing to do, and then many are, so that it never
catches up: first into new files of the spool, then into files that are used again. The processor, the memory
and above all the disk are shared with it. Read the ratios.

noise: pictures that can't be compressed, so that the sidecar writes as much as the training. smooth: others.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import diorama
from diorama.journal.folder import read_ack

PAUSE_SECS = 0.004
IDLE_CALLS, NEW_CALLS, USED_CALLS = 20, 300, 100


def main() -> int:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (512, 512, 3), np.uint8)
    smooth = (rng.normal(128, 20, (512, 512, 3)).cumsum(axis=1) % 255).astype(np.uint8)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["DIORAMA_DIR"] = folder
        for name, picture in (("noise", noise), ("smooth", smooth)):
            measure(name, picture, Path(folder))
    return 0


def measure(name: str, picture: NDArray[np.uint8], folder: Path) -> None:
    known = set(folder.glob("journal/*.*"))
    run = diorama.init(project="bench", name=name)
    [journal] = (path for path in set(folder.glob("journal/*.*")) - known if path.is_dir())
    logged = 0

    def log() -> float:
        nonlocal logged
        own = picture.copy()
        own[0, 0, 0] = logged % 250
        began = time.perf_counter()
        run.log({"picture": diorama.Image(own)})
        logged += 1
        return time.perf_counter() - began

    def wait_until_idle() -> None:
        while read_ack(journal) < logged:
            time.sleep(0.01)
        time.sleep(0.2)

    def paced(count: int) -> list[float]:
        taken = []
        for _ in range(count):
            time.sleep(PAUSE_SECS)
            taken.append(log())
        return taken

    log()
    wait_until_idle()
    idle = []
    for _ in range(IDLE_CALLS):
        idle += paced(1)
        wait_until_idle()
    new = paced(NEW_CALLS)
    waiting = logged - read_ack(journal)
    wait_until_idle()
    used = paced(USED_CALLS)
    wait_until_idle()
    run.finish(quiet=True)
    usual = statistics.median(idle)
    for what, taken in (("idle", idle), ("busy, new files", new), ("busy, used files", used)):
        p50, p90 = statistics.median(taken), sorted(taken)[int(len(taken) * 0.9)]
        print(
            f"  {name:<7} {what:<18} p50 {p50 * 1e6:7.0f} us  p90 {p90 * 1e6:7.0f} us  {p50 / usual:5.2f} x"
        )
    print(f"  {name:<7} {waiting} of {NEW_CALLS} pictures still waited at the end of the burst", flush=True)


if __name__ == "__main__":
    sys.exit(main())
