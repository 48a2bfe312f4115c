"""A file of a spool, and the bytes that lie in one."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

from google_crc32c import extend as extend_crc32c

from diorama.errors import ignored_faults, is_interruption
from diorama.journal.attic import ATTIC
from diorama.journal.codec import SpoolPart, load_part
from diorama.media.core.keep import Pieces

if TYPE_CHECKING:
    from pathlib import Path

PIECE_BYTES = 256 * 1024


class Slot:
    """One file of the spool. `last_seq` is the newest entry that names it; 0 if none does."""

    __slots__ = (
        "attic_start",
        "capacity_bytes",
        "fd",
        "fillers",
        "is_pinned",
        "is_suspect",
        "last_seq",
        "name",
        "naming",
        "parts",
        "references",
    )

    def __init__(self, name: str, capacity_bytes: int) -> None:
        self.name = name
        self.capacity_bytes = capacity_bytes
        self.fd = -1
        self.last_seq = 0
        self.references = 0
        self.naming = 0
        """How many entries that name it are on their way to the journal, and have no seq yet."""
        self.fillers: dict[Holder, None] = {}
        """The objects whose bytes are being written to it now. Its file must stay open for them."""
        self.is_pinned = False
        self.is_suspect = False
        """A sync of its file has failed: what was written before may never reach the disk."""
        self.parts: dict[int, tuple[int, int]] = {}
        """The buffers in it: offset -> size and checksum."""
        self.attic_start = -1


class Spooled:
    """Bytes that lie in a slot. While this object lives, the slot keeps them."""

    __slots__ = ("__weakref__", "_crc", "_offset", "_size_bytes", "directory", "holder", "slot")

    slot: Slot
    holder: Holder

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        """The spool's folder."""
        self._size_bytes = 0
        self._crc = 0
        self._offset = 0

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    @property
    def part(self) -> SpoolPart:
        return SpoolPart(self.slot.name, self._size_bytes, self._crc, self._offset)

    def note(self, size_bytes: int, crc: int, offset: int) -> None:
        """The bytes are there."""
        self._size_bytes, self._crc, self._offset = size_bytes, crc, offset

    def read(self) -> bytes | memoryview:
        """The bytes, checked. Raises Corrupt if the file was damaged or removed."""
        # From an open file if there is one: the sidecar removes the folder when the run has finished.
        try:
            data = b""
            if self.slot.attic_start >= 0:
                data = ATTIC.read(self.slot.attic_start + self._offset, self._size_bytes)
            elif self.slot.fd >= 0 and hasattr(os, "pread"):
                data = os.pread(self.slot.fd, self._size_bytes, self._offset)
            if len(data) == self._size_bytes and extend_crc32c(0, data) == self._crc:
                return data
        except OSError as error:
            if is_interruption(error):
                raise
        return load_part(self.part, self.directory)


class Holder(weakref.ref[Spooled]):
    """Says that a Spooled has died, by a call that is not Python's: a `__del__` would swallow what a signal's
    handler raises in it, and the death may come at any moment, in any thread, within any call."""

    __slots__ = ("slot",)

    slot: Slot | None


def size_class(size_bytes: int) -> int:
    """Sizes that share slots: steps of an eighth, so that at most that much is wasted."""
    step = max(4096, 1 << max(0, size_bytes.bit_length() - 4))
    return -(-size_bytes // step) * step


def write_pieces(fd: int, view: Pieces, size_bytes: int, offset: int) -> int:
    crc = 0
    for start in range(0, size_bytes, PIECE_BYTES):
        piece = view[start : start + PIECE_BYTES].tobytes()
        crc = extend_crc32c(crc, piece)
        written = _pwrite(fd, piece, offset + start)
        while written < len(piece):
            written += _pwrite(fd, piece[written:], offset + start + written)
    return int(crc)


def _seek_and_write(fd: int, data: bytes, offset: int) -> int:
    with _seeking:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)


_seeking = threading.Lock()
_pwrite = getattr(os, "pwrite", _seek_and_write)


def close_slot(slot: Slot) -> None:
    fd, slot.fd = slot.fd, -1
    if fd >= 0:
        with ignored_faults():
            os.close(fd)
