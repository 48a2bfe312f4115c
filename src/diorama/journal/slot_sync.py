"""Bringing the slots of a spool to disk, several at once."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from diorama.errors import is_interruption
from diorama.journal.slot import Slot
from diorama.journal.unsynced import Unsynced

SYNC_THREADS = 6

_O_BINARY = getattr(os, "O_BINARY", 0)
_fdatasync = getattr(os, "fdatasync", os.fsync)


def sync_slots(
    directory: Path, dirty: Unsynced[Slot], is_given_up: Callable[[Slot], bool]
) -> tuple[list[Slot], list[OSError]]:
    """Bring the files of all `dirty` slots to disk, under no lock. Answers the slots whose files somebody has
    deleted, and what failed; both stay dirty. `is_given_up`: slots that the spool has deleted itself."""
    waiting = dirty.waiting()
    queue = deque(waiting.items())
    missing: list[Slot] = []
    failures: list[OSError] = []

    def work() -> None:
        while queue:
            try:
                slot, numbers = queue.popleft()
            except IndexError:
                return  # another thread has the last one
            try:
                if _sync_file(directory / slot.name) or is_given_up(slot):
                    dirty.done(numbers)
                else:
                    missing.append(slot)
            except OSError as error:
                if is_interruption(error):
                    raise
                failures.append(error)

    threads = []
    if len(waiting) >= SYNC_THREADS:
        # Side by side: each sync waits for the disk, and the disk is glad of all of them at once.
        threads = _started([threading.Thread(target=work, daemon=True) for _ in range(SYNC_THREADS)])
    work()
    for thread in threads:
        thread.join()
    return missing, failures


def _sync_file(path: Path) -> bool:
    """False if it is gone."""
    try:
        fd = os.open(path, os.O_RDWR | _O_BINARY)
    except FileNotFoundError:
        return False
    try:
        _fdatasync(fd)
    finally:
        os.close(fd)
    return True


def _started(threads: list[threading.Thread]) -> list[threading.Thread]:
    """Those that could be started: there may be no more threads, or the interpreter is going down."""
    started = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError as error:
            if is_interruption(error):
                raise
            break
        started.append(thread)
    return started
