"""A file of a spool, and the bytes that lie in one."""

from __future__ import annotations

import errno
import os
import threading
import weakref
from typing import TYPE_CHECKING

from google_crc32c import extend as extend_crc32c

from diorama.errors import Corrupt, ignored_faults, is_interruption
from diorama.journal.attic import ATTIC
from diorama.journal.clone import clone_blocks
from diorama.journal.codec import IN_FILE_FROM_BYTES, SpoolPart, find_part, load_part
from diorama.journal.sealed import CAN_SEAL, seal_file
from diorama.media.core.extent import Data
from diorama.media.core.keep import FilePieces, Pieces

if TYPE_CHECKING:
    from pathlib import Path

PIECE_BYTES = 256 * 1024
SEALED_FROM_BYTES = IN_FILE_FROM_BYTES
"""Files from this size on get a slot that holds nothing else, ever."""


class Slot:
    """One file of the spool. `last_seq` is the newest entry that names it; 0 if none does."""

    __slots__ = (
        "attic",
        "capacity_bytes",
        "fd",
        "fillers",
        "is_pinned",
        "is_sealed",
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
        self.is_sealed = False
        """Its file is closed to change, and may have a second name somewhere: it is never used again."""
        self.is_suspect = False
        """A sync of its file has failed: what was written before may never reach the disk."""
        self.parts: dict[int, tuple[int, int]] = {}
        """The buffers in it: offset -> size and checksum."""
        self.attic: tuple[int, int] | None = None
        """Where its bytes are since its spool was closed: a descriptor, and where in it they begin."""


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
        """The bytes, checked. Raises Corrupt if the file was damaged or removed, OSError if it can't be
        read."""
        try:
            data = self._read_at(0, self._size_bytes)
            if extend_crc32c(0, data) == self._crc:
                return data
        except Corrupt:
            pass
        except OSError as error:
            if is_interruption(error):
                raise
        return load_part(self.part, self.directory)

    def head(self, size_bytes: int) -> bytes:
        return self._read_at(0, min(size_bytes, self._size_bytes))

    def source(self) -> Data:
        if self._size_bytes < IN_FILE_FROM_BYTES or self.slot.attic is not None:
            return self.read()
        return find_part(self.part, self.directory)

    @property
    def nbytes(self) -> int:
        return self._size_bytes

    def __getitem__(self, part: slice, /) -> memoryview:
        """A piece of the bytes, not checked. Raises OSError; Corrupt if the file is too short."""
        return memoryview(self._read_at(part.start, min(part.stop, self._size_bytes) - part.start))

    def _read_at(self, start: int, size_bytes: int) -> bytes:
        offset = self._offset + start
        # From an open file if there is one: the sidecar removes the folder when the run has finished.
        if self.slot.attic is not None:
            fd, begin = self.slot.attic
            data = ATTIC.read(fd, begin + offset, size_bytes)
        elif self.slot.fd >= 0 and hasattr(os, "pread"):
            data = os.pread(self.slot.fd, size_bytes, offset)
        else:
            with open(self.directory / self.slot.name, "rb") as file:
                file.seek(offset)
                data = file.read(size_bytes)
        if len(data) != size_bytes:
            raise Corrupt(f"spool file {self.slot.name} is too short")
        return data


class Holder(weakref.ref[Spooled]):
    """Says that a Spooled has died, by a call that is not Python's: a `__del__` would swallow what a signal's
    handler raises in it, and the death may come at any moment, in any thread, within any call."""

    __slots__ = ("slot",)

    slot: Slot | None


def size_class(size_bytes: int) -> int:
    """Sizes that share slots: steps of an eighth, so that at most that much is wasted."""
    step = max(4096, 1 << max(0, size_bytes.bit_length() - 4))
    return -(-size_bytes // step) * step


def fill_slot(slot: Slot, fd: int, view: Pieces, size_bytes: int, offset: int) -> int:
    """Write the bytes of `view` to the file `fd` of a slot, behind `offset`; a large file becomes all that is
    in it, for good. Returns their checksum."""
    if not isinstance(view, FilePieces) or size_bytes < SEALED_FROM_BYTES:
        return _write(fd, view, size_bytes, offset)
    slot.is_sealed = CAN_SEAL
    return _copy_file(fd, view)


def _copy_file(fd: int, pieces: FilePieces) -> int:
    """Make the bytes of a file all that is in the file `fd`, shared with it where the file system can, and
    close it to change."""
    shared_bytes = clone_blocks(pieces.fileno(), fd, pieces.nbytes, source_start=pieces.start)
    crc = at = 0
    while at < shared_bytes:
        # As they are in our own file: the source may have changed since.
        piece = os.pread(fd, min(PIECE_BYTES, shared_bytes - at), at)
        if not piece:
            raise OSError(errno.EIO, "a file has less in it than was put there")
        crc = extend_crc32c(crc, piece)
        at += len(piece)
    crc = _write(fd, pieces, pieces.nbytes, 0, begin=shared_bytes, crc=crc)
    os.ftruncate(fd, pieces.nbytes)  # a slot that was used before may have been longer
    seal_file(fd)
    return crc


def _write(fd: int, view: Pieces, size_bytes: int, offset: int, *, begin: int = 0, crc: int = 0) -> int:
    """Write the bytes of `view` from `begin` on, behind `offset`. crc: of those before. Returns the checksum
    of all, taken from the very bytes that were written."""
    for start in range(begin, size_bytes, PIECE_BYTES):
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
