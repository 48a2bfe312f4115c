"""Does memory stay where it is? Twenty writers and 200 live pages for a while, and the memory of both sides.

    python -m bench soak --minutes 30

Two of the writers are real training processes with their sidecars, which log numbers and pictures to the
server over HTTP; the others send the batches that a sidecar would. Every page holds a stream of live updates,
and asks for charts, pictures and the list of runs as the UI does when something changes. After the warm-up
(half of the time) a straight line is fitted to the samples: its slope is what matters.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import psutil

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Batch, Log, Numbered, Start

WRITERS = 20
TRAINERS = 2
PAGES = 200
KEYS = [f"train/metric_{number}" for number in range(10)]
SAMPLE_SECS = 5.0
BATCH_SECS = 1.0
STEPS_A_BATCH = 20
PAGE_SECS = 5.0
"""How often a page asks again at most while its runs go on."""

TRAINER = """
import sys, time, numpy, diorama
end = time.monotonic() + float(sys.argv[1])
run = diorama.init(project="soak", entity="local", name=sys.argv[2])
pixels = numpy.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=numpy.uint8)
step = 0
while time.monotonic() < end:
    run.log({f"train/metric_{n}": (step * n) % 101 / 7 for n in range(10)})
    if step % 50 == 0:
        run.log({"picture": diorama.Image(numpy.roll(pixels, step, axis=0))})
    step += 1
    time.sleep(0.05)
run.finish()
"""


class Soak:
    """One run of the soak against a server that is there."""

    def __init__(self, url: str, key: str, end: float) -> None:
        self.url = url
        self.headers = {"authorization": f"Bearer {key}"}
        self.end = end
        self.answers = 0
        self.events = 0
        self.faults: dict[str, int] = {}

    async def run(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        async with httpx.AsyncClient(
            base_url=self.url, headers=self.headers, timeout=60, limits=limits
        ) as client:
            writers = [self._kept(self._write, client, number) for number in range(WRITERS - TRAINERS)]
            pages = [self._kept(self._look, client, number) for number in range(PAGES)]
            await asyncio.gather(*writers, *pages)

    async def _kept(self, work: object, client: httpx.AsyncClient, number: int) -> None:
        """Do it until the end; what fails is counted and done again."""
        while time.monotonic() < self.end:
            try:
                await work(client, number)  # type: ignore[operator]  # one of our two methods
            except httpx.HTTPError as error:
                name = str(error).partition(" for url")[0] or type(error).__name__
                self.faults[name] = self.faults.get(name, 0) + 1
                await asyncio.sleep(1)

    async def _write(self, client: httpx.AsyncClient, number: int) -> None:
        run = f"writer-{number}-{random.randrange(10**9)}"
        began = time.time()
        start = Start(
            entity="local", project="soak", run=run, writer=f"{run}.0", pid=1, pid_started=0.0, time=began
        )
        entries = [Numbered(1, start)]
        step = 0
        for batch_number in itertools.count():
            for _ in range(STEPS_A_BATCH):
                data = {key: float(np.sin(step / 50) + place) for place, key in enumerate(KEYS)}
                entries.append(Numbered(step + 2, Log(step, step, began + step / 20, data)))
                step += 1
            body = encode_batch(Batch(("local", "soak", run), f"{run}.0", entries))
            reply = await client.post(
                "/api/ingest", content=body, headers={"content-type": "application/msgpack"}
            )
            reply.raise_for_status()
            entries = []
            wait_secs = began + (batch_number + 1) * BATCH_SECS - time.time()
            if time.monotonic() + max(wait_secs, 0) > self.end:
                return
            await asyncio.sleep(max(wait_secs, 0))

    async def _look(self, client: httpx.AsyncClient, number: int) -> None:
        await asyncio.sleep(number / PAGES * PAGE_SECS)
        asked = 0.0
        async with client.stream("GET", "/api/live?project=local/soak", timeout=None) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                if time.monotonic() > self.end:
                    return
                if not line.startswith("data:"):
                    continue
                self.events += 1
                if time.monotonic() - asked < PAGE_SECS:
                    continue
                asked = time.monotonic()
                await self._refresh(client, number)

    async def _refresh(self, client: httpx.AsyncClient, number: int) -> None:
        runs = (await client.get("/api/projects/local/soak/runs?limit=30")).raise_for_status().json()["runs"]
        uids = [run["uid"] for run in runs][:10]
        if not uids:
            return
        await client.get(f"/api/keys?runs={','.join(map(str, uids))}")
        keys = [KEYS[(number + more) % len(KEYS)] for more in range(3)]
        await client.post("/api/series", json={"runs": uids, "keys": keys, "x": "step", "buckets": 300})
        await client.post("/api/tracks", json={"runs": uids, "keys": ["picture"]})
        wanted = [{"run": uid, "key": "picture", "step": 0} for uid in uids]
        await client.post("/api/media", json={"wanted": wanted})
        self.answers += 5


def rss_mib(process: psutil.Process) -> float:
    """Memory of a process and of those that it started, in MiB; 0 once it is gone."""
    total = 0.0
    try:
        for one in [process, *process.children(recursive=True)]:
            total += one.memory_info().rss / 2**20
    except psutil.NoSuchProcess:
        return total
    return total


def sidecars_of(store: Path) -> list[psutil.Process]:
    """The sidecars of this soak: their surroundings name its folder."""
    found = []
    for process in psutil.process_iter():
        try:
            is_sidecar = "diorama.sidecar" in process.cmdline()
            if is_sidecar and process.environ().get("DIORAMA_DIR") == str(store):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def slope(samples: list[tuple[float, float]]) -> float:
    """MiB a minute, of the samples after the warm-up."""
    after = [(at, value) for at, value in samples if at > samples[-1][0] / 2 and value > 0]
    if len(after) < 3:
        return float("nan")
    at, value = np.array(after).T
    return float(np.polyfit(at, value, 1)[0] * 60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="diorama-soak-") as folder, ExitStack() as stack:
        store, spool = Path(folder, "store"), Path(folder, "trainers")
        outside = {name: value for name, value in os.environ.items() if not name.startswith("DIORAMA_")}
        server = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "diorama", "ui", "--no-browser", "--port", "0"],
                env={**outside, "DIORAMA_DIR": str(store), "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(server.terminate)
        assert server.stdout is not None
        url = next(word for line in server.stdout for word in line.split() if word.startswith("http"))
        url = url.partition("?")[0].rstrip("/")
        key = (store / "key").read_text().strip()
        trainers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TRAINER, str(minutes * 60), f"trainer-{number}"],
                    env={
                        **outside,
                        "DIORAMA_DIR": str(spool),
                        "DIORAMA_URL": url,
                        "DIORAMA_API_KEY": key,
                        "DIORAMA_SILENT": "1",
                    },
                )
            )
            for number in range(TRAINERS)
        ]
        for trainer in trainers:
            stack.callback(trainer.terminate)
        return measure(url, key, minutes * 60, server, trainers, spool)


def measure(
    url: str,
    key: str,
    secs: float,
    server: subprocess.Popen[str],
    trainers: list[subprocess.Popen[bytes]],
    spool: Path,
) -> int:
    began = time.monotonic()
    soak = Soak(url, key, began + secs)
    watched = {"server": [psutil.Process(server.pid)]}
    samples: dict[str, list[tuple[float, float]]] = {"server": [], "sidecars": [], "trainers": []}
    watched["trainers"] = [psutil.Process(trainer.pid) for trainer in trainers]

    async def watch() -> None:
        print(f"{'s':>6} {'server':>9} {'sidecars':>9} {'trainers':>9}   MiB", flush=True)
        while time.monotonic() < soak.end - SAMPLE_SECS:
            await asyncio.sleep(SAMPLE_SECS)
            if not watched.get("sidecars"):
                watched["sidecars"] = sidecars_of(spool)
            at = time.monotonic() - began
            for name, processes in watched.items():
                if name == "trainers":
                    value = (
                        sum(process.memory_info().rss for process in processes if process.is_running())
                        / 2**20
                    )
                else:
                    value = sum(map(rss_mib, processes))
                samples[name].append((at, value))
            now = [samples[name][-1][1] if samples[name] else 0.0 for name in samples]
            print(f"{at:6.0f} " + " ".join(f"{value:9.1f}" for value in now), flush=True)

    async def both() -> None:
        await asyncio.gather(soak.run(), watch())

    asyncio.run(both())
    print(f"{soak.events:,} events, {soak.answers:,} answers; faults: {soak.faults or 'none'}")
    for name, some in samples.items():
        if some:
            peak = max(value for _, value in some)
            print(f"{name}: peak {peak:.0f} MiB, slope after the warm-up {slope(some):+.2f} MiB a minute")
    return 0


if __name__ == "__main__":
    sys.exit(main())
