"""How fast a store takes in and gives back: `python bench/read.py [--points 1000000] [--runs 10]`.

Prints one line per measurement. Ingest is measured as the sidecar does it (batches of log calls), charts
as the page asks for them (all runs at once, 1,000 buckets), cold (nothing decoded yet) and warm.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.checkouts import owned
from bench.made_runs import BEGAN, start
from diorama.journal.entry import Batch, Config, Log, Numbered
from diorama.media import ImageRecord
from diorama.model import StoreDir
from diorama.service import Service
from diorama.service.views import MediaRequest, MediaWanted, SeriesRequest, TrackRequest

if TYPE_CHECKING:
    from diorama.service import Access  # version 0.1 has none


def main() -> None:
    """Run all measurements on a store in a temporary folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=1_000_000, help="points of the long metric in each run")
    parser.add_argument("--runs", type=int, default=10, help="runs in the chart")
    parser.add_argument("--many-runs", type=int, default=10_000, help="runs in the runs list")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
        store_dir = StoreDir(Path(folder))
        with Service.open(store_dir) as opened:
            service = owned(opened)
            measure_ingest(service)
            measure_blobs(service)
            uids = fill_long_runs(service, options.runs, options.points)
        measure_charts(store_dir, uids, options.points)
        with Service.open(store_dir) as opened:
            service = owned(opened)
            measure_list(service, options.many_runs)


def measure_ingest(service: Access) -> None:
    """Ten metrics in 20,000 log calls: in batches of 2,000 calls, and of 20."""
    for size in (2000, 20):
        calls = 20_000 if size > 100 else 4_000
        run = ("local", "ingest", f"size{size}")
        logs = [
            Log(step, step, BEGAN + step * 0.01, {f"m{key}": step * 0.5 + key for key in range(10)})
            for step in range(calls)
        ]
        cpu, wall = time.process_time(), time.perf_counter()
        service.ingest(Batch(run, "w.0", [Numbered(1, start(run))]))
        for first in range(0, calls, size):
            entries = [
                Numbered(first + index + 2, log) for index, log in enumerate(logs[first : first + size])
            ]
            service.ingest(Batch(run, "w.0", entries))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        rate = calls * 10 / wall
        say(
            f"ingest {calls} calls x 10 metrics, {size} a batch",
            f"{cpu:.2f} s CPU, {wall:.2f} s",
            f"{rate:,.0f} points/s",
        )


def measure_blobs(service: Access) -> None:
    """400 different blobs of 340 kB (an RGB 512x512 PNG), each durable when put."""
    data = bytearray(np.random.default_rng(0).bytes(340_000))
    wall = time.perf_counter()
    for number in range(400):
        data[:4] = number.to_bytes(4, "little")
        service.put_blob(data, "image/png")
    wall = time.perf_counter() - wall
    say("put 400 blobs of 340 kB", f"{wall:.2f} s", f"{400 / wall:,.0f} blobs/s")


def fill_long_runs(service: Access, runs: int, points: int) -> list[int]:
    """Runs with one long metric, and pictures now and then."""
    blob = service.put_blob(b"picture", "image/png")
    picture = ImageRecord(blob=blob, width=1, height=1)
    wall = time.perf_counter()
    uids = []
    for number in range(runs):
        run = ("local", "long", f"run{number}")
        service.ingest(Batch(run, "w.0", [Numbered(1, start(run))]))
        noise = np.random.default_rng(number).normal(size=points).cumsum()
        for first in range(0, points, 20_000):
            values = noise[first : first + 20_000].tolist()
            entries = []
            for index, value in enumerate(values):
                step = first + index
                data = {"loss": value, "picture": picture} if step % 1000 == 0 else {"loss": value}
                entries.append(Numbered(step + 2, Log(step, step, BEGAN + step * 0.1, data)))
            service.ingest(Batch(run, "w.0", entries))
        uids.append(service.find_run(*run).uid)
    wall = time.perf_counter() - wall
    say(f"ingest {runs} runs x {points:,} points", f"{wall:.1f} s", f"{runs * points / wall:,.0f} points/s")
    return uids


def measure_charts(store_dir: StoreDir, uids: list[int], points: int) -> None:
    """One chart over all runs: whole, zoomed, over time."""
    middle = points / 2
    for name, request in [
        ("whole", SeriesRequest(runs=uids, keys=["loss"])),
        ("a tenth", SeriesRequest(runs=uids, keys=["loss"], x_min=middle, x_max=middle + points / 10)),
        ("a thousandth", SeriesRequest(runs=uids, keys=["loss"], x_min=middle, x_max=middle + points / 1000)),
        ("whole, over time", SeriesRequest(runs=uids, keys=["loss"], x="relative")),
    ]:
        with Service.open(store_dir) as opened:
            service = owned(opened)
            cold = cpu_of(lambda: service.series(request))  # noqa: B023 called at once
            warm = statistics.median(timed(lambda: service.series(request)) for _ in range(9))  # noqa: B023 as above
            warm_cpu = statistics.median(cpu_of(lambda: service.series(request)) for _ in range(9))  # noqa: B023 as above
            size = len(service.series(request))
        say(
            f"chart of {len(uids)} runs x {points:,} points: {name}",
            f"cold {cold * 1000:.0f} ms CPU, warm {warm_cpu * 1000:.0f} ms CPU, {warm * 1000:.0f} ms",
            f"{size / 1000:,.0f} kB",
        )
    with Service.open(store_dir) as opened:
        service = owned(opened)
        tracks = timed(lambda: service.tracks(TrackRequest(runs=uids, keys=["picture"])))
        wanted = [
            MediaWanted(uid, "picture", step * 1000)
            for uid in uids
            for step in range(min(100, points // 1000))
        ]
        media = timed(lambda: service.media(MediaRequest(wanted)))
        rows = timed(lambda: sum(1 for _ in service.scan_history(uids[0])))
    say("tracks of these runs", f"{tracks * 1000:.0f} ms")
    say(f"{len(wanted)} media cells", f"{media * 1000:.0f} ms")
    say(f"scan_history of {points:,} rows", f"{rows:.2f} s", f"{points / rows:,.0f} rows/s")


def measure_list(service: Access, count: int) -> None:
    """The runs list of a large project."""
    generator = np.random.default_rng(1)
    wall = time.perf_counter()
    for number in range(count):
        run = ("local", "many", f"run{number}")
        config = {
            "lr": float(generator.random()),
            "seed": number,
            "net": {"name": f"net{number % 7}", "depth": 18},
        }
        data = {"loss": float(generator.random()), "acc": float(generator.random())}
        entries = [
            Numbered(1, start(run)),
            Numbered(2, Config(config)),
            Numbered(3, Log(0, 0, BEGAN, data)),
        ]
        service.ingest(Batch(run, "w.0", entries))
    wall = time.perf_counter() - wall
    say(f"make {count:,} runs", f"{wall:.1f} s", f"{count / wall:,.0f} runs/s")
    for name, options in [
        ("newest 100", {"limit": 100}),
        ("sorted by loss, 100", {"limit": 100, "sort": "-summary.loss"}),
        ("lr>0.5 net.name=net3, 100", {"limit": 100, "query": "lr>0.5 net.name=net3"}),
        ("newest 1,000", {"limit": 1000}),
    ]:
        took = statistics.median(timed(lambda: service.runs("local", "many", **options)) for _ in range(5))  # noqa: B023 called at once
        say(f"list of {count:,} runs: {name}", f"{took * 1000:.0f} ms")
    uids = [run.uid for run in service.runs("local", "many", limit=1000).runs]
    say(
        "one chart of 1,000 short runs",
        f"{timed(lambda: service.series(SeriesRequest(runs=uids, keys=['loss']))) * 1000:.0f} ms",
    )
    say("keys of 1,000 runs", f"{timed(lambda: service.keys(uids)) * 1000:.0f} ms")


def timed(do: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def cpu_of(do: Callable[[], object]) -> float:
    """Seconds of CPU that a call takes: what it would take on a machine with nothing else to do."""
    began = time.process_time()
    do()
    return time.process_time() - began


def say(what: str, *numbers: str) -> None:
    """One line of the report."""
    print(f"{what:58} {'   '.join(numbers)}", flush=True)


if __name__ == "__main__":
    main()
