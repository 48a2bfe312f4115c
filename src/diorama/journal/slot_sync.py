"""Bringing the slots of a spool to disk, several at once.

A sync that has failed is never believed when it succeeds the next time: the kernel tells of a failed write
once, and may have dropped the bytes by then. Such a slot is suspect until a copy of it is on disk.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from google_crc32c import extend as extend_crc32c

from diorama.errors import ignored_faults, is_interruption
from diorama.journal.sealed import unseal_file
from diorama.journal.slot import PIECE_BYTES, Slot, close_slot
from diorama.journal.unsynced import Unsynced

_O_BINARY = getattr(os, "O_BINARY", 0)
_fdatasync = getattr(os, "fdatasync", os.fsync)
_pread: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)


class SlotSync:
    """What has to happen so that all `dirty` slots of the spool in `directory` are on disk.

    `is_given_up`: slots whose files the spool has deleted itself. After the jobs, `missing` has the slots
    whose files somebody else has deleted, and `suspect` those that were suspect before: the spool has to put
    copies in their place, and then say `done`.
    """

    def __init__(self, directory: Path, dirty: Unsynced[Slot], is_given_up: Callable[[Slot], bool]) -> None:
        self.missing: list[Slot] = []
        self.suspect: list[Slot] = []
        self._directory = directory
        self._dirty = dirty
        self._waiting = dirty.waiting()
        self._is_given_up = is_given_up

    def jobs(self) -> list[Callable[[], None]]:
        """One for each slot, to be done in any order or all at once. They take no lock and raise OSError;
        what could not be brought to disk stays dirty."""
        return [functools.partial(self._bring, slot) for slot in self._waiting]

    def done(self, slot: Slot) -> None:
        """What was in the slot when this began is on disk."""
        self._dirty.done(self._waiting[slot])

    def _bring(self, slot: Slot) -> None:
        if slot.is_suspect:
            self.suspect.append(slot)
        elif self._sync(slot) or self._is_given_up(slot):
            if not slot.is_suspect:  # else another thread was told of a failed write meanwhile
                self.done(slot)
        else:
            self.missing.append(slot)

    def _sync(self, slot: Slot) -> bool:
        """False if its file is gone."""
        # Opened anew: the kernel tells each open file once of a write that failed.
        try:
            # Windows syncs only what is open for writing; a sealed file can't be.
            flags = os.O_RDONLY if slot.is_sealed else os.O_RDWR
            fd = os.open(self._directory / slot.name, flags | _O_BINARY)
        except FileNotFoundError:
            return False
        try:
            _fdatasync(fd)
        except OSError as error:
            if not is_interruption(error):
                slot.is_suspect = True
                unseal_file(fd)
            raise
        finally:
            os.close(fd)
        return True


_draft_numbers = itertools.count()


def put_copy(
    slot: Slot, directory: Path, slots: Mapping[str, Slot], names: Unsynced[Path], lock: threading.RLock
) -> int:
    """Put a copy of `slot` in its place in `directory`, on disk but for its name, which `names` is told.
    Returns how many buffers in it are not what they were.

    slots: those of the spool, whose `lock` is never held while a disk is waited for. Raises OSError; then
    nothing has changed. BlockingIOError says that the slot is being written to, or was in the meantime.
    """
    path = directory / slot.name
    draft = path.with_suffix(f".{next(_draft_numbers)}.new")
    with lock:
        if slot.fillers:
            raise BlockingIOError(errno.EAGAIN, f"{slot.name} is being written")
        parts = slot.parts.copy()
        # A duplicate has the place of reading in common with the original, so it is for `pread` only.
        source_fd = os.dup(slot.fd) if slot.fd >= 0 and _pread is not None else -1
    fd = -1
    try:
        if source_fd < 0:
            source_fd = os.open(path, os.O_RDONLY | _O_BINARY)
        damaged = _copy(parts, source_fd, draft)
        if os.name != "nt":  # there, what is open can't get another name
            fd = os.open(draft, os.O_RDWR)
        with lock:
            if fd < 0 and not slot.fillers:
                close_slot(slot)
            # From here on nothing is called before the file has its name, so that no signal's handler fills
            # the slot between the look and the change.
            if slot.name not in slots or slot.fillers or slot.parts != parts:
                raise BlockingIOError(errno.EAGAIN, f"{slot.name} was written meanwhile")
            is_open = slot.fd >= 0
            if is_open:
                slot.fd, fd = fd, slot.fd
            try:
                os.replace(draft, path)
            except BaseException:
                if is_open:
                    slot.fd, fd = fd, slot.fd
                raise
            names.add(directory)
            slot.is_suspect = False
    finally:
        for each in (source_fd, fd):
            if each >= 0:
                os.close(each)
        with ignored_faults():  # it is not there any more, if all went well
            os.unlink(draft)
    return damaged


def _copy(parts: Mapping[int, tuple[int, int]], source_fd: int, path: Path) -> int:
    """Write what lies in `source_fd` to a new file at `path`, and bring it to disk. Returns how many of the
    buffers in it, offset -> size and checksum, are not what they were. Raises OSError."""
    with open(path, "w+b", opener=_private) as copy:
        at = 0
        while piece := _read_at(source_fd, at, PIECE_BYTES):
            copy.write(piece)
            at += len(piece)
        copy.flush()
        damaged = 0
        for offset, (size_bytes, crc) in parts.items():
            copy.seek(offset)
            found = 0
            for start in range(0, size_bytes, PIECE_BYTES):
                found = extend_crc32c(found, copy.read(min(PIECE_BYTES, size_bytes - start)))
            damaged += found != crc
        _fdatasync(copy.fileno())
    return damaged


def _read_at(fd: int, start: int, size_bytes: int) -> bytes:
    if _pread is not None:
        return _pread(fd, size_bytes, start)
    os.lseek(fd, start, os.SEEK_SET)
    return os.read(fd, size_bytes)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
