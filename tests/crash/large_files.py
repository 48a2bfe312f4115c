"""A film of gigabytes, and the most memory that each process needed for it."""

from __future__ import annotations

import os
import random
import shutil
import struct
import threading
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from processes import children_of, sidecar_pids

from diorama.model import StoreDir

MIB = 1 << 20
MARK_EVERY_BYTES = 256 * MIB
MARK_BYTES = 64 << 10


def write_film(path: Path, size_bytes: int) -> None:
    """A film that plays for a second, and of which nearly all is padding, with bytes of its own here and
    there. Nearly all of it is a hole in the file, which takes no room on the disk; copies of it do."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as target:
        stream = target.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for level in range(10):
            pixels = np.full((48, 64, 3), 20 * level, np.uint8)
            pixels[:24] = 255 - 20 * level
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode(None))
    marks = random.Random(1)
    with path.open("r+b") as file:
        begin = file.seek(0, os.SEEK_END)
        file.write(struct.pack(">I4sQ", 1, b"free", size_bytes - begin))
        for at in range(MARK_EVERY_BYTES, size_bytes, MARK_EVERY_BYTES):
            file.seek(at - MARK_BYTES // 2)
            file.write(marks.randbytes(MARK_BYTES))
        file.truncate(size_bytes)


def roomy_folder(beside: Path, needed_bytes: int) -> Path:
    """A folder on a disk that has room: in memory if the machine has plenty of it, because real disks take
    half a minute for what these tests write."""
    fast = Path("/dev/shm")
    if (
        fast.is_dir()
        and shutil.disk_usage(fast).free > 2 * needed_bytes
        and psutil.virtual_memory().available > 2 * needed_bytes + (4 << 30)
    ):
        folder = fast / f"diorama-{os.getpid()}-{beside.name}"
        folder.mkdir(mode=0o700)
        return folder
    if shutil.disk_usage(beside).free < needed_bytes + (4 << 30):
        pytest.skip(f"no disk has room for {needed_bytes >> 30} GiB")
    return beside


class Peaks:
    """The most that was resident at once in the memory of processes, in MiB: Linux's own record, VmHWM, which
    counts private memory, what libraries take, and pages of mapped files alike.

    Watched are `pids`, all that they start, and the sidecars of a store, with their workers.
    """

    def __init__(self, store: StoreDir, pids: dict[str, int]) -> None:
        self.of: dict[str, int] = {}
        self._store = store
        self._pids = dict(pids)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def add(self, name: str, pid: int) -> None:
        self._pids[f"{name} {pid}"] = pid

    def _watch(self) -> None:
        look_at = 0.0
        while not self._is_over.is_set():
            if time.monotonic() > look_at:
                look_at = time.monotonic() + 0.1
                for pid in sidecar_pids(self._store):
                    self.add("sidecar", pid)
                for pid in list(self._pids.values()):
                    for child in children_of(pid):
                        if child not in self._pids.values():
                            self.add(_name_of(child), child)
            for name, pid in list(self._pids.items()):
                kind = name.split()[0]
                self.of[kind] = max(self.of.get(kind, 0), _peak_mib(pid))
            time.sleep(0.01)


def _name_of(pid: int) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return "gone"
    for name in ("core.worker", "diorama.sidecar"):
        if name in command:
            return name.rpartition(".")[2]
    return "other"


def _peak_mib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith("VmHWM")), 0)
