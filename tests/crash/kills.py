"""Kills a training process, its sidecar, a server or a sync at a random moment; nothing may be lost.

Everything is read back through the service's public face and compared with the record that the process
kept beside Diorama (see crash_trainer.py).
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from crash_trainer import INVOKE, RECORD, digest_of
from PIL import Image
from processes import children_of, kill, sidecar_pids, wait_for
from server_process import ServerProcess

from diorama.media import UnknownRecord
from diorama.media.image.record import ImageRecord
from diorama.model import OWNER, StoreDir
from diorama.service import Access, Service
from diorama.sidecar import drain
from diorama.sidecar.leftovers import DrainReport
from diorama.store.values import blobs_in

MODES = ("trainer", "tree", "sidecar", "server", "sync")
TRAINER = Path(__file__).with_name("crash_trainer.py")
SECOND_FIRST = 1_000_000
"""The first number of a second writer's entries."""
KILL_WITHIN_SECS = 0.5
SIDECAR_PATIENCE_SECS = 30.0


@dataclass
class Verdict:
    """What a kill did. All of lost, duplicated, corrupt, phantom and disordered must be 0.

    returned: calls of log() that had returned; readable: entries read back; in_flight: read back although
    log() had not returned (killed or interrupted in it: both answers are right); phantom: never logged.
    state: of the run afterwards; "" if the kill came before the run began.
    """

    mode: str
    returned: int = 0
    readable: int = 0
    images: int = 0
    lost: int = 0
    duplicated: int = 0
    corrupt: int = 0
    phantom: int = 0
    disordered: int = 0
    in_flight: int = 0
    state: str = ""
    recovery_secs: float = 0.0
    left_over: int = 0
    """Journals that are still there after the drain."""

    @property
    def faults(self) -> int:
        return self.lost + self.duplicated + self.corrupt + self.phantom + self.disordered + self.left_over


def kill_once(mode: str, seed: int, directory: Path) -> Verdict:
    """One kill, one recovery, one check; in `directory`, which must be empty. By the seed's dice the run has
    two writers, few open files, or signals whose handler raises."""
    rng = random.Random(f"{mode}-{seed}")
    life = {"DIORAMA_FINISH_WAIT_SECS": "60"}
    if rng.random() < 0.3:
        life["CRASH_FILES"] = "48"
    if rng.random() < 0.3:
        life["CRASH_SIGNALS"] = str(rng.choice([0.00005, 0.0002, 0.001]))
    records = [directory / "record"]
    if rng.random() < 0.3:
        records.append(directory / "record2")
    if mode == "server":
        return _kill_server(seed, directory, records, life, rng)
    if mode == "sync":
        return _kill_sync(seed, directory, records, life, rng)
    store = StoreDir(directory / "store")
    run_id = f"r{seed}"
    trainers = _start(store, records, run_id, 0.5 if mode == "sidecar" else 60.0, life)
    wait_secs = rng.uniform(0.0, KILL_WITHIN_SECS)
    if rng.random() < 0.8:  # the others may strike in the middle of the start
        for record, trainer in zip(records, trainers, strict=True):
            wait_for(lambda r=record, t=trainer: r.exists() or t.poll() is not None, 10.0)
    time.sleep(wait_secs)
    if mode == "trainer":
        for trainer in trainers:
            trainer.kill()
    elif mode == "tree":
        victims = [pid for trainer in trainers for pid in (trainer.pid, *children_of(trainer.pid))]
        for pid in rng.sample(victims, k=len(victims)):
            kill(pid)
        time.sleep(0.02)
        for pid in sidecar_pids(store):  # one that was just being started
            kill(pid)
    else:
        for pid in sidecar_pids(store):
            kill(pid)
    for trainer in trainers:
        trainer.wait(120)
    began = time.monotonic()
    report = _drain(store)
    return _verdict(mode, store, records, run_id, report, began)


def _start(
    store: StoreDir, records: list[Path], run_id: str, secs: float, life: dict[str, str]
) -> list[subprocess.Popen[bytes]]:
    """A trainer for each record; their numbers do not overlap."""
    return [
        start_trainer(store, record, run_id, secs, **life, CRASH_FIRST=str(at * SECOND_FIRST))
        for at, record in enumerate(records)
    ]


def _drain(store: StoreDir) -> DrainReport:
    """Of a killed trainer the sidecar, if there is one, has to do all the work alone; then what is left."""
    until = time.monotonic() + SIDECAR_PATIENCE_SECS
    while True:
        wait_for(lambda: not sidecar_pids(store), SIDECAR_PATIENCE_SECS)
        report = drain(store)
        if not report.skipped_live or time.monotonic() > until:
            return report  # else a sidecar was only just starting when the kill came


def _verdict(
    mode: str, store: StoreDir, records: list[Path], run_id: str, report: DrainReport | None, began: float
) -> Verdict:
    verdict = check(mode, store, records, run_id)
    verdict.recovery_secs = time.monotonic() - began
    if report is not None:
        verdict.left_over = len(report.failed) + report.lost + report.refused + report.skipped_live
    return verdict


def _kill_server(
    seed: int, directory: Path, records: list[Path], life: dict[str, str], rng: random.Random
) -> Verdict:
    """The server is killed while the run goes to it, and started again."""
    server = ServerProcess(directory / "server")
    client, run_id = StoreDir(directory / "client"), f"r{seed}"
    try:
        life |= {"DIORAMA_URL": server.url, "DIORAMA_API_KEY": server.key, "NO_PROXY": "*"}
        trainers = _start(client, records, run_id, 1.0, life)
        wait_for(records[0].exists, 10.0)
        time.sleep(rng.uniform(0.0, 1.0))
        server.kill()
        time.sleep(rng.uniform(0.0, 0.3))
        server.start()
        began = time.monotonic()
        for trainer in trainers:
            trainer.wait(120)
        wait_for(lambda: not sidecar_pids(client), 120)
        return _verdict("server", server.store, records, run_id, None, began)
    finally:
        server.stop()


def _kill_sync(
    seed: int, directory: Path, records: list[Path], life: dict[str, str], rng: random.Random
) -> Verdict:
    """An offline run whose `diorama sync` is killed three times before one is left to finish."""
    store, run_id = StoreDir(directory / "store"), f"r{seed}"
    for trainer in _start(store, records, run_id, 0.3, {**life, "DIORAMA_MODE": "offline"}):
        trainer.wait(120)
    command = [sys.executable, "-m", "diorama", "sync", "--store", str(store.root)]
    for _ in range(3):
        sync = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.1, 1.2))
        sync.kill()
        sync.wait()
    began = time.monotonic()
    return _verdict("sync", store, records, run_id, drain(store), began)


def start_trainer(
    store: StoreDir, record: Path, run_id: str, secs: float, **environment: str
) -> subprocess.Popen[bytes]:
    """The training process, in a process group of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))}
    return subprocess.Popen(
        [sys.executable, str(TRAINER), str(record), run_id, str(secs)],
        env={
            **clean,
            "DIORAMA_DIR": str(store.root),
            "DIORAMA_SILENT": "1",
            "DIORAMA_STRICT": "1",
            "DIORAMA_STATS_INTERVAL_SECS": "0",
            **environment,
        },
        cwd=record.parent,
        start_new_session=True,
    )


def check(mode: str, store: StoreDir, records: list[Path], run_id: str) -> Verdict:
    """Compare what is readable with what the processes have noted."""
    verdict = Verdict(mode)
    invoked: dict[int, bytes] = {}
    returned: set[int] = set()
    for record in records:
        invoked_there, returned_there = read_record(record)
        invoked |= invoked_there
        returned |= returned_there
    verdict.returned = len(returned)
    rows = []
    opened = Service.open(store)
    service = opened.for_(OWNER)
    try:
        runs = [
            run
            for project in service.projects().projects
            for run in service.runs(project.entity, project.name).runs
            if run.id == run_id
        ]
        if runs:
            verdict.state = runs[0].state
            rows = [_read_back(service, row) for row in service.scan_history(runs[0].uid)]
    finally:
        opened.close()
    verdict.readable = len(rows)
    seen: dict[int, bytes] = {}
    last = -1
    for number, step, digest, has_image in rows:
        verdict.images += has_image
        verdict.duplicated += number in seen
        verdict.disordered += number < last or step != number
        verdict.corrupt += number in invoked and invoked[number] != digest
        last = number
        seen[number] = digest
    verdict.lost = sum(number not in seen for number in returned)
    verdict.in_flight = sum(number not in returned for number in seen if number in invoked)
    # A call that a kill or the user's own exception has cut off may be there or not.
    verdict.phantom += sum(number not in invoked for number in seen)
    return verdict


def read_record(path: Path) -> tuple[dict[int, bytes], set[int]]:
    """(number -> digest of what was invoked, numbers of calls that returned)."""
    invoked: dict[int, bytes] = {}
    returned: set[int] = set()
    data = path.read_bytes() if path.exists() else b""
    for offset in range(0, len(data) - RECORD.size + 1, RECORD.size):
        subject, number, digest = RECORD.unpack_from(data, offset)
        if subject == INVOKE:
            invoked[number] = digest
        else:
            returned.add(number)
    return invoked, returned


def _read_back(service: Access, row: dict[str, object]) -> tuple[int, int, bytes, bool]:
    scalars = {name: row[name] for name in ("i", "x", "big", "note") if name in row}
    picture = row.get("image")
    pixels = None
    for value in row.values():
        if isinstance(value, UnknownRecord):  # a record of kind "failed"
            return int(scalars["i"]), int(row["_step"]), b"failed", True  # type: ignore[call-overload]
        for blob in blobs_in(value):
            service.get_blob(blob)  # raises unless its bytes are there and give its name
    if picture is not None:
        assert isinstance(picture, ImageRecord)
        pixels = np.asarray(Image.open(io.BytesIO(service.get_blob(picture.blob))))
    number, step = scalars["i"], row["_step"]
    assert isinstance(number, int)
    assert isinstance(step, int)
    return number, step, digest_of(scalars, pixels), pixels is not None  # type: ignore[arg-type]


def in_fresh_directory(mode: str, seed: int) -> Verdict:
    """kill_once in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="diorama-crash-", ignore_cleanup_errors=True) as directory:
        return kill_once(mode, seed, Path(directory))
