"""The segment files of one writer, and how far they are stored.

A segment is created with O_EXCL, so that two processes never write to one file. Segments that are stored
for good are deleted, except the first: it says whose journal this is.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from struct import Struct

from diorama.journal.reader import list_segments, segment_name

ACK = Struct("<Q")
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


def read_ack(directory: Path) -> int:
    """The highest seq that is stored for good, as the sidecar noted it; 0 if none is."""
    try:
        noted = (directory / "ack").read_bytes()
    except OSError:
        return 0
    return int(ACK.unpack_from(noted)[0]) if len(noted) >= ACK.size else 0


BUSY = "busy"


def note_busy(directory: Path) -> None:
    """Somebody is at work on what is not stored yet; it only takes long."""
    with contextlib.suppress(OSError):
        (directory / BUSY).touch()


def busy_at(directory: Path) -> float:
    """When that was noted last, Unix seconds; 0 if never."""
    try:
        return (directory / BUSY).stat().st_mtime
    except OSError:
        return 0.0


class SegmentFiles:
    """The open segment of `directory` and those before it. The base of JournalWriter, which writes to `_fd`
    and counts `_size_bytes`."""

    # Slots: reading an attribute of a plain object with as many of them as a writer has is slower.
    __slots__ = ("_fd", "_last_seq_of", "_segment", "_size_bytes", "directory")

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fd = -1
        self._segment = 0
        self._size_bytes = 0
        self._last_seq_of: dict[int, int] = {}

    def _make_folder(self) -> None:
        os.makedirs(self.directory.parent, mode=0o700, exist_ok=True)
        os.mkdir(self.directory, 0o700)

    def _open_segment(self) -> None:
        number = self._segment
        while True:
            number += 1
            try:
                self._fd = os.open(self.directory / segment_name(number), _FLAGS, 0o600)
            except FileExistsError:
                continue
            break
        self._segment = number
        self._size_bytes = 0

    def _close_segment(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _drop_stored_segments(self) -> None:
        """Delete what is stored for good. The first segment stays: it says whose journal this is."""
        acked_seq = read_ack(self.directory)
        for number in list_segments(self.directory):
            last_seq = self._last_seq_of.get(number)
            if number > 1 and last_seq is not None and last_seq <= acked_seq:
                with contextlib.suppress(OSError):
                    os.unlink(self.directory / segment_name(number))
                del self._last_seq_of[number]

    def _remove_if_empty(self) -> None:
        """A disk that stays full must not fill with empty segments."""
        if self._fd < 0 or self._size_bytes:
            return
        with contextlib.suppress(OSError):
            os.close(self._fd)
            os.unlink(self.directory / segment_name(self._segment))
        self._fd = -1


def read_back(directory: Path, segment: int, fd: int, start: int, end: int) -> bytes:
    """Bytes of a segment that is open for writing only: by its name, or by the process's own handle on
    it where the name is gone."""
    for path in (f"/proc/self/fd/{fd}", directory / segment_name(segment)):
        try:
            with open(path, "rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError:
            continue
    return b""
