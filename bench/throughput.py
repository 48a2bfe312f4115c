"""How long until everything is stored, and in how many bytes: Diorama beside W&B's SDK offline.

    python bench/throughput.py [--wandb-python /path/to/python] [--images 200] [--size 512] [--repeats 3]

Two loads, each in a fresh process and a fresh folder:

    images   N RGB pictures with sensor noise (what a camera gives: they do not compress well)
    scalars  20,000 calls of log() with 10 floats each

Times, in seconds: `finish` until finish() has returned; `stored` until every byte is where it can be read
(for Diorama: the database and the blobs; wandb's offline mode stores to its own folder, and its finish()
waits for that). `bytes` is what lies on the disk then. W&B's process runs with console capture, system
metrics and git off, Diorama's with its defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.checkouts import owned

TRAINER = r"""
import json, os, sys, time
began = time.perf_counter()
library, load, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
import numpy as np
if library == "wandb":
    import wandb as tracker
    run = tracker.init(project="bench", mode="offline", settings=tracker.Settings(
        console="off", x_disable_stats=True, disable_git=True, silent=True))
else:
    import diorama as tracker
    run = tracker.init(project="bench")
ready = time.perf_counter()
if load == "images":
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:size, 0:size]
    scene = 128 + 60 * np.sin(x / 37.0)[..., None] * np.cos(y / 53.0)[..., None] + np.array([0, 10, -20])
    noisy = [scene + rng.normal(0, 4, (size, size, 3)) for _ in range(20)]
    pictures = [np.clip(one, 0, 255).astype(np.uint8) for one in noisy]
    ready = time.perf_counter()
    for step in range(count):
        run.log({"picture": tracker.Image(np.roll(pictures[step % 20], step, axis=0))})
else:
    # Noise, as metrics have it: a straight line would compress to nothing and flatter whoever compresses.
    noise = np.random.default_rng(0).normal(0, 0.05, (count, 10))
    rows = (np.exp(-np.arange(count) / 5000)[:, None] + noise).tolist()
    names = [f"metric/{number}" for number in range(10)]
    ready = time.perf_counter()
    for row in rows:
        run.log(dict(zip(names, row)))
logged = time.perf_counter()
run.finish()
finished = time.perf_counter()
print("RESULT", json.dumps({"init": ready - began, "log": logged - ready, "finish": finished - ready,
                            "end": time.time() - (finished - ready), "id": run.id}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wandb-python", help="an interpreter that has wandb (default: this one, if it has)")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    wandb_python = args.wandb_python or (sys.executable if _has_wandb(sys.executable) else None)
    if wandb_python is None:
        print("wandb is not installed here; see --wandb-python", file=sys.stderr)
    loads = {"images": (args.images, args.size), "scalars": (args.rows, 0)}
    print(
        f"{'load':8} {'library':8} {'log s':>8} {'finish s':>9} {'stored s':>9} {'MB':>8}"
        f"   medians of {args.repeats}"
    )
    for load, (count, size) in loads.items():
        rows: dict[str, dict[str, float]] = {}
        for library, python in (("diorama", sys.executable), ("wandb", wandb_python)):
            if python is not None:
                runs = [_measure(library, python, load, count, size) for _ in range(args.repeats)]
                rows[library] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
                row = rows[library]
                print(
                    f"{load:8} {library:8} {row['log']:8.2f} {row['finish']:9.2f} {row['stored']:9.2f} "
                    f"{row['bytes'] / 1e6:8.2f}",
                    flush=True,
                )
        if len(rows) == 2:
            ours, theirs = rows["diorama"], rows["wandb"]
            print(
                f"{load:8} ratio    finish {theirs['finish'] / ours['finish']:.1f}x faster, "
                f"stored {theirs['stored'] / ours['stored']:.1f}x faster, "
                f"{ours['bytes'] / theirs['bytes']:.2f}x the bytes"
            )
    return 0


def _measure(library: str, python: str, load: str, count: int, size: int) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="diorama-bench-"))
    try:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))
        }
        if library == "wandb":
            clean.pop("PYTHONPATH", None)
        done = subprocess.run(
            [python, "-c", TRAINER, library, load, str(count), str(size)],
            env={
                **clean,
                "DIORAMA_DIR": str(folder / "store"),
                "DIORAMA_SILENT": "1",
                "WANDB_DIR": str(folder),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not lines:
            raise SystemExit(f"{library} failed: {done.stderr[-2000:]}")
        result: dict[str, float] = json.loads(lines[-1].removeprefix("RESULT "))
        run_id = str(result.pop("id"))
        began = result.pop("end")
        stored_at = _wait_until_stored(folder / "store", run_id, count) if library == "diorama" else None
        result["stored"] = result["finish"] if stored_at is None else max(stored_at - began, result["finish"])
        result["bytes"] = float(_size_bytes(folder))
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_stored(store: Path, run_id: str, count: int) -> float:
    """When the newest entry was stored; checks that all of them are there."""
    from diorama.errors import NotFound
    from diorama.model import StoreDir
    from diorama.service import Service

    opened = Service.open(StoreDir(store))
    service = owned(opened)
    try:
        while True:
            try:
                run = service.find_run("local", "bench", run_id)
                if run.state == "finished":
                    break
            except NotFound:
                pass
            time.sleep(0.01)
        stored_at = time.time()
        rows = sum(1 for _ in service.scan_history(run.uid))
        assert rows == count, f"{rows} of {count} rows are stored"
    finally:
        opened.close()
    deadline = time.time() + 60
    while any(path.is_dir() for path in (store / "journal").iterdir()) and time.time() < deadline:
        time.sleep(0.05)  # the sidecar removes the journal: bytes that are stored are not counted twice
    return stored_at


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _has_wandb(python: str) -> bool:
    return subprocess.run([python, "-c", "import wandb"], capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
