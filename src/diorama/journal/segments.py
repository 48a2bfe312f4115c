"""The segment files of one writer: opened, swapped, synced, made good, and how far they are stored.

Invariants:
- the lock that `log()` takes is never held while the disk is waited for: files are opened and synced
  without it, and swapping the open segment for a fresh one is all that happens under it;
- nothing is appended to a segment once a later one has bytes in it: readers go on by that;
- a segment is created with O_EXCL, so that two processes never write to one file;
- the first segment is never deleted: it says whose journal this is.
"""

from __future__ import annotations

import errno
import functools
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from diorama.errors import ignored_faults, is_interruption
from diorama.journal.at_once import all_at_once
from diorama.journal.folder import ACK, ack_in, make_folders, read_ack, sync_folder
from diorama.journal.frame import scan
from diorama.journal.reader import list_segments, segment_name
from diorama.journal.segment_copy import Segment, copy_segment, draft_of
from diorama.journal.unsynced import Unsynced

HEAD_FRAMES = 2
"""How many frames of the beginning are kept in memory. A writer begins with its Start entry, twice, because
nobody would know whose journal it is without it."""
_O_BINARY = getattr(os, "O_BINARY", 0)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | _O_BINARY
_fdatasync = getattr(os, "fdatasync", os.fsync)

APPENDING = 1
"""An append is under way. Seen under the lock, it is one of this very thread that a signal's handler, or a
finaliser, interrupted."""
UNCERTAIN = 2
"""It is not known whether the last append has reached the file: `_settle` finds out."""
IN_TROUBLE = 4
"""The disk takes nothing: entries wait in memory."""
ENDED = 8
"""No more entries."""


class Buffers(Protocol):
    """The files beside the journal that its entries name."""

    @property
    def is_dirty(self) -> bool:
        """Whether there is anything to bring to disk."""
        ...

    def sync(self) -> None:
        """Bring them to disk. Raises OSError."""
        ...

    def restore(self) -> None:
        """The folder was deleted: write again what can be."""
        ...


class SegmentFiles:
    """The open segment of `directory` and those before it. The base of JournalWriter, which appends to `_fd`.

    `_size_bytes` of the open segment are whole frames, up to `seq`; there may be more in it only while
    `_state` says APPENDING or UNCERTAIN.
    """

    # Slots: reading an attribute of a plain object with as many of them as a writer has is slower.
    __slots__ = (
        "_ack_fd",
        "_fd",
        "_head",
        "_healing",
        "_last_seq_of",
        "_names",
        "_news",
        "_ring",
        "_segment",
        "_size_bytes",
        "_state",
        "_suspect",
        "_synced_seq",
        "_synced_to",
        "_told",
        "_turn",
        "_unsynced",
        "buffers",
        "directory",
        "lock",
        "seq",
    )

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = threading.RLock()
        self.seq = 0
        """seq of the newest entry."""
        self.buffers: Buffers | None = None
        """Synced before the segments that name them."""
        self._state = 0
        self._turn = 0
        """Grows with every append that may have come in between something."""
        self._fd = -1
        self._segment = 0
        self._size_bytes = 0
        self._ring: deque[tuple[int, bytes]] = deque()
        self._unsynced: list[Segment] = []
        self._last_seq_of: dict[int, int] = {}
        self._head: list[bytes] = []
        self._ack_fd = -1
        self._names: Unsynced[Path] = Unsynced()
        self._healing = threading.Lock()
        self._synced_seq = 0
        self._synced_to = (0, 0)
        """Number and size of the segment that was synced last."""
        self._suspect: set[int] = set()
        """Segments whose sync failed once. That it succeeds the next time proves nothing: the kernel may have
        dropped what it could not write. They are safe when a copy is."""
        self._news: deque[tuple[str, str]] = deque()
        self._told: set[str] = set()

    @property
    def acked_seq(self) -> int:
        """The newest entry that is stored for good. Asked through an open file, so that the answer stays
        when the sidecar has removed the journal, or somebody else has."""
        if self._ack_fd < 0 or not hasattr(os, "pread"):
            return read_ack(self.directory)
        try:
            return ack_in(os.pread(self._ack_fd, ACK.size, 0))
        except OSError as error:
            if is_interruption(error):
                raise
            return 0

    def newest_seq(self) -> int:
        """The highest seq that an entry may have by now."""
        with self.lock:
            if self._state & UNCERTAIN and not self._state & APPENDING:
                self._settle()
            return self.seq + (1 if self._state & APPENDING else 0)

    # -- what is in the file -------------------------------------------------------------------

    def _settle(self) -> None:
        """Find out from the file what was appended to it behind what is known: by an append that was
        interrupted, or that is still under way below this one. Under the lock.

        A torn frame stays where it is: readers skip it, and taking it back could take back what a signal's
        handler appends at this very moment.
        """
        while True:
            turn = self._turn
            size_bytes, seq = self._size_bytes, self.seq
            try:
                tail = self._read_from(size_bytes)
                size_bytes += len(tail)
                for frame in scan(tail):
                    if frame.seq == seq + 1:
                        seq = frame.seq
            except OSError as error:
                if is_interruption(error):
                    raise
                seq += 1  # its place may be taken; a gap is better than two entries with one seq
            if self._ring:
                seq = max(seq, self._ring[-1][0])
            if self._turn == turn:  # else a handler's append came in between
                self._size_bytes = size_bytes
                self.seq = seq
                self._state &= ~UNCERTAIN
                return

    def _take_back(self, seq: int, start: int) -> None:
        """Cut off what was written of a frame, unless somebody wrote behind it. If that fails, readers skip
        it by its checksum."""
        try:
            if self.seq == seq - 1 and self._size_bytes == start:
                os.ftruncate(self._fd, start)
        except OSError as error:
            if is_interruption(error):
                raise

    def _read_from(self, start: int) -> bytes:
        """All bytes of the open segment from `start` on."""
        if self._fd < 0:
            return b""
        if not hasattr(os, "pread"):
            with open(self.directory / segment_name(self._segment), "rb") as file:
                file.seek(start)
                return file.read()
        parts: list[bytes] = []
        while part := os.pread(self._fd, max(os.fstat(self._fd).st_size - start, 0), start):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    # -- opening and swapping ------------------------------------------------------------------

    def _make_folder(self) -> None:
        make_folders(self.directory.parent)
        os.mkdir(self.directory, 0o700)
        self._names.add(self.directory.parent)
        self._names.add(self.directory.parent.parent)
        self._open_ack()

    def _open_ack(self) -> None:
        old_fd, self._ack_fd = self._ack_fd, -1
        if old_fd >= 0:
            os.close(old_fd)
        with ignored_faults():
            self._ack_fd = os.open(self.directory / "ack", os.O_RDWR | os.O_CREAT | _O_BINARY, 0o600)

    def _swap(self) -> bool:
        """Go on in a fresh segment. The one before waits to be synced, by its open file. False if an append
        is under way below us. Raises OSError if no file can be made; then nothing has changed."""
        number = self._segment
        while True:
            number += 1
            try:
                fd = os.open(self.directory / segment_name(number), _FLAGS | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            break
        self._names.add(self.directory)  # before an entry can be in it
        with self.lock:
            if self._state & UNCERTAIN and not self._state & APPENDING:
                self._settle()
            is_swapping = number > self._segment and not self._state & (APPENDING | ENDED)
            if is_swapping:
                old = Segment(self._segment, self._fd, self._size_bytes, self.seq)
                self._fd, self._segment, self._size_bytes = fd, number, 0
                if old.size_bytes:
                    self._last_seq_of[old.number] = old.last_seq
                    self._unsynced.append(old)
        if not is_swapping:
            self._forget_file(number, fd)
            return False
        if not old.size_bytes and old.fd >= 0:
            self._forget_file(old.number, old.fd)  # else a full disk would collect empty files
        return True

    def _forget_file(self, number: int, fd: int) -> None:
        with ignored_faults():
            os.close(fd)
        with ignored_faults():
            os.unlink(self.directory / segment_name(number))

    def _drop_stored_segments(self) -> None:
        """Delete what is stored for good. The first segment stays: it says whose journal this is."""
        acked_seq = self.acked_seq
        stored = [number for number, last in self._last_seq_of.copy().items() if last <= acked_seq]
        for number in stored:
            if number > 1:
                with ignored_faults():
                    os.unlink(self.directory / segment_name(number))
                self._last_seq_of.pop(number, None)
        self._let_go([segment for segment in self._unsynced if segment.last_seq <= acked_seq])

    def _let_go(self, done: list[Segment]) -> None:
        """Forget segments that are safe, and close their files."""
        with self.lock:
            for segment in done:
                if segment in self._unsynced:
                    self._unsynced.remove(segment)
                    with ignored_faults():
                        os.close(segment.fd)

    def _close_files(self) -> None:
        """Close all files."""
        with self.lock:
            fds = [self._fd, self._ack_fd, *(segment.fd for segment in self._unsynced)]
            self._fd = self._ack_fd = -1
            self._unsynced = []
        for fd in fds:
            if fd >= 0:
                with ignored_faults():
                    os.close(fd)

    # -- power loss ----------------------------------------------------------------------------

    def _sync_files(self) -> bool:
        """Bring buffers, segments and their names to disk, without holding the lock. False if something
        could not be brought there: it is tried again the next time, and what works goes on being used."""
        with self.lock:
            if self._state & UNCERTAIN and not self._state & APPENDING:
                self._settle()
            seq = self.seq
        if seq <= self.acked_seq:  # all of it is in the store, and the journal may have been removed
            self._synced_seq = max(self._synced_seq, seq)
            return True
        if self.buffers is not None and self.buffers.is_dirty:  # before the entries that name them
            is_synced = self._sync_beside_names("syncing media failed", self.buffers.sync)
            is_synced = self._tried("syncing the journal failed", self._sync_segments) and is_synced
        else:
            is_synced = self._sync_beside_names("syncing the journal failed", self._sync_segments)
        if is_synced:  # the names of what was written again meanwhile
            is_synced = self._tried("syncing the journal's folder failed", self._sync_names)
        if is_synced:
            self._synced_seq = max(self._synced_seq, seq)
            self._told.clear()
        return is_synced

    def _sync_beside_names(self, failing: str, step: Callable[[], object]) -> bool:
        """Take a step, and bring names to disk meanwhile: each sync waits for the disk. Whether both went
        well."""
        names = [
            functools.partial(self._sync_name, folder, numbers)
            for folder, numbers in self._names.waiting().items()
        ]
        is_done: list[bool] = []
        failures = [
            error
            for error in all_at_once(names, mine=lambda: is_done.append(self._tried(failing, step)))
            if not isinstance(error, FileNotFoundError)  # deleted; `step` has written it again, or failed
        ]
        for error in failures:
            self._tell_once("disk", f"syncing the journal's folder failed: {error}")
        return is_done == [True] and not failures

    def _tried(self, failing: str, action: Callable[[], object]) -> bool:
        try:
            action()
        except OSError as error:
            if is_interruption(error):
                raise
            self._tell_once("disk", f"{failing}: {error}")
            return False
        return True

    def _tell_once(self, code: str, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._news.append((code, text))

    def _sync_segments(self) -> None:
        """Raises OSError if one of them can neither be synced nor written again."""
        failures: list[OSError] = []
        opened = self._opened()
        try:
            while opened:
                segment = opened[0]
                why = self._sync_segment(segment)
                if not why:  # it is safe, unless more was appended meanwhile
                    size_bytes = segment.size_bytes
                    done = [each for each in self._unsynced if each.number == segment.number]
                    self._let_go([each for each in done if each.size_bytes == size_bytes])
                    self._synced_to = (segment.number, size_bytes)
                else:
                    try:
                        self._heal(segment.number, why)
                    except OSError as error:
                        if is_interruption(error):
                            raise
                        failures.append(error)
                os.close(segment.fd)
                del opened[0]
        finally:
            for segment in opened:
                os.close(segment.fd)
        if failures:
            raise failures[0]

    def _opened(self) -> list[Segment]:
        """What is to be synced, oldest first, with descriptors of its own: nobody closes them meanwhile."""
        opened: list[Segment] = []
        with self.lock:
            here = [*self._unsynced, Segment(self._segment, self._fd, self._size_bytes, self.seq)]
            try:
                for each in here:
                    if each.fd >= 0:
                        opened.append(Segment(each.number, os.dup(each.fd), each.size_bytes, each.last_seq))
            except OSError:
                for each in opened:
                    os.close(each.fd)
                raise
        return opened

    def _sync_segment(self, segment: Segment) -> str:
        """Sync it and look whether it is where it should be; answers what is wrong. Raises OSError if that
        can't be found out."""
        if segment.number in self._suspect:
            return "an earlier sync of the journal failed"
        # Opened anew: the kernel tells each open file once of a write that failed, and others may sync too.
        try:
            fd = os.open(self.directory / segment_name(segment.number), os.O_RDWR | _O_BINARY)
        except (FileNotFoundError, NotADirectoryError):
            return "the journal was deleted under the run"
        try:
            if not os.path.samestat(os.fstat(fd), os.fstat(segment.fd)):
                return "the journal was replaced under the run"
            if self._synced_to != (segment.number, segment.size_bytes):
                _fdatasync(fd)
        except OSError as error:
            if is_interruption(error):
                raise
            self._suspect.add(segment.number)
            return f"syncing the journal failed: {error}"
        finally:
            os.close(fd)
        if segment.number in self._suspect:
            return "another sync of the journal failed meanwhile"
        return ""

    def _sync_names(self) -> None:
        for folder, numbers in self._names.waiting().items():
            self._sync_name(folder, numbers)

    def _sync_name(self, folder: Path, numbers: list[int]) -> None:
        sync_folder(folder)
        self._names.done(numbers)

    # -- what was lost -------------------------------------------------------------------------

    def _heal(self, number: int, why: str) -> None:
        """Put a copy in the place of a segment that is gone, or that a failed sync may have damaged: the
        kernel may have forgotten its pages, and syncing again would only pretend. Raises OSError."""
        if not self._healing.acquire(blocking=False):
            raise BlockingIOError(errno.EAGAIN, "the journal is being written again")
        try:
            with self.lock:
                is_ours = number == self._segment or any(each.number == number for each in self._unsynced)
            if not is_ours:
                return  # it was empty and has been replaced, or it is stored
            self._tell_once("disk", f"{why}; writing it again")
            make_folders(self.directory)
            self._names.add(self.directory.parent)
            if number == self._segment and not self._swap():
                raise BlockingIOError(errno.EAGAIN, "an entry is being written")
            damaged = 0
            for segment in list(self._unsynced):
                if segment.number == number:
                    damaged += self._copy(segment)
                    self._let_go([segment])
            self._suspect.discard(number)
            if damaged:
                self._news.append(("damaged", f"the disk has lost {damaged} entries that it had taken"))
            self._restore_rest()
            if damaged:
                raise OSError(errno.EIO, f"{damaged} entries are lost")
        finally:
            self._healing.release()

    def _copy(self, segment: Segment) -> int:
        """Write a segment again from its open file. Returns how many entries in it that are not stored can't
        be read any more. Raises OSError."""
        before = [last for number, last in self._last_seq_of.copy().items() if number < segment.number]
        path = self.directory / segment_name(segment.number)
        damaged = copy_segment(segment, path, after_seq=max([self.acked_seq, *before]))
        self._names.add(self.directory)
        return damaged

    def _restore_rest(self) -> None:
        """What else a journal needs, where its folder was deleted: the beginning that says whose it is, the
        note of what is stored, the media. Says what can't be written again."""
        there = list_segments(self.directory)
        if 1 not in there:
            with draft_of(self.directory / segment_name(1)) as file:
                file.write(b"".join(self._head))
            self._names.add(self.directory)
        acked_seq = self.acked_seq
        if "ack" not in os.listdir(self.directory):
            self._open_ack()
            if acked_seq and self._ack_fd >= 0:
                os.write(self._ack_fd, ACK.pack(acked_seq))
        missing, before_seq = 0, 0
        to_come = {segment.number for segment in self._unsynced}  # each will be copied, too
        for number, last_seq in sorted(self._last_seq_of.items()):
            if last_seq > acked_seq and number not in there and number not in to_come:
                missing += last_seq - max(before_seq, acked_seq)
                del self._last_seq_of[number]
            before_seq = last_seq
        if missing:
            self._news.append(
                (
                    "deleted",
                    f"{missing} entries went with the journal; those not stored yet are lost",
                )
            )
        if self.buffers is not None:
            self.buffers.restore()
        if missing:
            raise OSError(errno.ENOENT, f"{missing} entries went with the journal")
