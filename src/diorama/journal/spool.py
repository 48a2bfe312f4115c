"""Large buffers of a running run, in files beside its journal.

A media object's only copy goes straight into a slot file; small ones share a slot, one behind the other.
Slots are recycled, because writing over cached pages costs a memory copy while fresh pages cost several: a
slot is free again when nothing in this process refers to it and the sidecar has stored every entry that
named it.

Invariants:
- bytes that an unstored entry names, or a live object refers to, are never overwritten;
- the checksum is taken from the very bytes that were written (in pieces that stay in the CPU's cache),
  so that a thread that changes the source meanwhile makes a torn picture, not a corrupt one;
- only the process that made a spool writes to it; a forked child reads it at most.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from google_crc32c import extend as extend_crc32c

from diorama.journal.codec import SpoolPart, load_part
from diorama.journal.segments import read_ack
from diorama.media.keep import SPOOL_FROM_BYTES, Kept, Pieces

PIECE_BYTES = 256 * 1024
LIMIT_BYTES = 8 << 30
LIMIT_SHARE_OF_FREE_DISK = 0.10
LEAST_FREE_DISK_BYTES = 256 << 20
SHARED_BELOW_BYTES = 128 << 10
"""Smaller buffers share slots: taking one costs more than writing so few bytes."""
SHARED_SLOT_BYTES = 1 << 20
PAGE_BYTES = 4096
SYNC_THREADS = 6
OPEN_FILES_LIMIT = 48
BLOCK_LIMIT_SECS = 60.0
"""After so long without any progress of the sidecar, waiting is given up."""

_O_BINARY = getattr(os, "O_BINARY", 0)
_fdatasync = getattr(os, "fdatasync", os.fsync)


class Slot:
    """One file of the spool. `last_seq` is the newest entry that names it; 0 if none does."""

    __slots__ = ("capacity_bytes", "fd", "is_filling", "is_pinned", "last_seq", "name", "references")

    def __init__(self, name: str, capacity_bytes: int) -> None:
        self.name = name
        self.capacity_bytes = capacity_bytes
        self.fd = -1
        self.last_seq = 0
        self.references = 0
        self.is_filling = True
        self.is_pinned = False


class Spooled:
    """Bytes that lie in a slot. While this object lives, the slot keeps them."""

    __slots__ = ("_crc", "_offset", "_size_bytes", "slot", "spool")

    def __init__(self, spool: Spool, slot: Slot, size_bytes: int, crc: int, offset: int = 0) -> None:
        self.spool = spool
        self.slot = slot
        self._size_bytes = size_bytes
        self._crc = crc
        self._offset = offset
        slot.references += 1

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    @property
    def part(self) -> SpoolPart:
        return SpoolPart(self.slot.name, self._size_bytes, self._crc, self._offset)

    def read(self) -> bytes | memoryview:
        """The bytes, checked. Raises Corrupt if the file was damaged or removed."""
        # By the open file first: after the run has finished, the sidecar removes the folder.
        if self.slot.fd >= 0 and hasattr(os, "pread"):
            with contextlib.suppress(OSError):
                data = os.pread(self.slot.fd, self._size_bytes, self._offset)
                if extend_crc32c(0, data) == self._crc:
                    return data
        return load_part(self.part, self.spool.directory)

    def __del__(self) -> None:
        # May run at any moment, in any thread, within any call: no lock here.
        try:  # noqa: SIM105 when the interpreter goes down, contextlib is gone before we are
            self.spool.release(self.slot)
        except AttributeError:
            pass


class Spool:
    """The spool of one writer.

    is_draining: whether somebody is storing entries, so that waiting for room makes sense.
    on_trouble(code, text): told once when the bound is reached; codes "spool-full", "spool-stuck".
    """

    def __init__(
        self,
        directory: Path,
        *,
        limit_bytes: int | None = None,
        is_draining: Callable[[], bool] = lambda: False,
        on_trouble: Callable[[str, str], None] = lambda code, text: None,
    ) -> None:
        self.directory = Path(directory)
        self.size_bytes = 0
        """Bytes of all slot files."""
        self._limit_bytes = limit_bytes
        self._is_draining = is_draining
        self._on_trouble = on_trouble
        self._lock = threading.RLock()
        self._released: deque[Slot] = deque()
        self._slots: dict[str, Slot] = {}
        self._free: dict[int, list[Slot]] = {}
        self._waiting: deque[Slot] = deque()
        self._live: set[Slot] = set()
        self._open: deque[Slot] = deque()
        self._dirty: set[str] = set()
        self._next_name = 1
        self._acked_seq = 0
        self._told: set[str] = set()
        self._owner_pid = os.getpid()
        self._is_closed = False
        self._shared: Slot | None = None
        self._shared_bytes = 0

    def keep(self, view: Pieces) -> Spooled | None:
        """Put bytes into a slot; None if they should stay in memory (disk trouble, closed, foreign
        process). Blocks while the spool is full and the sidecar makes progress."""
        if self._is_closed or os.getpid() != self._owner_pid:
            return None
        size_bytes = view.nbytes
        if size_bytes < SHARED_BELOW_BYTES:
            return self._keep_shared(view, size_bytes)
        slot = self._take_slot(_size_class(size_bytes))
        if slot is None:
            return None
        try:
            crc = self._fill(slot, view, size_bytes)
        except OSError:
            self._discard(slot)
            return None
        except BaseException:
            self._discard(slot)
            raise
        with self._lock:
            kept = Spooled(self, slot, size_bytes, crc)
            slot.is_filling = False
            self._live.add(slot)
            self._dirty.add(slot.name)
        return kept

    def _keep_shared(self, view: Pieces, size_bytes: int) -> Spooled | None:
        """Behind the last small buffer, in a slot that is let go when the next one does not fit."""
        while True:
            with self._lock:
                slot, offset = self._shared, self._shared_bytes
                if slot is not None and offset + size_bytes <= slot.capacity_bytes:
                    try:
                        crc = self._fill(slot, view, size_bytes, offset)
                    except OSError:
                        self._let_go_of_shared()
                        return None
                    # On whole pages, so that no two writers of the page cache meet on one.
                    self._shared_bytes = offset + -(-size_bytes // PAGE_BYTES) * PAGE_BYTES
                    self._dirty.add(slot.name)
                    return Spooled(self, slot, size_bytes, crc, offset)
                self._let_go_of_shared()
            fresh = self._take_slot(SHARED_SLOT_BYTES)
            if fresh is None:
                return None
            with self._lock:
                fresh.is_filling = False
                if self._shared is None:
                    # As if an object referred to it: it must not be recycled while there is room in it.
                    fresh.references += 1
                    self._live.add(fresh)
                    self._shared = fresh
                else:  # another thread was quicker
                    self._set_free(fresh)

    def _let_go_of_shared(self) -> None:
        slot, self._shared, self._shared_bytes = self._shared, None, 0
        if slot is not None:
            self._released.append(slot)

    def place(self, kept: Kept) -> tuple[SpoolPart, Kept] | None:
        """Where an entry finds `kept` in this spool; None if it is to travel in the frame.

        Bytes of another spool (of a finished run, of the process that forked this one) are copied.
        """
        if isinstance(kept, Spooled):
            if kept.spool is self and os.getpid() == self._owner_pid and not self._is_closed:
                return kept.part, kept
        elif kept.size_bytes < SPOOL_FROM_BYTES:
            return None
        own = self.keep(memoryview(kept.read()).cast("B"))
        return None if own is None else (own.part, own)

    def mark(self, kept: list[Kept], seq: int) -> None:
        """Entry `seq` names these buffers. To be called while they are alive."""
        for each in kept:
            if isinstance(each, Spooled) and each.slot.last_seq < seq:
                each.slot.last_seq = seq

    def pin(self) -> None:
        """Before a fork: what is alive now may be used by the child, so it is never recycled."""
        with self._lock:
            self._collect_released()
            for slot in self._live:
                slot.is_pinned = True

    def sync(self) -> None:
        """Bring all slots to disk. Raises OSError."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        if len(dirty) < SYNC_THREADS:
            for name in dirty:
                self._sync_slot(name)
            return
        # Side by side: each sync waits for the disk, and the disk is glad of all of them at once.
        failures: list[OSError] = []
        names = deque(dirty)

        def work() -> None:
            while True:
                try:
                    self._sync_slot(names.popleft())
                except IndexError:
                    return
                except OSError as error:
                    failures.append(error)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(SYNC_THREADS)]
        for number, thread in enumerate(threads):
            try:
                thread.start()
            except RuntimeError:  # no more threads, or the interpreter is going down
                del threads[number:]
                break
        work()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def restore(self) -> None:
        """The folder was deleted."""

    def _sync_slot(self, name: str) -> None:
        try:
            fd = os.open(self.directory / name, os.O_RDWR | _O_BINARY)
        except FileNotFoundError:
            return
        try:
            _fdatasync(fd)
        finally:
            os.close(fd)

    def release(self, slot: Slot) -> None:
        """One object less refers to `slot`. Takes no lock: appending to a deque is atomic."""
        if not self._is_closed:
            self._released.append(slot)
            return
        slot.references -= 1
        if slot.references == 0:
            _close(slot)

    def close(self) -> None:
        """No more bytes. The files of objects that are still alive stay open, so that they can be
        logged to a later run although this folder is gone by then."""
        with self._lock:
            self._let_go_of_shared()
            self._collect_released()
            self._is_closed = True
            for slot in self._slots.values():
                if slot not in self._live:
                    _close(slot)
                elif slot.fd < 0:
                    with contextlib.suppress(OSError):
                        slot.fd = os.open(self.directory / slot.name, os.O_RDWR | _O_BINARY)
            self._open.clear()

    # -- slots ---------------------------------------------------------------------------------

    def _take_slot(self, capacity_bytes: int) -> Slot | None:
        waited_secs = 0.0
        while True:
            with self._lock:
                slot = self._free_slot(capacity_bytes)
                if slot is not None:
                    return slot
                verdict = self._room_for(capacity_bytes)
                if verdict == "room":
                    return self._new_slot(capacity_bytes)
                acked_seq = self._acked_seq
            if verdict == "none" or waited_secs > BLOCK_LIMIT_SECS:
                return None
            time.sleep(0.005)
            waited_secs = 0.0 if read_ack(self.directory.parent) > acked_seq else waited_secs + 0.005

    def _free_slot(self, capacity_bytes: int) -> Slot | None:
        free = self._free.get(capacity_bytes)
        if not free:
            self._collect_released()
            self._collect_stored()
            free = self._free.get(capacity_bytes)
            if not free:
                return None
        slot = free.pop()
        slot.is_filling = True
        return slot

    def _collect_released(self) -> None:
        while self._released:
            slot = self._released.popleft()
            slot.references -= 1
            if slot.references == 0:
                self._live.discard(slot)
                if slot.is_pinned:
                    continue
                if slot.last_seq <= self._acked_seq:
                    self._set_free(slot)
                else:
                    self._waiting.append(slot)

    def _collect_stored(self) -> None:
        if not self._waiting:
            return
        self._acked_seq = read_ack(self.directory.parent)
        # In the order of logging, more or less; whoever stands behind a younger one waits a little longer.
        while self._waiting and self._waiting[0].last_seq <= self._acked_seq:
            self._set_free(self._waiting.popleft())

    def _set_free(self, slot: Slot) -> None:
        slot.last_seq = 0
        self._free.setdefault(slot.capacity_bytes, []).append(slot)

    def _room_for(self, capacity_bytes: int) -> str:
        """ "room", "wait" for the sidecar, or "none"."""
        if self._limit_bytes is None:
            self._limit_bytes = _default_limit_bytes(self.directory.parent)
        if self.size_bytes + capacity_bytes <= self._limit_bytes:
            return "room"
        self._evict(capacity_bytes)
        if self.size_bytes + capacity_bytes <= self._limit_bytes:
            return "room"
        if self._waiting and self._is_draining():
            self._tell(
                "spool-full",
                f"{self.size_bytes >> 20} MiB of media wait to be stored; log() of media waits for them",
            )
            return "wait"
        if _free_disk_bytes(self.directory.parent) > LEAST_FREE_DISK_BYTES + capacity_bytes:
            self._tell(
                "spool-stuck",
                f"{self.size_bytes >> 20} MiB of media wait in {self.directory} and nothing stores them now; "
                "going on while the disk has room",
            )
            return "room"
        return "none"

    def _evict(self, needed_bytes: int) -> None:
        """Delete free slots of other sizes."""
        for slots in self._free.values():
            while slots and self.size_bytes + needed_bytes > (self._limit_bytes or 0):
                self._discard(slots.pop())

    def _new_slot(self, capacity_bytes: int) -> Slot | None:
        name = f"{self._next_name:06d}.bin"
        self._next_name += 1
        slot = Slot(name, capacity_bytes)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _O_BINARY
        try:
            try:
                slot.fd = os.open(self.directory / name, flags, 0o600)
            except FileNotFoundError:
                os.makedirs(self.directory, mode=0o700, exist_ok=True)
                slot.fd = os.open(self.directory / name, flags, 0o600)
        except OSError:
            return None
        self._slots[name] = slot
        self.size_bytes += capacity_bytes
        self._note_open(slot)
        return slot

    def _note_open(self, slot: Slot) -> None:
        self._open.append(slot)
        if len(self._open) > OPEN_FILES_LIMIT:
            oldest = self._open.popleft()
            if oldest.is_filling:
                self._open.append(oldest)
            else:
                _close(oldest)

    def _fill(self, slot: Slot, view: Pieces, size_bytes: int, offset: int = 0) -> int:
        if slot.fd < 0:
            with self._lock:
                slot.fd = os.open(self.directory / slot.name, os.O_RDWR | _O_BINARY)
                self._note_open(slot)
        return _write_pieces(slot.fd, view, size_bytes, offset)

    def _discard(self, slot: Slot) -> None:
        with self._lock:
            if self._slots.pop(slot.name, None) is None:
                return
            self.size_bytes -= slot.capacity_bytes
            self._dirty.discard(slot.name)
            with contextlib.suppress(ValueError):
                self._open.remove(slot)
            _close(slot)
            with contextlib.suppress(OSError):
                os.unlink(self.directory / slot.name)

    def _tell(self, code: str, text: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._on_trouble(code, text)


def _write_pieces(fd: int, view: Pieces, size_bytes: int, offset: int) -> int:
    crc = 0
    os.lseek(fd, offset, os.SEEK_SET)
    for start in range(0, size_bytes, PIECE_BYTES):
        piece = view[start : start + PIECE_BYTES].tobytes()
        crc = extend_crc32c(crc, piece)
        written = os.write(fd, piece)
        while written < len(piece):
            written += os.write(fd, piece[written:])
    return int(crc)


def _close(slot: Slot) -> None:
    fd, slot.fd = slot.fd, -1
    if fd >= 0:
        with contextlib.suppress(OSError):
            os.close(fd)


def _size_class(size_bytes: int) -> int:
    """Sizes that share slots: steps of an eighth, so that at most that much is wasted."""
    step = max(4096, 1 << max(0, size_bytes.bit_length() - 4))
    return -(-size_bytes // step) * step


def _free_disk_bytes(directory: Path) -> int:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return 0


def _default_limit_bytes(directory: Path) -> int:
    return min(LIMIT_BYTES, int(_free_disk_bytes(directory) * LIMIT_SHARE_OF_FREE_DISK))
