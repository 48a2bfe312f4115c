"""Every kind of media beside W&B's SDK offline, in the same run: `python -m bench.media [LOAD ...]`.

call     median of one constructor + log() call on the training thread, in ms: back to back (burst), and
         paced by 20 ms, as in training, where caches are cold
copy     median of a plain copy of the same raw bytes, kept, as a logger must; paced and in a burst
finish   init() done until finish() has returned, calls back to back
stored   until all of it lies in the store (W&B offline: the same as finish)
MB       on disk at the end

Each figure comes from a process of its own. The first two calls warm up and don't count.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.checkouts import owned
from bench.media_loads import LOADS

PAUSE_SECS = 0.02
WARM_UP_CALLS = 2


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("loads", nargs="*", metavar="LOAD", help="only these: " + ", ".join(LOADS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", nargs=3, metavar=("LIBRARY", "LOAD", "PACE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return _work(*args.worker)
    libraries = [name for name in ("diorama", "wandb") if importlib.util.find_spec(name)]
    print(f"{'load':16} {'':7} {'copy':>9} {'diorama':>9} {'x copy':>7} {'wandb':>9} {'faster':>7}")
    for load in args.loads or LOADS:
        measured = {library: [_measure(library, load) for _ in range(args.repeats)] for library in libraries}
        _show(load, {library: _medians(rows) for library, rows in measured.items()})
    return 0


def _show(load: str, rows: dict[str, dict[str, float]]) -> None:
    ours, theirs = rows["diorama"], rows.get("wandb", {})

    def line(name: str, unit: float, measure: str, copy: str = "", peer: str = "") -> None:
        mine, its, least = ours[measure], theirs.get(peer or measure), ours.get(copy)
        print(
            f"{load:16} {name:7} {_number(least, unit):>9} {_number(mine, unit):>9} {_ratio(mine, least):>7}"
            f" {_number(its, unit):>9} {_ratio(its, mine):>7}",
            flush=True,
        )

    line("burst", 1e3, "burst_call", "burst_copy")
    line("paced", 1e3, "paced_call", "paced_copy")
    line("finish", 1, "finish")
    line("stored", 1, "stored", peer="finish")
    line("MB", 1, "megabytes")


def _number(value: float | None, unit: float) -> str:
    return f"{value * unit:.3f}" if value else "-"


def _ratio(above: float | None, below: float | None) -> str:
    return f"{above / below:.1f}" if above and below else "-"


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def _measure(library: str, load: str) -> dict[str, float]:
    """One paced and one unpaced process."""
    return _run(library, load, "burst") | _run(library, load, "paced")


def _run(library: str, load: str, pace: str) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="diorama-bench-"))
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("DIORAMA_", "WANDB_"))}
    environ |= {
        "DIORAMA_DIR": str(folder / "store"),
        "DIORAMA_SILENT": "1",
        "WANDB_DIR": str(folder),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "MPLBACKEND": "agg",
    }
    try:
        command = [sys.executable, "-m", "bench.media", "--worker", library, load, pace]
        done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=900)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not lines:
            raise SystemExit(f"{library} {load} failed: {done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(lines[-1].removeprefix("RESULT "))
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work(library: str, load: str, pace: str) -> int:
    tracker = importlib.import_module(library)
    prepare, count = LOADS[load]
    folder = Path.cwd()
    call, raw = prepare(tracker, folder)
    options: dict[str, Any] = {"project": "bench", "mode": "offline"}
    if library == "wandb":
        options["settings"] = tracker.Settings(
            console="off", x_disable_stats=True, disable_git=True, silent=True
        )
    else:
        options["mode"] = None
    run = tracker.init(**options)
    clock = time.perf_counter
    for step in range(WARM_UP_CALLS):
        run.log(call(step))
        time.sleep(0.1)
    taken: list[float] = []
    began = clock()
    for step in range(count):
        if pace == "paced":
            time.sleep(PAUSE_SECS)
        at = clock()
        run.log(call(step))
        taken.append(clock() - at)
    run_id = run.id
    run.finish()
    finished = clock() - began
    result = {f"{pace}_call": statistics.median(taken)}
    if raw:
        result[f"{pace}_copy"] = statistics.median(_copies(raw, count, PAUSE_SECS if pace == "paced" else 0))
    if pace == "burst":
        stored = _wait_until_stored(folder / "store", run_id) - began if library == "diorama" else finished
        size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        result |= {"finish": finished, "stored": max(stored, finished), "megabytes": size_bytes / 1e6}
    print("RESULT", json.dumps(result))
    return 0


def _copies(raw: Sequence[Any], count: int, pause_secs: float) -> list[float]:
    """Seconds that copies of the raw bytes took; each copy is kept."""
    import numpy as np

    kept: list[Any] = []
    taken = []
    for _ in range(max(10, min(count, 40))):
        time.sleep(pause_secs)
        began = time.perf_counter()
        kept.append([item.copy() if isinstance(item, np.ndarray) else bytearray(item) for item in raw])
        taken.append(time.perf_counter() - began)
    return taken


def _wait_until_stored(store: Path, run_id: str) -> float:
    """perf_counter() when the run was finished in the store, its journal gone."""
    from diorama.errors import NotFound
    from diorama.model import StoreDir
    from diorama.service import Service

    with Service.open(StoreDir(store)) as opened:
        service = owned(opened)
        while True:
            try:
                if service.find_run("local", "bench", run_id).state == "finished":
                    break
            except NotFound:
                pass
            time.sleep(0.005)
        stored_at = time.perf_counter()
    deadline = time.time() + 30
    while any(path.is_dir() for path in (store / "journal").iterdir()) and time.time() < deadline:
        time.sleep(0.02)
    return stored_at


if __name__ == "__main__":
    sys.exit(main())
