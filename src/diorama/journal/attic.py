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
from typing import IO

COPY_BYTES = 1 << 20


class Attic:
    """The nameless file. It is given back when nobody needs its bytes any more, which is looked at whenever a
    run ends."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._file: IO[bytes] | None = None
        self._needed: list[Callable[[], bool]] = []

    def take_in(self, path: Path, folder: Path) -> int:
        """Copy a file in; answers where its bytes begin. folder: on the disk that has room for it.

        Raises OSError.
        """
        with self._lock, open(path, "rb") as source:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 it stays open
            start = self._file.seek(0, os.SEEK_END)
            shutil.copyfileobj(source, self._file, COPY_BYTES)
            self._file.flush()
            return start

    def keep_while(self, is_needed: Callable[[], bool]) -> None:
        """Keep the file as long as `is_needed` answers True."""
        with self._lock:
            self._needed = [each for each in [*self._needed, is_needed] if each()]
            if not self._needed and self._file is not None:
                self._file.close()
                self._file = None

    def read(self, start: int, size_bytes: int) -> bytes:
        """Raises OSError."""
        file = self._file
        if file is None:
            return b""
        if hasattr(os, "pread"):
            return os.pread(file.fileno(), size_bytes, start)
        with self._lock:
            file.seek(start)
            return file.read(size_bytes)


ATTIC = Attic()
