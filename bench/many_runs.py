"""What it costs to make runs: `python -m bench many_runs [--small] [--runs 10000] [--before CHECKOUT]`.

Every run is new in one project, and is stored as one batch: its start, four settings, one call of log() with
two numbers, its end. Loads:

    ingest, 1 thread      one after another, from one thread of a process
    ingest, 8 threads     from eight threads of a process
    HTTP, 8 connections   to a server of its own, by eight clients
    init() and finish()   a training script that makes runs in a row; until all is in the store (a fortieth as
                          many runs)

Beside each, in the same run: how often a second a bare SQLite database commits (one row, WAL,
synchronous=FULL). That is how many runs there could be if each had a commit of its own and cost nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psutil

from bench.checkouts import add_option, checkouts, start
from bench.made_runs import run_of
from bench.read import say
from diorama.journal.codec import encode_batch

THREADS = 8
COMMIT_SECS = 1.5

INGEST = """
import sys, threading, time
from pathlib import Path
from bench.checkouts import owned
from bench.made_runs import run_of
from diorama.model import StoreDir
from diorama.service import Service

count, thread_count = int(sys.argv[2]), int(sys.argv[3])
with Service.open(StoreDir(Path(sys.argv[1]))) as opened:
    service = owned(opened)
    service.ingest(run_of(count))
    batches = [run_of(number) for number in range(count)]

    def work(first):
        for batch in batches[first::thread_count]:
            service.ingest(batch)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(thread_count)]
    began, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.perf_counter() - began, time.process_time() - cpu)
    assert len(service.runs("local", "many", limit=10_000).runs) == min(count + 1, 10_000)
"""

TRAINING = """
import sys, time
from pathlib import Path
import diorama
from bench.checkouts import owned
from diorama.model import StoreDir
from diorama.service import Service

count, began, cpu = int(sys.argv[2]), time.perf_counter(), time.process_time()
for number in range(count):
    with diorama.init(project="many", config={"lr": number / 7, "seed": number}, reinit=True) as run:
        run.log({"loss": number / 3})
with Service.open(StoreDir(Path(sys.argv[1]))) as opened:
    def finished():
        projects = owned(opened).projects().projects
        return sum(one.run_count - one.running_count for one in projects)
    while finished() < count:
        time.sleep(0.02)
print(time.perf_counter() - began, time.process_time() - cpu)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench many_runs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--small", action="store_true", help="400 runs")
    add_option(parser)
    options = parser.parse_args()
    count = 400 if options.small else options.runs
    loads: dict[str, tuple[int, Callable[[Path, Path, int], tuple[float, float]]]] = {
        "ingest, 1 thread": (count, lambda *where: ingest(*where, threads=1)),
        f"ingest, {THREADS} threads": (count, lambda *where: ingest(*where, threads=THREADS)),
        f"HTTP, {THREADS} connections": (count, over_http),
        "init() and finish()": (max(count // 40, 10), train),
    }
    for name, (runs, load) in loads.items():
        rates: dict[str, float] = {}
        for version, checkout in checkouts(options).items():
            with tempfile.TemporaryDirectory(prefix="diorama-bench-") as folder:
                limit = commits_per_second(Path(folder) / "bare.db")
                secs, cpu = load(checkout, Path(folder) / "store", runs)
                limit = (limit + commits_per_second(Path(folder) / "bare.db")) / 2
            rates[version] = runs / secs
            gain = f"   {rates['now'] / rates['before']:.1f} x as many" if len(rates) == 2 else ""
            say(
                f"{name}, {runs:,} runs, {version}",
                f"{rates[version]:6.0f} runs/s",
                f"{cpu / runs * 1000:5.2f} ms CPU a run",
                f"{rates[version] / limit:5.2f} runs per bare commit ({limit:.0f}/s){gain}",
            )


def ingest(checkout: Path, store: Path, count: int, *, threads: int) -> tuple[float, float]:
    """(seconds, seconds of CPU) in a process of its own."""
    return _said(checkout, INGEST, store, count, threads)


def train(checkout: Path, store: Path, count: int) -> tuple[float, float]:
    """(seconds, seconds of CPU of the training alone)."""
    return _said(checkout, TRAINING, store, count)


def _said(checkout: Path, script: str, store: Path, *arguments: int) -> tuple[float, float]:
    environ = {"DIORAMA_DIR": str(store), "DIORAMA_SILENT": "1"}
    process = start(checkout, "-c", script, str(store), *map(str, arguments), environ=environ)
    out, _ = process.communicate()
    secs, cpu = map(float, out.split()[-2:])
    return secs, cpu


def over_http(checkout: Path, store: Path, count: int) -> tuple[float, float]:
    """(seconds, seconds of CPU of the server)."""
    environ = {"DIORAMA_DIR": str(store)}
    server = start(checkout, "-m", "diorama", "ui", "--no-browser", "--port", "0", environ=environ)
    try:
        assert server.stdout is not None
        url = next(word for line in server.stdout for word in line.split() if word.startswith("http"))
        key = (store / "key").read_text().strip()
        bodies = [encode_batch(run_of(number)) for number in range(count)]
        clients = [
            threading.Thread(target=_send, args=(urlsplit(url), key, bodies[first::THREADS]))
            for first in range(THREADS)
        ]
        _send(urlsplit(url), key, [encode_batch(run_of(count))])
        began, cpu = time.perf_counter(), _cpu_of(server.pid)
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return time.perf_counter() - began, _cpu_of(server.pid) - cpu
    finally:
        server.terminate()
        server.communicate()


def _cpu_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _send(url: SplitResult, key: str, bodies: list[bytes]) -> None:
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/msgpack"}
    for body in bodies:
        connection.request("POST", "/api/ingest", body, headers)
        reply = connection.getresponse()
        answer = reply.read()
        assert reply.status == 200, answer
    connection.close()


def commits_per_second(path: Path) -> float:
    """How often a bare database commits a row."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS runs (name TEXT)")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < COMMIT_SECS:
        connection.execute("INSERT INTO runs VALUES ('run')")
        count += 1
    took = time.perf_counter() - began
    connection.close()
    return count / took


if __name__ == "__main__":
    main()
