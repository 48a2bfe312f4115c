"""Whether the process that writes a journal still lives.

A process is named by its id *and* its start time, because ids are given out again. A journal that
was written on another host (a shared file system) can't be asked about: it counts as alive until
nothing was written to it for a day.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from diorama.journal.entry import Start

START_TOLERANCE_SECS = 2.0
FOREIGN_SILENCE_SECS = 86_400.0


def own_start() -> float:
    """When this process began, Unix seconds: with its id it names the process for ever."""
    pid = os.getpid()
    if sys.platform == "linux":  # without psutil, which a training process need not import
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            ticks = int(stat.rpartition(")")[2].split()[19])
            for line in Path("/proc/stat").read_text().splitlines():
                if line.startswith("btime "):
                    return int(line.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    import psutil

    return float(psutil.Process(pid).create_time())


def started_at(pid: int) -> float | None:
    """When process `pid` began (Unix seconds); None if there is none, or only its zombie; NaN if it can't be
    found out now."""
    if pid <= 0:
        return None  # a journal that no process writes
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except (psutil.Error, OSError):
        return float("nan")  # no right to ask, or no file descriptor left to ask with


def is_alive(pid: int, pid_started: float | None = None) -> bool:
    """Whether the process `pid` that began at `pid_started` (None, 0 or NaN: any) still runs."""
    began = started_at(pid)
    if began is None:
        return False
    if not pid_started or pid_started != pid_started or began != began:
        return True
    return abs(began - pid_started) <= START_TOLERANCE_SECS


def is_writer_alive(start: Start, writer_dir: Path) -> bool:
    """Whether the process that wrote this journal may still write to it."""
    host = start.environment.get("host")
    if isinstance(host, str) and host and host != _own_host():
        return time.time() - newest_change(writer_dir) < FOREIGN_SILENCE_SECS
    return is_alive(start.pid, start.pid_started)


def _own_host() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket

    return socket.gethostname()


def newest_change(directory: Path) -> float:
    """When a file of `directory` was last written (Unix seconds); 0 if there is none."""
    newest = 0.0
    try:
        for path in directory.iterdir():
            newest = max(newest, path.stat().st_mtime)
    except OSError:
        return newest
    return newest
