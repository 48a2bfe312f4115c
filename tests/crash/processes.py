"""Looking at processes, waiting for them and ending them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from diorama.model import StoreDir

HANGS_AFTER_SECS = 240.0
"""What takes longer hangs; pytest ends a test a minute later. Never less for what has to happen: on a machine
with forty busy processes a server needs more than half a minute to start, and as long to stop."""


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


def wait_for(is_so: object, secs: float = HANGS_AFTER_SECS) -> bool:
    """Wait until `is_so()`; False if it was not within `secs`."""
    assert callable(is_so)
    until = time.monotonic() + secs
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
