"""Bringing the slots of a spool to disk, several at once.

A sync that has failed is never believed when it succeeds the next time: the kernel tells of a failed write
once, and may have dropped the bytes by then. Such a slot is suspect until a copy of it is on disk.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from google_crc32c import extend as extend_crc32c

from diorama.errors import is_interruption
from diorama.journal.sealed import unseal_file
from diorama.journal.slot import PIECE_BYTES, Slot
from diorama.journal.unsynced import Unsynced

_O_BINARY = getattr(os, "O_BINARY", 0)
_fdatasync = getattr(os, "fdatasync", os.fsync)


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


def write_again(source_fd: int, path: Path) -> int:
    """Write what lies in an open file to a new one at `path`. Returns its descriptor. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _O_BINARY, 0o600)
    with open(source_fd, "rb", closefd=False) as source, open(fd, "wb", closefd=False) as copy:
        source.seek(0)
        shutil.copyfileobj(source, copy, 1 << 20)
    return fd


def copy_slot(slot: Slot, source_fd: int, path: Path) -> int:
    """Write the bytes of `slot`, read from `source_fd`, to a new file at `path`, and bring them to disk.
    Returns how many buffers in it are not what they were. Raises OSError; then there is no such file."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | _O_BINARY, 0o600)
    try:
        with open(source_fd, "rb", closefd=False) as source, open(fd, "r+b", closefd=False) as copy:
            source.seek(0)
            while piece := source.read(PIECE_BYTES):
                copy.write(piece)
            copy.flush()
            damaged = 0
            for offset, (size_bytes, crc) in slot.parts.items():
                copy.seek(offset)
                found = 0
                for start in range(0, size_bytes, PIECE_BYTES):
                    found = extend_crc32c(found, copy.read(min(PIECE_BYTES, size_bytes - start)))
                damaged += found != crc
            _fdatasync(fd)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(fd)
    return damaged
