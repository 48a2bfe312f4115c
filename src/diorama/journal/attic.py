"""Bytes of media objects that outlive the run they were made in.

A spool's folder goes when its run is stored, while a script may still hold its pictures and log them to the
next run. Their bytes are copied to one nameless file of the process: one descriptor, however many there are,
and nothing that a crash leaves behind. A few large files are not copied, but kept open instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

COPY_BYTES = 1 << 20
HELD_LIMIT = 16
"""Files that are kept open."""


class Attic:
    """The nameless file, and those that are kept open. They are given back when nobody needs their bytes any
    more, which is looked at whenever a run ends; else when the process ends. Only descriptors are kept,
    because a file object that lives until then is warned of as one that was forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._fd = -1
        self._needed: list[Callable[[], bool]] = []
        self._held: list[tuple[int, Callable[[], bool]]] = []

    def take_in(
        self, path: Path, folder: Path, *, is_closed: bool, is_needed: Callable[[], bool]
    ) -> tuple[int, int]:
        """Copy a file in, or keep it open if it is closed to change. Answers where its bytes are: a
        descriptor, and where in it they begin. They stay as long as `is_needed` answers True.

        folder: on the disk that has room for it. Raises OSError.
        """
        with self._lock:
            if is_closed and len(self._held) < HELD_LIMIT:
                held = os.open(path, os.O_RDONLY)
                self._held.append((held, is_needed))
                return held, 0
            with open(path, "rb") as source:
                if self._fd < 0:
                    with tempfile.TemporaryFile(dir=folder) as made:
                        self._fd = os.dup(made.fileno())
                with open(self._fd, "r+b", closefd=False) as file:
                    start = file.seek(0, os.SEEK_END)
                    shutil.copyfileobj(source, file, COPY_BYTES)
            if is_needed not in self._needed:
                self._needed.append(is_needed)
            return self._fd, start

    def tidy(self) -> None:
        """Give back what nobody needs."""
        with self._lock:
            for held in self._held.copy():
                if not held[1]():
                    self._held.remove(held)
                    os.close(held[0])
            self._needed = [each for each in self._needed if each()]
            if not self._needed and self._fd >= 0:
                fd, self._fd = self._fd, -1
                os.close(fd)

    def read(self, fd: int, start: int, size_bytes: int) -> bytes:
        """Raises OSError."""
        if hasattr(os, "pread"):
            return os.pread(fd, size_bytes, start)
        with self._lock, open(fd, "rb", closefd=False) as file:
            file.seek(start)
            return file.read(size_bytes)


ATTIC = Attic()
