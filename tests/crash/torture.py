"""Kills many times and prints a table:  python -m tests.crash.torture --kills 300 --seed 1"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kills import MODES, Verdict, in_fresh_directory

SUMS = (
    "returned",
    "readable",
    "images",
    "lost",
    "duplicated",
    "corrupt",
    "phantom",
    "disordered",
    "in_flight",
    "left_over",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="per mode (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, printed")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--jobs", type=int, default=2, help="kills at the same time (default: %(default)s)")
    args = parser.parse_args()
    seed = random.randrange(10**9) if args.seed is None else args.seed
    print(f"seed {seed}, {args.kills} kills per mode", flush=True)
    faults = 0
    print(
        f"{'mode':8} {'kills':>6} " + " ".join(f"{name:>10}" for name in SUMS) + f" {'slowest s':>10} states"
    )
    for mode in args.modes:
        began = time.monotonic()
        with ThreadPoolExecutor(args.jobs) as pool:
            verdicts = list(pool.map(lambda number, mode=mode: _one(mode, seed + number), range(args.kills)))
        faults += sum(verdict.faults for verdict in verdicts)
        _print(mode, verdicts)
        print(f"         {time.monotonic() - began:.0f} s", flush=True)
    return 1 if faults else 0


def _one(mode: str, seed: int) -> Verdict:
    verdict = in_fresh_directory(mode, seed)
    if verdict.faults:
        shown = ", ".join(f"{field.name}={getattr(verdict, field.name)}" for field in fields(verdict))
        print(f"FAULT in mode {mode} with seed {seed}: {shown}", flush=True)
    return verdict


def _print(mode: str, verdicts: list[Verdict]) -> None:
    sums = " ".join(f"{sum(getattr(verdict, name) for verdict in verdicts):10}" for name in SUMS)
    states: dict[str, int] = {}
    for verdict in verdicts:
        states[verdict.state or "not begun"] = states.get(verdict.state or "not begun", 0) + 1
    slowest = max(verdict.recovery_secs for verdict in verdicts)
    print(f"{mode:8} {len(verdicts):6} {sums} {slowest:10.1f} {states}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
