"""What `log()` costs the training thread: `python -m bench.hot_path [--quick]`.

Every figure stands beside the least that could be done with the same data in the same run: for ten floats a
bare msgpack encode and `os.write`, for a picture a plain copy of its array. Read the ratios. Where wandb
(offline) and tensorboardX are installed, they log the same.

burst: calls back to back. paced: a pause between calls, as in training, with the sidecar running.
transient: the copy is thrown away at once, so its memory is warm. kept: every copy is kept, as a logger must.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import diorama

MICRO = 1e6


def measure(call: Callable[[], Any], count: int, pause_secs: float = 0.0) -> list[float]:
    """Seconds of each of `count` calls, sorted."""
    clock = time.perf_counter
    taken: list[float] = []
    for _ in range(count):
        if pause_secs:
            time.sleep(pause_secs)
        began = clock()
        call()
        taken.append(clock() - began)
    return sorted(taken)


def show(name: str, taken: list[float], limit: list[float] | None = None) -> None:
    """One line: median and 99th percentile in µs, and how often the limit's median fits in."""
    p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    ratio = f"{p50 / statistics.median(limit):6.2f} x" if limit else "        "
    print(f"  {name:<44} p50 {p50 * MICRO:9.2f} µs   p99 {p99 * MICRO:9.2f} µs   {ratio}", flush=True)


def ten_floats(count: int, folder: Path) -> None:
    print("\nten floats")
    data = {f"metric/{number}": 0.123 * number for number in range(10)}
    encode = msgspec.msgpack.Encoder().encode
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    write = os.write

    def bare() -> None:
        write(fd, encode(data))

    run = diorama.init(project="bench", mode="offline")
    measure(bare, count // 10)
    measure(lambda: run.log(data), count // 10)
    limit = measure(bare, count)
    show("encode + os.write, nothing else (the limit)", limit)
    show("diorama, burst", measure(lambda: run.log(data), count), limit)
    numpy_data = {name: np.float32(value) for name, value in data.items()}
    show("diorama, ten numpy.float32, burst", measure(lambda: run.log(numpy_data), count), limit)
    paced_limit = measure(bare, 300, 0.002)
    show("encode + os.write, paced", paced_limit)
    show("diorama, paced", measure(lambda: run.log(data), 300, 0.002), paced_limit)
    run.finish()
    os.close(fd)
    for name, log, end in peers(folder):
        show(f"{name}, burst", measure(lambda log=log: log(data), min(count, 3000)), limit)
        end()


def picture(count: int) -> None:
    print("\na picture: 512 x 512 RGB, 786 kB")
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 255, (512, 512, 3), np.uint8) for _ in range(16)]
    turn = iter(range(10**9))
    kept: list[Any] = []

    def one() -> Any:
        return pictures[next(turn) % len(pictures)]

    def log(run: Any) -> Callable[[], None]:
        return lambda: run.log({"picture": diorama.Image(one())})

    limit = measure(lambda: one().copy(), count)
    show("copy, transient, burst (the limit)", limit)
    kept_limit = measure(lambda: kept.append(one().copy()), count)
    kept.clear()
    show("copy, kept, burst", kept_limit)
    run = diorama.init(project="bench", mode="offline")
    taken = measure(log(run), count)
    show("diorama, burst, against the transient copy", taken, limit)
    show("diorama, burst, against the kept copy", taken, kept_limit)
    run.finish()

    pause_secs = 0.05
    few = min(count, 100)
    paced_limit = measure(lambda: one().copy(), few, pause_secs)
    show("copy, transient, paced", paced_limit)
    run = diorama.init(project="bench", reinit="create_new")
    measure(log(run), 20, pause_secs)
    taken = measure(log(run), few, pause_secs)
    show("diorama with its sidecar, paced", taken, paced_limit)
    run.finish()


def starting() -> None:
    print("\nstarting")
    show_times("import diorama", "", "diorama")
    script = "import diorama\nrun = diorama.init(project='bench')\nrun.log({'loss': 0.5})\nrun.finish()"
    show_times("import + init + first log + finish", script)


def show_times(name: str, script: str, module: str = "") -> None:
    timed = f"import time; began = time.perf_counter()\n{script or f'import {module}'}\n"
    timed += "import sys; print(time.perf_counter() - began, 'numpy' in sys.modules)"
    found = []
    for _ in range(7):
        done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    secs = sorted(float(each[0]) for each in found)
    numpy = "with numpy" if found[0][1] == "True" else "without numpy"
    print(f"  {name:<44} median {statistics.median(secs) * 1000:6.1f} ms, {numpy}", flush=True)


def endurance(count: int) -> None:
    print(f"\n{count:,} calls")
    run = diorama.init(project="bench", mode="offline")
    data = {f"metric/{number}": 0.5 for number in range(10)}
    parts: list[float] = []
    measure(lambda: run.log(data), 2000)
    before = resident_kib()
    for _ in range(10):
        parts.append(statistics.median(measure(lambda: run.log(data), count // 10)))
    print(f"  p50 of the first tenth {parts[0] * MICRO:.2f} µs, of the last {parts[-1] * MICRO:.2f} µs")
    print(f"  memory grew by {resident_kib() - before} KiB")
    run.finish()


def resident_kib() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss // 1024)


def peers(folder: Path) -> Any:
    """(name, log, end) of the peers that are installed."""
    if importlib.util.find_spec("wandb") is not None:
        import wandb

        os.environ["WANDB_SILENT"] = "true"
        run = wandb.init(mode="offline", project="bench", dir=str(folder))
        yield "wandb, offline", run.log, run.finish
    if importlib.util.find_spec("tensorboardX") is not None:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(folder / "tensorboard"))
        steps = iter(range(10**9))

        def log(data: dict[str, float]) -> None:
            step = next(steps)
            for name, value in data.items():
                writer.add_scalar(name, value, step)

        yield "tensorboardX", log, writer.close


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hot_path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer calls")
    is_quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="diorama-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.update(DIORAMA_DIR=f"{folder}/store", DIORAMA_SILENT="1", DIORAMA_CONSOLE="off")
        with contextlib.suppress(KeyboardInterrupt):
            starting()
            ten_floats(2000 if is_quick else 20_000, Path(folder))
            picture(50 if is_quick else 200)
            endurance(20_000 if is_quick else 100_000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
