"""Bytes of media objects that outlive the run they were made in.

A spool's folder goes when its run is stored, while a script may still hold its pictures and log them to the
next run. Their bytes are copied to one nameless file of the process: one descriptor, however many there are,
and nothing that a crash leaves behind.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

COPY_BYTES = 1 << 20


class Attic:
    """The nameless file. It is given back when nobody needs its bytes any more, which is looked at whenever a
    run ends; else when the process ends. Only its descriptor is kept, because a file object that lives until
    then is warned of as one that was forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._fd = -1
        self._needed: list[Callable[[], bool]] = []

    def take_in(self, path: Path, folder: Path) -> int:
        """Copy a file in; answers where its bytes begin. folder: on the disk that has room for it.

        Raises OSError.
        """
        with self._lock, open(path, "rb") as source:
            if self._fd < 0:
                with tempfile.TemporaryFile(dir=folder) as made:
                    self._fd = os.dup(made.fileno())
            with open(self._fd, "r+b", closefd=False) as file:
                start = file.seek(0, os.SEEK_END)
                shutil.copyfileobj(source, file, COPY_BYTES)
            return start

    def keep_while(self, is_needed: Callable[[], bool]) -> None:
        """Keep the file as long as `is_needed` answers True."""
        with self._lock:
            self._needed = [each for each in [*self._needed, is_needed] if each()]
            if not self._needed and self._fd >= 0:
                fd, self._fd = self._fd, -1
                os.close(fd)

    def read(self, start: int, size_bytes: int) -> bytes:
        """Raises OSError."""
        fd = self._fd
        if fd < 0:
            return b""
        if hasattr(os, "pread"):
            return os.pread(fd, size_bytes, start)
        with self._lock, open(fd, "rb", closefd=False) as file:
            file.seek(start)
            return file.read(size_bytes)


ATTIC = Attic()
