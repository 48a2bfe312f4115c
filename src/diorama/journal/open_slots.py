"""The slots of a spool whose files are open."""

from __future__ import annotations

from collections import deque

from diorama.journal.slot import Slot, close_slot

OPEN_FILES_LIMIT = 48


class OpenSlots:
    """Open files, up to a number: beyond it the one that was opened first is closed. One that is being
    written to stays open.

    All of it is to be called under the spool's lock.
    """

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque()

    def add(self, slot: Slot) -> None:
        """The file of `slot` was opened."""
        self._slots.append(slot)
        if len(self._slots) > OPEN_FILES_LIMIT:
            oldest = self._slots.popleft()
            if oldest.fillers or oldest is slot:
                self._slots.append(oldest)
            else:
                close_slot(oldest)

    def close(self, slot: Slot) -> None:
        """Close its file, if it is open."""
        if slot in self._slots:
            self._slots.remove(slot)
        close_slot(slot)

    def forget_all(self) -> None:
        """The spool is being closed: each file is closed as soon as nobody writes to it."""
        self._slots.clear()
