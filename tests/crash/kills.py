"""Kills a training process, or its sidecar, or both, at a random moment, and checks that nothing is lost.

Everything is read back through the service's public face and compared with the record that the process
kept beside Diorama (see crash_trainer.py).
"""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from crash_trainer import INVOKE, RECORD, digest_of
from PIL import Image

from diorama.model import StoreDir
from diorama.service import Service
from diorama.sidecar import drain

MODES = ("trainer", "tree", "sidecar")
TRAINER = Path(__file__).with_name("crash_trainer.py")
KILL_WITHIN_SECS = 0.5
SIDECAR_PATIENCE_SECS = 30.0


@dataclass
class Verdict:
    """What a kill did. All of lost, duplicated, corrupt, phantom and disordered must be 0.

    returned: calls of log() that had returned; readable: entries read back; in_flight: read back although
    log() had not returned yet (at most one is allowed: phantom counts the others); lost_images: part of
    corrupt. state: of the run afterwards; "" if the kill came before the run began.
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
    """One process, one kill, one recovery, one check; in `directory`, which must be empty."""
    rng = random.Random(f"{mode}-{seed}")
    store = StoreDir(directory / "store")
    record = directory / "record"
    run_id = f"r{seed}"
    logging_secs = 0.5 if mode == "sidecar" else 60.0
    trainer = start_trainer(store, record, run_id, logging_secs)
    wait_secs = rng.uniform(0.0, KILL_WITHIN_SECS)
    if rng.random() < 0.8:  # the others may strike in the middle of the start
        wait_for(lambda: record.exists() or trainer.poll() is not None, 10.0)
    time.sleep(wait_secs)
    if mode == "trainer":
        trainer.kill()
    elif mode == "tree":
        victims = [trainer.pid, *children_of(trainer.pid)]
        for pid in rng.sample(victims, k=len(victims)):
            kill(pid)
        time.sleep(0.02)
        for pid in sidecar_pids(store):  # one that was just being started
            kill(pid)
    else:
        for pid in sidecar_pids(store):
            kill(pid)
    trainer.wait(60)
    began = time.monotonic()
    # Of a killed trainer the sidecar, if there is one, has to do all the work alone.
    until = began + SIDECAR_PATIENCE_SECS
    while True:
        wait_for(lambda: not sidecar_pids(store), SIDECAR_PATIENCE_SECS)
        report = drain(store)
        if not report.skipped_live or time.monotonic() > until:
            break  # else a sidecar was only just starting when the kill came
    verdict = check(mode, store, record, run_id)
    verdict.recovery_secs = time.monotonic() - began
    verdict.left_over = len(report.failed) + report.lost + report.refused + report.skipped_live
    return verdict


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


def sidecar_pids(store: StoreDir) -> list[int]:
    """The living sidecars of this store."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if "diorama.sidecar" in command and str(store.root) in command and is_running(process.pid):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def children_of(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(is_so: object, secs: float) -> bool:
    """Wait until `is_so()`; False if it was not within `secs`."""
    assert callable(is_so)
    until = time.monotonic() + secs
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def check(mode: str, store: StoreDir, record: Path, run_id: str) -> Verdict:
    """Compare what is readable with what the process has noted."""
    verdict = Verdict(mode)
    invoked, returned = read_record(record)
    verdict.returned = len(returned)
    rows = []
    service = Service.open(store)
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
        service.close()
    verdict.readable = len(rows)
    seen: dict[int, bytes] = {}
    last = -1
    for number, step, digest, has_image in rows:
        verdict.images += has_image
        verdict.duplicated += number in seen
        verdict.disordered += number < last or step != number
        verdict.corrupt += number in invoked and invoked[number] != digest
        verdict.phantom += number not in invoked
        last = number
        seen[number] = digest
    verdict.lost = sum(number not in seen for number in returned)
    verdict.in_flight = sum(number not in returned for number in seen if number in invoked)
    verdict.phantom += max(0, verdict.in_flight - 1)
    return verdict


def read_record(path: Path) -> tuple[dict[int, bytes], set[int]]:
    """(number -> digest of what was invoked, numbers of calls that returned)."""
    invoked: dict[int, bytes] = {}
    returned: set[int] = set()
    data = path.read_bytes() if path.exists() else b""
    for offset in range(0, len(data) - RECORD.size + 1, RECORD.size):
        what, number, digest = RECORD.unpack_from(data, offset)
        if what == INVOKE:
            invoked[number] = digest
        else:
            returned.add(number)
    return invoked, returned


def _read_back(service: Service, row: dict[str, object]) -> tuple[int, int, bytes, bool]:
    scalars = {name: row[name] for name in ("i", "x", "big", "note") if name in row}
    picture = row.get("image")
    pixels = None
    if picture is not None:
        blob = getattr(picture, "blob", None)
        if blob is None:  # a record of kind "failed"
            return int(scalars["i"]), int(row["_step"]), b"failed", True  # type: ignore[call-overload]
        pixels = np.asarray(Image.open(io.BytesIO(service.get_blob(blob))))
    number, step = scalars["i"], row["_step"]
    assert isinstance(number, int)
    assert isinstance(step, int)
    return number, step, digest_of(scalars, pixels), pixels is not None  # type: ignore[arg-type]


def in_fresh_directory(mode: str, seed: int) -> Verdict:
    """kill_once in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="diorama-crash-", ignore_cleanup_errors=True) as directory:
        return kill_once(mode, seed, Path(directory))
