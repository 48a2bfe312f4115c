"""Large buffers of a running run, in files beside its journal.

A media object's only copy goes straight into a slot file; small ones share a slot, one behind the other.
Slots are recycled, because writing over cached pages costs a memory copy while fresh pages cost several: a
slot is free again when nothing in this process refers to it and the sidecar has stored every entry that
named it.

Invariants:
- bytes that an unstored entry names, or a live object refers to, are never overwritten;
- a slot that a large file was copied to is never written to again: the store may have a second name for it
  (`journal.sealed`);
- the checksum is taken from the very bytes that were written (in pieces that stay in the CPU's cache),
  so that a thread that changes the source meanwhile makes a torn picture, not a corrupt one;
- only the process that made a spool writes to it; a forked child reads it at most.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from diorama.errors import Corrupt, ignored_faults, is_interruption
from diorama.journal.at_once import all_at_once
from diorama.journal.attic import ATTIC
from diorama.journal.codec import SpoolPart
from diorama.journal.folder import make_folders, read_ack, sync_folder
from diorama.journal.open_slots import OpenSlots
from diorama.journal.slot import Holder, Slot, Spooled, close_slot, fill_slot, size_class
from diorama.journal.slot_sync import SlotSync, put_copy
from diorama.journal.spool_limit import SpoolLimit
from diorama.journal.unsynced import Unsynced
from diorama.media.core.keep import SPOOL_FROM_BYTES, Kept, Pieces

SHARED_BELOW_BYTES = 128 << 10
"""Smaller buffers share slots: taking one costs more than writing so few bytes."""
SHARED_SLOT_BYTES = 1 << 20
PAGE_BYTES = 4096
BLOCK_LIMIT_SECS = 10.0
"""After so long waiting for room is given up, until media were stored again."""

_O_BINARY = getattr(os, "O_BINARY", 0)


class Spool:
    """The spool of one writer.

    is_draining: whether somebody is storing entries, so that waiting for room makes sense.
    on_trouble(code, text): told once when the bound is reached; codes "spool-full",
    "spool-stuck". Told whenever media are lost before they are stored; codes "deleted", "damaged".
    acked_seq, newest_seq: the newest entry that is stored, and the newest there may be.
    """

    # As in the writer: Python looks for signals when calls return, when functions begin and where loops turn,
    # and changes threads there. Steps that stand together without calls are one step.

    def __init__(
        self,
        directory: Path,
        *,
        limit_bytes: int | None = None,
        is_draining: Callable[[], bool] = lambda: False,
        on_trouble: Callable[[str, str], None] = lambda code, text: None,
        acked_seq: Callable[[], int] | None = None,
        newest_seq: Callable[[], int] = lambda: 0,
    ) -> None:
        self.directory = Path(directory)
        self.size_bytes = 0
        """Bytes of all slot files."""
        self._limit = SpoolLimit(self.directory.parent, limit_bytes)
        self._is_draining = is_draining
        self._on_trouble = on_trouble
        self._ask_acked_seq = acked_seq or (lambda: read_ack(self.directory.parent))
        self._ask_newest_seq = newest_seq
        self._lock = threading.RLock()
        self._holders: set[Holder] = set()
        self._released: deque[Holder] = deque()
        self._slots: dict[str, Slot] = {}
        self._free: dict[int, list[Slot]] = {}
        self._waiting: dict[Slot, None] = {}
        """Slots that no object refers to, and that are free as soon as their entries are stored: roughly in
        the order of logging, so that looking at the first ones is enough."""
        self._open = OpenSlots()
        self._dirty: Unsynced[Slot] = Unsynced()
        self._names: Unsynced[Path] = Unsynced()
        self._next_name = 1
        self._acked_seq = 0
        self._has_given_up = False
        """Whether the last wait for room was in vain. No more waiting until a slot has become free."""
        self._told: set[str] = set()
        self._news: deque[tuple[str, str]] = deque()
        self._owner_pid = os.getpid()
        self._is_closed = False
        self._shared: Spooled | None = None
        self._shared_bytes = 0

    def keep(self, view: Pieces) -> Spooled | None:
        """Put bytes into a slot; None if they should stay in memory (disk trouble, closed, foreign
        process). Blocks while the spool is full and somebody stores what is in it, for `BLOCK_LIMIT_SECS` at
        most: the bound says how much more may be kept, so that others have room on the disk, too."""
        if self._is_closed or os.getpid() != self._owner_pid:
            return None
        try:
            if view.nbytes < SHARED_BELOW_BYTES:
                return self._keep_shared(view, view.nbytes)
            return self._keep_alone(view, view.nbytes)
        except OSError as error:
            if is_interruption(error):
                raise
            return None

    def _keep_alone(self, view: Pieces, size_bytes: int) -> Spooled | None:
        kept = self._take_slot(size_class(size_bytes))
        if kept is None:
            return None
        try:
            self._fill(kept, view, size_bytes, 0)
        except BaseException:
            self._discard(kept.slot)
            raise
        return kept

    def _keep_shared(self, view: Pieces, size_bytes: int) -> Spooled | None:
        """Behind the last small buffer, in a slot that is let go when the next one does not fit."""
        # On whole pages, so that no two writers of the page cache meet on one.
        taken_bytes = -(-size_bytes // PAGE_BYTES) * PAGE_BYTES
        kept = self._new_spooled()
        holder = kept.holder
        while True:
            with self._lock:
                shared, offset = self._shared, self._shared_bytes
                if shared is not None and offset + size_bytes <= shared.slot.capacity_bytes:
                    slot = shared.slot
                    kept.slot = holder.slot = slot
                    slot.references += 1
                    self._shared_bytes = offset + taken_bytes
                    break
                self._shared = None
            fresh = self._take_slot(SHARED_SLOT_BYTES)
            if fresh is None:
                return None
            with self._lock:
                if self._shared is None:  # else another thread was quicker
                    self._shared, self._shared_bytes = fresh, 0
        try:
            self._fill(kept, view, size_bytes, offset)
        except OSError:
            if self._shared is shared:
                self._shared = None
            raise
        return kept

    def _new_spooled(self) -> Spooled:
        kept = Spooled(self.directory)
        holder = Holder(kept, self._released.append)
        holder.slot = None
        kept.holder = holder
        self._holders.add(holder)
        return kept

    def locate(self, kept: Kept) -> tuple[SpoolPart, Kept] | None:
        """Where an entry finds `kept` in this spool; None if it is to travel in the frame. The entry is on
        its way: `mark` says when it is in the journal.

        Bytes of another spool (of a finished run, of the process that forked this one) are copied.
        """
        if isinstance(kept, Spooled):
            if kept.directory is self.directory and os.getpid() == self._owner_pid and not self._is_closed:
                kept.slot.naming += 1
                return kept.part, kept
        elif kept.size_bytes < SPOOL_FROM_BYTES:
            return None
        own = self.keep(kept if isinstance(kept, Spooled) else memoryview(kept.read()).cast("B"))
        if own is None:
            return None
        if isinstance(kept, Spooled) and own.part.crc != kept.part.crc:
            raise Corrupt(f"spool file {kept.slot.name} does not match its checksum")
        own.slot.naming += 1
        return own.part, own

    def mark(self, kept: list[Kept], seq: int) -> None:
        """Entry `seq` names these buffers. To be called while they are alive."""
        for each in kept:
            if isinstance(each, Spooled):
                slot = each.slot
                if slot.last_seq < seq:
                    slot.last_seq = seq
                if slot.naming:
                    slot.naming -= 1

    def pin(self) -> None:
        """Before a fork: what is alive now may be used by the child, so it is never recycled."""
        with self._lock:
            self._collect_released()
            for slot in self._slots.values():
                slot.is_pinned = slot.is_pinned or slot.references > 0

    # -- power loss ----------------------------------------------------------------------------

    def sync(self) -> None:
        """Bring all slots to disk. Raises OSError; what could not be brought there is tried the next time.

        Waits for no disk under the lock that `keep` takes.
        """
        slots = SlotSync(self.directory, self._dirty, lambda slot: slot.name not in self._slots)
        names = [
            partial(self._sync_name, folder, numbers) for folder, numbers in self._names.waiting().items()
        ]
        failures = all_at_once([*slots.jobs(), *names])
        for slot in slots.suspect:
            try:
                self._renew(slot)
                slots.done(slot)
            except OSError as error:
                if is_interruption(error):
                    raise
                failures.append(error)
        if slots.missing:
            self.restore()
            failures.append(OSError(errno.ENOENT, "media were deleted under the run"))
        if failures:
            raise failures[0]

    @property
    def is_dirty(self) -> bool:
        """Whether there is anything that `sync` would have to bring to disk."""
        return bool(self._dirty.waiting() or self._names.waiting())

    def _sync_name(self, folder: Path, numbers: list[int]) -> None:
        sync_folder(folder)
        self._names.done(numbers)

    def _renew(self, slot: Slot) -> None:
        """Put a copy in the place of a slot whose sync has failed. Raises OSError."""
        damaged = 0
        with self._lock:
            if self._shared is not None and self._shared.slot is slot:
                self._shared = None  # nothing more goes there
            self._collect_released()
            if slot in self._free.get(slot.capacity_bytes, ()):
                self._discard(slot)  # nobody needs what is in it
        if slot.name in self._slots and slot.is_suspect:  # else another thread has renewed it
            damaged = self._put_copy(slot)
        for folder, numbers in self._names.waiting().items():
            self._sync_name(folder, numbers)
        if damaged:
            raise OSError(errno.EIO, f"{damaged} buffers of media are lost")

    def _put_copy(self, slot: Slot) -> int:
        damaged = put_copy(slot, self.directory, self._slots, self._names, self._lock)
        if damaged:
            self._on_trouble("damaged", f"the disk has lost {damaged} buffers of media that it had taken")
        return damaged

    def restore(self) -> None:
        """Write again, from their open files, the slots that somebody has deleted. Says how many can't be.
        Raises OSError."""
        lost = 0
        failures: list[OSError] = []
        for slot in list(self._slots.values()):
            if (self.directory / slot.name).exists():
                continue
            with self._lock:
                if slot.fillers or slot.name not in self._slots:
                    continue  # it is not on disk as long as it is being written, and looked at again
                is_needed = bool(slot.references or slot in self._waiting)
                if not is_needed or slot.fd < 0:
                    lost += is_needed
                    self._forget(slot)
                    continue
            try:
                make_folders(self.directory)
                self._names.add(self.directory.parent)
                self._put_copy(slot)
            except OSError as error:
                if is_interruption(error):
                    raise
                failures.append(error)
        if lost:
            self._on_trouble("deleted", f"{lost} files of media were deleted before they were stored")
        if failures:
            raise failures[0]

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """No more bytes, no more descriptors. The bytes of objects that are still alive go to the attic, so
        that they can be logged to a later run although this folder is gone by then."""
        if self._is_closed:
            return
        with self._lock:
            self._shared = None
            self._collect_released()
            self._is_closed = True
            slots = list(self._slots.values())
            self._open.forget_all()
        for slot in slots:
            if slot.references:
                try:
                    slot.attic = ATTIC.take_in(
                        self.directory / slot.name,
                        self.directory.parent.parent,
                        is_closed=slot.is_sealed,
                        is_needed=partial(self._is_alive, slot) if slot.is_sealed else self._is_any_alive,
                    )
                except OSError as error:
                    if is_interruption(error):
                        raise
                    # The object stays readable as long as the folder is there.
            if not slot.fillers:
                close_slot(slot)
        ATTIC.tidy()

    def _is_any_alive(self) -> bool:
        return any(holder() is not None for holder in self._holders.copy())

    def _is_alive(self, slot: Slot) -> bool:
        return any(holder.slot is slot and holder() is not None for holder in self._holders.copy())

    # -- slots ---------------------------------------------------------------------------------

    def _take_slot(self, capacity_bytes: int) -> Spooled | None:
        """A slot of its own for a new object; None if there is no room. Raises OSError."""
        kept = self._new_spooled()
        give_up_at = time.monotonic() + BLOCK_LIMIT_SECS
        while True:
            self._tell_news()
            with self._lock:
                if self._take_free_slot(kept, capacity_bytes):
                    return kept
                verdict = self._room_for(capacity_bytes)
                if verdict == "room":
                    self._make_slot(capacity_bytes)
                    continue
            if verdict == "none":
                self._tell_news()
                return None
            time.sleep(0.005)
            if time.monotonic() > give_up_at:
                self._has_given_up = True

    def _take_free_slot(self, kept: Spooled, capacity_bytes: int) -> bool:
        holder = kept.holder
        free = self._free.setdefault(capacity_bytes, [])
        if not free:
            self._collect_released()
            self._collect_stored()
            for sealed in [slot for slots in self._free.values() for slot in slots if slot.is_sealed]:
                self._discard(sealed)
        while free and free[-1].is_sealed:
            self._discard(free[-1])
        if not free:
            return False
        # The one that was used last: its pages are most likely still in the cache.
        slot = free[-1]
        kept.slot = holder.slot = slot
        slot.references += 1
        slot.parts = {}
        del free[-1]
        return True

    def _collect_released(self) -> None:
        """Let go of slots that no object refers to any more."""
        while self._released:
            holder = self._released[0]
            slot = holder.slot
            if slot is not None and slot.name in self._slots:
                slot.fillers.pop(holder, None)
                if slot.naming and slot.references == 1:
                    # An entry was interrupted on its way to the journal: it may be there, or not.
                    slot.last_seq = self._ask_newest_seq()
                free = self._free.setdefault(slot.capacity_bytes, [])
                slot.references -= 1
                holder.slot = None
                if slot.references == 0 and not slot.is_pinned:
                    slot.naming = 0
                    if slot.last_seq > self._acked_seq:
                        self._waiting[slot] = None
                    else:
                        slot.last_seq = 0
                        free.append(slot)
            self._holders.discard(holder)
            if self._released and self._released[0] is holder:
                del self._released[0]

    def _collect_stored(self) -> None:
        if not self._waiting:
            return
        self._acked_seq = acked_seq = self._ask_acked_seq()
        for slot in list(self._waiting):
            if slot.last_seq > acked_seq:
                break
            free = self._free.setdefault(slot.capacity_bytes, [])
            if slot in self._waiting:
                slot.last_seq = 0
                del self._waiting[slot]
                free.append(slot)
                self._has_given_up = False

    def _room_for(self, capacity_bytes: int) -> str:
        """ "room", "wait" for the sidecar, or "none"."""
        if self._limit.allows(self.size_bytes + capacity_bytes):
            return "room"
        self._evict(capacity_bytes)
        if self._limit.allows(self.size_bytes + capacity_bytes):
            return "room"
        if self._waiting and not self._has_given_up and self._is_draining():
            self._tell(
                "spool-full",
                f"{self.size_bytes >> 20} MiB of media wait to be stored; log() of media waits for them",
            )
            return "wait"
        if self._limit.disk_has(capacity_bytes):
            self._tell(
                "spool-stuck",
                f"{self.size_bytes >> 20} MiB of media wait in {self.directory} and are not being stored; "
                "going on while the disk has room",
            )
            return "room"
        return "none"

    def _evict(self, needed_bytes: int) -> None:
        """Delete free slots of other sizes."""
        for slots in self._free.values():
            for slot in list(slots):
                if self._limit.allows(self.size_bytes + needed_bytes):
                    return
                self._discard(slot)

    def _make_slot(self, capacity_bytes: int) -> None:
        """One more free slot. Raises OSError."""
        name = f"{self._next_name:06d}.bin"
        self._next_name += 1
        slot = Slot(name, capacity_bytes)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _O_BINARY
        try:
            slot.fd = os.open(self.directory / name, flags, 0o600)
        except FileNotFoundError:
            make_folders(self.directory)
            self._names.add(self.directory.parent)
            slot.fd = os.open(self.directory / name, flags, 0o600)
        self._slots[name] = slot
        self.size_bytes += capacity_bytes
        self._free[capacity_bytes].append(slot)
        self._open.add(slot)
        self._names.add(self.directory)

    def _fill(self, kept: Spooled, view: Pieces, size_bytes: int, offset: int) -> None:
        slot = kept.slot
        with self._lock:
            slot.fillers[kept.holder] = None
            if slot.fd < 0:
                slot.fd = os.open(self.directory / slot.name, os.O_RDWR | _O_BINARY)
                self._open.add(slot)
            fd = slot.fd
        crc = fill_slot(slot, fd, view, size_bytes, offset)
        kept.note(size_bytes, crc, offset)
        slot.parts[offset] = (size_bytes, crc)
        self._dirty.add(slot)
        slot.fillers.pop(kept.holder, None)
        if self._is_closed and not slot.fillers:
            close_slot(slot)

    def _discard(self, slot: Slot) -> None:
        """Delete a slot's file."""
        with self._lock:
            self._forget(slot)
            with ignored_faults():
                os.unlink(self.directory / slot.name)

    def _forget(self, slot: Slot) -> None:
        if self._slots.pop(slot.name, None) is None:
            return
        self.size_bytes -= slot.capacity_bytes
        free = self._free.get(slot.capacity_bytes, [])
        if slot in free:
            free.remove(slot)
        self._waiting.pop(slot, None)
        self._open.close(slot)

    def _tell(self, code: str, text: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._news.append((code, text))

    def _tell_news(self) -> None:
        """Pass on what went wrong; never under the lock, since whoever hears it may write to a terminal."""
        while self._news:
            self._on_trouble(*self._news.popleft())
