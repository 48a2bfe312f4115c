"""Many processes at one store, and processes that die in the middle."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from batches import RUN, batch, ingest, log, rows_of, start
from owner import OpenStore, Service

HERE = Path(__file__).parent

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from batches import batch, log, start
from diorama.media import ImageRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Service

writer, first, last, size, has_media = sys.argv[2], *map(int, sys.argv[3:7])
service = Service.open(StoreDir(Path(sys.argv[1]))).for_(OWNER)
for begin in range(first, last, size):
    entries = [start(writer=writer)] if begin == 0 else []
    for step in range(begin, min(begin + size, last)):
        data = {{"x": step, "y": step / 3}}
        if has_media:
            blob = service.put_blob(f"picture {{step}}".encode(), "image/png")
            data["picture"] = ImageRecord(blob=blob, width=1, height=1)
        entries.append(log(step, data))
    first_seq = 1 if begin == 0 else begin + 2
    print(service.ingest(batch(entries, first_seq=first_seq, writer=writer)), flush=True)
"""

MANY = """
import sys, threading
from pathlib import Path
sys.path.insert(0, {here!r})
from batches import batch, log, start
from diorama.model import OWNER, StoreDir
from diorama.service import Service

service = Service.open(StoreDir(Path(sys.argv[1]))).for_(OWNER)

def work(number):
    for made in range(10_000):
        run = ("local", "digits", f"run{{sys.argv[2]}}.{{number}}.{{made}}")
        service.ingest(batch([start(run), log(0, {{"x": made}})], run=run))
        sys.stdout.write(run[2] + "\\n")
        sys.stdout.flush()

for number in range(8):
    threading.Thread(target=work, args=(number,)).start()
"""
"""A process whose threads make run after run, and tell each that is acknowledged."""


def write(
    store: Path, writer: str, first: int, last: int, size: int, *, has_media: bool = False
) -> subprocess.Popen[str]:
    """A process that ingests steps first..last-1 as a writer, `size` a batch, and prints each ack."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            WRITER.format(here=str(HERE)),
            str(store),
            writer,
            *map(str, (first, last, size, int(has_media))),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_processes_writing_one_run_lose_and_double_nothing(open_store: OpenStore, tmp_path: Path) -> None:
    open_store()
    writers = [write(tmp_path / "store", f"w.{number}", 0, 120, 10) for number in range(4)]
    for process in writers:
        finish(process)
    service = open_store()
    uid = service.find_run(*RUN).uid
    rows = rows_of(service, uid)
    assert [(row["_step"], row["x"]) for row in rows] == [
        (step, step) for step in range(120) for _ in range(4)
    ]
    assert {view.key: view.runs[0].count for view in service.keys([uid]).keys} == {"x": 480, "y": 480}


def test_two_sidecars_replaying_one_journal_store_it_once(open_store: OpenStore, tmp_path: Path) -> None:
    open_store()
    replays = [write(tmp_path / "store", "w.0", 0, 200, size) for size in (7, 7, 11)]
    for process in replays:
        finish(process)
    service = open_store()
    assert [row["x"] for row in rows_of(service, service.find_run(*RUN).uid)] == list(range(200))
    assert service.run(1).warnings == []


def test_threads_of_one_service_share_it(service: Service) -> None:

    def _log(number: int) -> None:
        run = ("local", "digits", f"run{number % 3}")
        writer = f"w.{number}"
        service.ingest(batch([start(run, writer), log(0, {"x": number})], run=run, writer=writer))
        for step in range(1, 15):
            service.ingest(batch([log(step, {"x": number})], first_seq=step + 2, run=run, writer=writer))

    with ThreadPoolExecutor(9) as threads:
        logging = [threads.submit(_log, number) for number in range(9)]
        for _ in range(20):
            service.changes(0)
            service.projects()
        for one in logging:
            one.result()
    found = service.runs("local", "digits").runs
    assert sorted(len(rows_of(service, run.uid)) for run in found) == [45, 45, 45]
    (column,) = (view for view in service.runs("local", "digits").columns if view.path == "summary.x")
    assert column.run_count == 3


@pytest.mark.parametrize("seed", range(3))
def test_killing_an_ingesting_process_leaves_a_sound_store(
    open_store: OpenStore, tmp_path: Path, seed: int
) -> None:
    """What was acknowledged is there, nothing is there in half, and the replay completes it."""
    open_store()
    store = tmp_path / "store"
    generator = random.Random(seed)
    acked = 0
    for _ in range(3):
        process = write(store, "w.0", 0, 4000, 5, has_media=True)
        assert process.stdout is not None
        told = int(process.stdout.readline())
        deadline = time.monotonic() + generator.uniform(0.0, 0.25)
        while time.monotonic() < deadline:
            told = int(process.stdout.readline() or told)
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        told = max([told, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n"))])
        acked = max(acked, told)
        service = open_store()
        assert service.check() == []
        stored = service.acked_seq(RUN, "w.0")
        assert stored >= acked
        uid = service.find_run(*RUN).uid
        rows = list(service.scan_history(uid))
        assert [row["x"] for row in rows] == list(range(stored - 1))
        for row in rows[-3:]:
            assert service.get_blob(row["picture"].blob) == f"picture {row['x']}".encode()
        counts = {view.key: view.runs[0].count for view in service.keys([uid]).keys}
        assert set(counts.values()) == {stored - 1}
        service.close()


@pytest.mark.parametrize("seed", range(2))
def test_killing_a_process_that_makes_many_runs_at_once_loses_none_that_it_told(
    open_store: OpenStore, tmp_path: Path, seed: int
) -> None:
    """Their transactions are shared: whoever is told is committed, and no run is there in half."""
    open_store()
    process = subprocess.Popen(
        [sys.executable, "-c", MANY.format(here=str(HERE)), str(tmp_path / "store"), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [process.stdout.readline().strip()]
    deadline = time.monotonic() + random.Random(seed).uniform(0.2, 0.6)
    while time.monotonic() < deadline:
        told.append(process.stdout.readline().strip())
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    told += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    service = open_store()
    assert service.check() == []
    runs = {run.id: run.uid for run in service.runs("local", "digits", limit=10_000).runs}
    assert set(told) <= set(runs)
    for uid in runs.values():
        assert len(rows_of(service, uid)) == 1
    (column,) = (view for view in service.runs("local", "digits").columns if view.path == "summary.x")
    assert column.run_count == len(runs)
    assert service.changes(0).version == service.version()
    assert len(service.changes(0).runs) == len(runs)


def test_readers_see_whole_batches_only(open_store: OpenStore, tmp_path: Path) -> None:
    service = open_store()
    ingest(service, *(log(step, {"x": step, "y": step / 3}) for step in range(10)))
    process = write(tmp_path / "store", "w.0", 10, 400, 10)
    sizes = set()
    while process.poll() is None:
        rows = rows_of(service, 1)
        assert [row["x"] for row in rows] == list(range(len(rows)))
        assert all(row["y"] == row["x"] / 3 for row in rows)
        sizes.add(len(rows))
    finish(process)
    assert all(size % 10 == 0 for size in sizes)
    assert len(rows_of(service, 1)) == 400
