"""Cuts the power at many points of recorded runs, and checks every promise on the disk that is left.

    python -m tests.crash.power --cuts 1000 --runs 5 --seed 1

A run is recorded once with strace: trainer, sidecar and store. Then each cut makes a disk that could have
been left (power_trace.py: unsynced writes missing, torn or out of order, names too), what recovers a store
recovers this one, and everything that flush() or finish() had promised must be readable and right. What was
not promised may be missing, but nothing that is shown may be wrong. Needs strace
(Debian: apt-get install strace).
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from crash_trainer import image_of, scalars_of
from PIL import Image
from power_trace import Trace, strace_command
from processes import sidecar_pids, wait_for

from diorama.errors import DioramaError
from diorama.media import UnknownRecord
from diorama.media.image.record import ImageRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service
from diorama.sidecar import drain
from diorama.store.values import blobs_in

TRAINER = Path(__file__).with_name("power_trainer.py")
RUN_ID = "cut"


@dataclass
class Verdict:
    """One cut. lost: promised entries that are not there, or not right; wrong: shown and not right."""

    cut: int
    promised: int = 0
    readable: int = 0
    lost: int = 0
    wrong: int = 0
    error: str = ""

    @property
    def faults(self) -> int:
        return self.lost + self.wrong + bool(self.error)


def record_run(folder: Path, seed: int) -> Trace:
    """Run the trainer under strace in `folder` (empty), and read the record when its sidecar has ended."""
    store, notes = StoreDir(folder / "store"), folder / "notes"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))}
    subprocess.run(
        [*strace_command(folder / "trace"), sys.executable, str(TRAINER), str(notes), RUN_ID, str(seed)],
        env={
            **clean,
            "DIORAMA_DIR": str(store.root),
            "DIORAMA_SILENT": "1",
            "DIORAMA_STRICT": "1",
            "DIORAMA_STATS_INTERVAL_SECS": "0",
        },
        cwd=folder,
        check=True,
        timeout=600,
    )
    assert wait_for(lambda: not sidecar_pids(store), 120)
    return Trace(folder / "trace", store.root, notes)


def cut_once(trace: Trace, seed: int, cut: int) -> Verdict:
    """The disk that a cut before line `cut` leaves, recovered and compared with the promises made by then."""
    verdict = Verdict(cut)
    for line, note in trace.notes:
        subject, number = note.split()
        if line < cut and subject != "unsure":
            verdict.promised = int(number)
    with tempfile.TemporaryDirectory(prefix="diorama-power-", ignore_cleanup_errors=True) as directory:
        store = StoreDir(Path(directory) / "store")
        trace.disk_after_cut(cut, random.Random(f"{seed}-{cut}"), store.root)
        try:
            drain(store)
            _compare(verdict, store)
        except (DioramaError, OSError) as error:
            verdict.error = f"{type(error).__name__}: {error}"
    return verdict


def _compare(verdict: Verdict, store: StoreDir) -> None:
    right: set[int] = set()
    opened = Service.open(store)
    service = opened.for_(OWNER)
    try:
        for project in service.projects().projects:
            for run in service.runs(project.entity, project.name).runs:
                for row in service.scan_history(run.uid):
                    verdict.readable += 1
                    if problem := _problem_of(service, row, is_promised=row.get("i", -1) < verdict.promised):
                        verdict.wrong += 1
                        verdict.error = verdict.error or problem
                    else:
                        right.add(row["i"])
    finally:
        opened.close()
    verdict.lost = len(set(range(verdict.promised)) - right)


def _problem_of(service: Access, row: dict[str, Any], *, is_promised: bool) -> str:
    """What is wrong with a row that is shown; "" if nothing is."""
    number = row.get("i")
    if not isinstance(number, int) or row["_step"] != number:
        return f"row {row} has no right number"
    for name, value in scalars_of(number).items():
        if row.get(name) != value:
            return f"{name} of row {number} is {row.get(name)!r}"
    for key, value in row.items():
        if isinstance(value, UnknownRecord):  # "failed": honest, unless it was promised
            if is_promised:
                return f"{key} of row {number} was promised and is a failed record"
            continue
        for blob in blobs_in(value):
            service.get_blob(blob)  # raises unless it is there and its bytes give its name
    picture = row.get("image")
    if isinstance(picture, ImageRecord):
        shown = np.asarray(Image.open(io.BytesIO(service.get_blob(picture.blob))))
        if not np.array_equal(shown, image_of(number)):
            return f"the picture of row {number} is another"
    return ""


def cuts_of(trace: Trace, count: int, rng: random.Random) -> list[int]:
    """Lines to cut at: all after the run's first file, every part of it alike, and many around syncs."""
    first = min((naming.ended for naming in trace.names), default=0)
    ends = [ended for _, file in trace.files() for _, ended in file.syncs]
    near = [min(trace.length, max(first, rng.choice(ends) + rng.randint(-3, 3))) for _ in range(count // 2)]
    return near + [rng.randint(first, trace.length) for _ in range(count - len(near))]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cuts", type=int, default=1000, help="in all (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="recorded runs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, printed")
    parser.add_argument("--jobs", type=int, default=2, help="cuts at the same time (default: %(default)s)")
    args = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("recording system calls needs strace (Debian: apt-get install strace)")
    seed = random.randrange(10**9) if args.seed is None else args.seed
    print(f"seed {seed}: {args.cuts} cuts in {args.runs} runs", flush=True)
    faults = 0
    for number in range(seed, seed + args.runs):
        with tempfile.TemporaryDirectory(prefix="diorama-power-", ignore_cleanup_errors=True) as directory:
            trace = record_run(Path(directory), number)
        cuts = cuts_of(trace, args.cuts // args.runs, random.Random(number))
        with ProcessPoolExecutor(args.jobs) as pool:
            verdicts = list(pool.map(partial(cut_once, trace, number), cuts, chunksize=4))
        for verdict in verdicts:
            if verdict.faults:
                print(f"FAULT in run {number}: {verdict}", flush=True)
        faults += sum(verdict.faults for verdict in verdicts)
        print(
            f"run {number}: {len(verdicts)} cuts, {sum(v.promised for v in verdicts)} entries promised, "
            f"{sum(v.readable for v in verdicts)} readable, {sum(v.lost for v in verdicts)} lost, "
            f"{sum(v.wrong for v in verdicts)} wrong, {sum(bool(v.error) for v in verdicts)} errors",
            flush=True,
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
