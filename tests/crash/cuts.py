"""Connections that end in the middle: at every byte of a short exchange, and at a thousand of a long one.

    python -m tests.crash.cuts [--step N] [--cuts N]

A sidecar's transport talks to a real server through a proxy that passes bytes on and, at the bytes that it is
told, sends nothing more and resets both sides. Whatever was lost, request or answer, the sender sends again:
afterwards everything must be stored exactly once. Prints what was tried and what went wrong; the exit code
says whether anything did.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))

from owner import Service
from server_sample import KEY, T0, running_server, start

from diorama.journal.entry import Batch, Entry, Log, Numbered, Start
from diorama.media import FileRecord
from diorama.model import BlobRef, StoreDir
from diorama.sidecar import remote
from diorama.sidecar.remote import HttpTransport
from diorama.sidecar.transport import BlobsGone, Unavailable

Way = Literal["up", "down"]
ATTEMPTS_LIMIT = 50


class CuttingProxy:
    """Passes bytes on to `target` ("http://host:port"). `cuts`: how many bytes of all connections together go
    each way before the connection that carries the next one is cut; each cut happens once."""

    def __init__(self, target: str, cuts: dict[Way, list[int]] | None = None) -> None:
        host, port = target.removeprefix("http://").split(":")
        self._target = (host, int(port))
        self._lock = threading.Lock()
        self._cuts: dict[Way, list[int]] = {"up": [], "down": []}
        self.passed: dict[Way, int] = {"up": 0, "down": 0}
        self.cut_count = 0
        self._threads: list[threading.Thread] = []
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.begin(cuts or {})
        self._spawn(self._accept)

    def begin(self, cuts: dict[Way, list[int]]) -> None:
        """Count from 0 again, and cut there."""
        with self._lock:
            self.passed = {"up": 0, "down": 0}
            self._cuts = {"up": sorted(cuts.get("up", [])), "down": sorted(cuts.get("down", []))}

    def close(self) -> None:
        # A thread that waits in accept() is not woken by close() alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._reset(pair)
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]  # our own methods
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            self._spawn(self._carry, "up", client, server, pair)
            self._spawn(self._carry, "down", server, client, pair)

    def _carry(
        self, way: Way, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        try:
            while piece := source.recv(65536):
                allowed = self._allowed(way, len(piece))
                sink.sendall(piece[:allowed])
                if allowed < len(piece):
                    break
        except OSError:
            pass
        self._reset(pair)

    def _allowed(self, way: Way, count: int) -> int:
        """How many of the next bytes may go on; fewer than all: the cut is there."""
        with self._lock:
            cuts, passed = self._cuts[way], self.passed[way]
            while cuts and cuts[0] < passed:
                cuts.pop(0)  # it lies in what a cut before it has swallowed
            if cuts and cuts[0] < passed + count:
                count = cuts.pop(0) - passed
                self.cut_count += 1
            self.passed[way] = passed + count
            return count

    def _reset(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            if pair not in self._pairs:
                return
            self._pairs.discard(pair)
        for one in pair:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):  # the other side was faster
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@dataclass
class Verdict:
    """What was tried, and what of it went wrong."""

    tried: int = 0
    cuts: int = 0
    faults: list[str] = field(default_factory=list)


class Shipper:
    """Sends a run's batches until each is acknowledged, as the sidecar's pump does."""

    def __init__(self, url: str, run: str) -> None:
        self._transport = HttpTransport(url, KEY)
        self._head: Start = start(run, project="cuts")
        self._run = ("local", "cuts", run)
        self._seq = 0

    def send(self, entries: list[Entry], pictures: list[bytes]) -> None:
        first = self._seq + 1
        numbered = [Numbered(first + place, entry) for place, entry in enumerate(entries)]
        self._seq += len(entries)
        for _ in range(ATTEMPTS_LIMIT):
            try:
                for data in pictures:
                    self._transport.put_blob(data, "image/png")
                self._transport.ingest(Batch(self._run, self._head.writer, numbered))
            except (Unavailable, BlobsGone):
                continue
            return
        raise Unavailable(f"not stored after {ATTEMPTS_LIMIT} attempts")

    def head(self) -> Start:
        return self._head

    def close(self) -> None:
        self._transport.close()


def picture(number: int) -> tuple[bytes, FileRecord]:
    """Bytes that no other number has, and the record that names them."""
    data = b"\x89PNG\r\n\x1a\n" + struct.pack("<Q", number) * 20
    return data, FileRecord(blob=BlobRef(hashlib.sha256(data).hexdigest(), len(data), "image/png"), name="p")


def short_exchange(url: str, number: int) -> None:
    """Two batches: the run with a picture, then one more step."""
    shipper = Shipper(url, f"r{number:07d}")
    data, record = picture(number)
    try:
        shipper.send([shipper.head(), Log(0, 0, T0, {"x": 0.5, "picture": record})], [data])
        shipper.send([Log(1, 1, T0 + 1, {"x": 1.5})], [])
    finally:
        shipper.close()


def faults_of_short(service: Service, number: int) -> list[str]:
    found = service.find_run("local", "cuts", f"r{number:07d}")
    rows = list(service.scan_history(found.uid))
    data, record = picture(number)
    faults = []
    if [row.get("x") for row in rows] != [0.5, 1.5] or rows[0].get("picture") != record:
        faults.append(f"rows {rows!r}")
    if service.get_blob(record.blob) != data:
        faults.append("another picture")
    if service.acked_seq(("local", "cuts", found.id), f"w-{found.id}") != 3:
        faults.append("another seq")
    return faults


@contextmanager
def real_server(folder: Path) -> Iterator[tuple[Service, str]]:
    """A server, asked without waits between quick attempts: thousands of cuts would take hours."""
    waits = remote.QUICK_RETRY_SECS
    remote.QUICK_RETRY_SECS = (0.0, 0.0)
    store = StoreDir(folder)
    try:
        with Service.open(store) as service, running_server(service, store) as server:
            yield service, server.url
    finally:
        remote.QUICK_RETRY_SECS = waits


def cut_everywhere(folder: Path, *, step: int = 1) -> Verdict:
    """A short exchange, cut after 0, `step`, 2 * `step` ... bytes of each way."""
    verdict = Verdict()
    with real_server(folder) as (service, url):
        proxy = CuttingProxy(url)
        try:
            short_exchange(proxy.url, 0)
            lengths = dict(proxy.passed)
            number = 0
            ways: tuple[Way, ...] = ("up", "down")
            for way in ways:
                for offset in range(0, lengths[way], step):
                    number += 1
                    before = proxy.cut_count
                    proxy.begin({way: [offset]})
                    short_exchange(proxy.url, number)
                    verdict.tried += 1
                    verdict.cuts += proxy.cut_count - before
                    verdict.faults += [
                        f"{way} {offset}: {fault}" for fault in faults_of_short(service, number)
                    ]
        finally:
            proxy.close()
    return verdict


def cut_at_random(folder: Path, *, cuts: int = 1000, seed: int = 0) -> Verdict:
    """A long exchange of one connection pool, cut at random bytes of both ways."""
    rng = random.Random(seed)
    verdict = Verdict()
    with real_server(folder) as (service, url):
        proxy = CuttingProxy(url)
        shipper = Shipper(proxy.url, "long")
        try:
            shipper.send([shipper.head()], [])
            proxy.begin({})
            step = 0
            expected: list[tuple[float, bytes | None]] = []
            while proxy.cut_count < cuts:
                entries: list[Entry] = []
                pictures = []
                for place in range(3):
                    values: dict[str, object] = {"x": float(step)}
                    data = None
                    if place == 0:
                        data, record = picture(10**6 + step)
                        pictures.append(data)
                        values["picture"] = record
                    entries.append(Log(step, step, T0 + step, values))
                    expected.append((float(step), data))
                    step += 1
                # Most often that lies in what the batch sends or hears.
                way: Way = rng.choice(("up", "down"))
                proxy.begin({way: [rng.randrange(2500 if way == "up" else 1200)]})
                shipper.send(entries, pictures)
                verdict.tried += 1
            verdict.cuts = proxy.cut_count
        finally:
            shipper.close()
            proxy.close()
        run = service.find_run("local", "cuts", "long")
        rows = list(service.scan_history(run.uid))
        if [row["x"] for row in rows] != [x for x, _ in expected]:
            verdict.faults.append(f"{len(rows)} rows of {len(expected)}, or another order")
        for row, (x, data) in zip(rows, expected, strict=False):
            record_found = row.get("picture")
            stored = service.get_blob(record_found.blob) if record_found is not None else None
            if stored != data:
                verdict.faults.append(f"another picture at {x}")
    return verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.cuts", description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="bytes between two cuts of the short exchange")
    parser.add_argument("--cuts", type=int, default=1000, help="cuts of the long exchange")
    asked = parser.parse_args()
    worst = 0
    for name, work in (
        ("short exchange", lambda folder: cut_everywhere(folder, step=asked.step)),
        ("long exchange", lambda folder: cut_at_random(folder, cuts=asked.cuts)),
    ):
        with tempfile.TemporaryDirectory(prefix="diorama-cuts-") as folder:
            verdict = work(Path(folder))
        print(f"{name}: {verdict.tried} tried, {verdict.cuts} cuts, {len(verdict.faults)} faults", flush=True)
        for fault in verdict.faults[:20]:
            print(f"  {fault}")
        worst |= bool(verdict.faults)
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
