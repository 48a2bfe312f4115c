"""Appends entries to a journal: when `append` returns, `kill -9` cannot lose the entry.

Invariants:
- one `os.write` to an O_APPEND file per entry, no buffer in this process: what the kernel has taken
  survives the process. A daemon thread calls `fdatasync` at most once a second for power loss;
  `sync()` does it at once.
- seq grows by one per entry, and frames lie on disk in that order, whatever signals or exceptions
  interrupt an append.
- a full or broken disk never raises. Entries then wait in a bounded ring in memory and are written
  when the disk takes them again; what the ring cannot hold is counted in `dropped`.
- a segment is created with O_EXCL, so that two processes never write to one file.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Protocol

from google_crc32c import value as crc32c_of

from diorama.journal.frame import BODY_HEAD, HEAD, MAGIC
from diorama.journal.segments import SegmentFiles, read_back

SEGMENT_BYTES = 64 << 20
RING_BYTES = 64 << 20
RETRY_SECS = 0.5
SYNC_SECS = 1.0

_fdatasync = getattr(os, "fdatasync", os.fsync)
_pack_head = HEAD.pack
_pack_body_head = BODY_HEAD.pack
_LOG_START = b"\x95\xa3log\xd3"
_LOG_HEAD = ">6sqBqBd"
"""msgpack of ["log", step, row, time: an array of five, a short string, two int64, a float64."""
_pack_log_head = Struct(_LOG_HEAD).pack
_pack_log_frame = Struct(">IQ" + _LOG_HEAD[1:]).pack
LOG_HEAD_BYTES = Struct(_LOG_HEAD).size
_write = os.write
_APPENDING = 1
_NOT_APPENDING = ~_APPENDING
_IN_TROUBLE = 2
_UNCERTAIN = 4


class Counter(Protocol):
    """Gives log() calls their place in the history: see `place`.

    row is that of the open row, -1 if none is open; then a call without step and commit goes to `step`,
    in row `next_row`, and both move on by one.
    """

    step: int
    row: int
    next_row: int

    def place(self, step: int | None, commit: bool | None) -> tuple[int, int]:
        """(step, row) of a call."""
        ...


class JournalWriter(SegmentFiles):
    """The one writer of `directory`.

    on_trouble(code, text) is called, outside of the lock, when the disk fails and when it is well again;
    codes: "disk", "disk-recovered", "dropped".

    Raises OSError if the folder exists already; any other failing of the disk is survived.
    """

    __slots__ = (
        "_acquire",
        "_closing",
        "_interrupting",
        "_is_closed",
        "_news",
        "_on_trouble",
        "_release",
        "_retry_at",
        "_ring",
        "_ring_bytes",
        "_ring_size_bytes",
        "_segment_bytes",
        "_state",
        "_synced_bytes",
        "_synced_seq",
        "_syncer",
        "_uncertain",
        "before_sync",
        "dropped",
        "lock",
        "seq",
    )

    def __init__(
        self,
        directory: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        ring_bytes: int = RING_BYTES,
        on_trouble: Callable[[str, str], None] | None = None,
    ) -> None:
        super().__init__(Path(directory))
        self.seq = 0
        """seq of the newest entry."""
        self.dropped = 0
        """Entries that neither the disk nor the ring could take."""
        self.lock = threading.RLock()
        self._acquire = self.lock.acquire
        self._release = self.lock.release
        self._segment_bytes = segment_bytes
        self._ring_bytes = ring_bytes
        self._on_trouble = on_trouble
        self._ring: deque[bytes] = deque()
        self._ring_size_bytes = 0
        self._retry_at = 0.0
        self._state = 0
        """_APPENDING, _IN_TROUBLE and _UNCERTAIN; 0 when append_log may take its quick path."""
        self._uncertain = (b"", 0)
        """(frame, seq) of an append that was interrupted: written or not?"""
        self._is_closed = False
        self._interrupting: deque[bytes | Callable[[], None]] = deque()
        self._news: deque[tuple[str, str]] = deque()
        self._synced_bytes = 0
        self._synced_seq = 0
        self._closing = threading.Event()
        self._syncer: threading.Thread | None = None
        self.before_sync: Callable[[], None] | None = None
        """Called before each sync: the spool's files must be on disk before the frames that name them."""
        try:
            self._make_folder()
            self._open_segment()
            self._synced_bytes = 0
        except OSError as error:
            if isinstance(error, FileExistsError) and self.directory.is_dir():
                raise
            self._note_trouble(error)
        self._tell_news()

    # The two ways to append are written out, step by step, because of what may strike between any two steps:
    # a signal handler that logs (its entry is put behind ours) or raises (we find out from the file how far
    # we came). Python looks for signals when calls return, so flags are set and cleared without calls.

    def append(self, payload: bytes) -> int:
        """Write one entry; returns its seq. Never raises for a fault of the disk."""
        with self.lock:
            if self._state & _APPENDING:
                self._interrupting.append(payload)
                return self.seq + len(self._interrupting) + 1
            if self._state & _UNCERTAIN:
                self._reconcile()
            self._state |= _APPENDING
            frame = b""
            seq = self.seq + 1
            try:
                body = _pack_body_head(len(payload), seq) + payload
                frame = _pack_head(MAGIC, crc32c_of(body)) + body
                if self._state & _IN_TROUBLE and time.monotonic() >= self._retry_at:
                    self._drain()
                if self._state & _IN_TROUBLE:
                    self._push(frame, seq)
                else:
                    written = _write(self._fd, frame)
                    self._size_bytes += written
                    self.seq = seq
                    if written != len(frame) or self._size_bytes >= self._segment_bytes:
                        self._after_write(frame, written)
            except OSError as error:
                self._note_trouble(error)
                self._push(frame, seq)
            except BaseException:
                self._uncertain = (frame, seq)
                self._state |= _UNCERTAIN
                raise
            finally:
                self._state &= _NOT_APPENDING
            if self._interrupting:
                self._append_interrupting()
            if self._syncer is None:
                self._start_syncer()
        if self._news:
            self._tell_news()
        return seq

    def append_log(
        self, counter: Counter, step: int | None, commit: bool | None, time: float, data: bytes
    ) -> int:
        """Write a `Log` entry whose data are encoded already; returns its seq.

        The same as appending the encoded struct, only faster: heads of frame and payload are packed in one
        go, and the most frequent call of all, one step on, is counted here. `counter` is used under the lock,
        which is taken by hand: `with` would cost twice as much.
        """
        try:
            self._acquire()
            if commit is None and step is None and counter.row < 0:
                here = counter.step
                counter.step = here + 1
                row = counter.next_row
                counter.next_row = row + 1
            else:
                here, row = counter.place(step, commit)
            if self._state:
                return self.append(_pack_log_head(_LOG_START, here, 0xD3, row, 0xCB, time) + data)
            self._state = _APPENDING
            frame = b""
            seq = self.seq + 1
            try:
                body = (
                    _pack_log_frame(LOG_HEAD_BYTES + len(data), seq, _LOG_START, here, 0xD3, row, 0xCB, time)
                    + data
                )
                frame = _pack_head(MAGIC, crc32c_of(body)) + body
                written = _write(self._fd, frame)
                self._size_bytes = size_bytes = self._size_bytes + written
                self.seq = seq
                if written != len(frame) or size_bytes >= self._segment_bytes:
                    self._after_write(frame, written)
                self._state &= _NOT_APPENDING
            except OSError as error:
                self._note_trouble(error)
                self._push(frame, seq)
                self._state &= _NOT_APPENDING
            except BaseException:
                self._uncertain = (frame, seq)
                self._state = (self._state | _UNCERTAIN) & _NOT_APPENDING
                raise
            if self._interrupting:
                self._append_interrupting()
            return seq
        finally:
            try:  # noqa: SIM105 `suppress` would cost as much as half of all this
                self._release()
            except RuntimeError:
                pass  # not held: a signal's handler raised while the lock was waited for

    def _after_write(self, frame: bytes, written: int) -> None:
        """What seldom follows a write: the rest of a frame, a new segment."""
        if written != len(frame):
            self._complete(frame, written)
        if self._size_bytes >= self._segment_bytes:
            try:
                self._rotate()
            except OSError as error:  # no new segment can be made: go on in the ring
                self._note_trouble(error)

    def between_appends(self, action: Callable[[], None]) -> None:
        """Run `action` now, or, in a signal handler that interrupts an append of this very thread, right
        behind it: an action that ends the process must not cut an append short."""
        with self.lock:
            if self._state & _APPENDING:
                self._interrupting.append(action)
                return
        action()

    def sync(self) -> bool:
        """Bring everything to disk. False if something still waits in memory, because the disk is full
        or broken."""
        with self.lock:
            if self._is_closed:
                return not self._ring
            if self._state & _UNCERTAIN and not self._state & _APPENDING:
                self._reconcile()
            if self._state & _IN_TROUBLE:
                self._retry_at = 0.0
                self._drain()
            is_whole = not self._ring
        is_synced = self._sync_now()
        self._tell_news()
        return is_whole and is_synced

    def close(self) -> None:
        """Sync and close. Later appends go to memory only and are lost; the run refuses them before."""
        self.sync()
        with self.lock:
            self._is_closed = True
            self._close_segment()
            self._state |= _IN_TROUBLE
            self._retry_at = float("inf")
        self._closing.set()

    def abandon(self) -> None:
        """In a forked child: forget the parent's journal without touching it."""
        self._is_closed = True
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = -1
        self._ring.clear()

    @property
    def waiting_entries(self) -> int:
        """Entries held in memory because the disk does not take them."""
        return len(self._ring)

    @property
    def waiting_bytes(self) -> int:
        return self._ring_size_bytes

    # -- segments ------------------------------------------------------------------------------

    def _rotate(self) -> None:
        old_fd = self._fd
        self._last_seq_of[self._segment] = self.seq
        try:
            if self.before_sync is not None:
                self.before_sync()
            _fdatasync(old_fd)
        except OSError as error:
            self._news.append(("disk", f"syncing the journal failed: {error}"))
        self._open_segment()
        self._synced_bytes = 0
        os.close(old_fd)
        self._drop_stored_segments()

    # -- trouble -------------------------------------------------------------------------------

    def _complete(self, frame: bytes, written: int) -> None:
        """The disk took only a part of a frame: write the rest, or take the part back."""
        try:
            while written < len(frame):
                more = os.write(self._fd, frame[written:])
                written += more
                self._size_bytes += more
        except OSError:
            self._cut(written)
            raise

    def _cut(self, torn_bytes: int) -> None:
        """Take a torn frame off the end. If even that fails, readers skip it by its checksum."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._size_bytes - torn_bytes)
            self._size_bytes -= torn_bytes

    def _reconcile(self) -> None:
        """After an append that was interrupted: find out from the file whether its frame was written.

        May be interrupted itself and is then done again: nothing is noted before everything is known.
        """
        frame, seq = self._uncertain
        if frame and self.seq != seq and self._fd >= 0:
            with contextlib.suppress(OSError):
                end = os.fstat(self._fd).st_size
                if 0 < end - self._size_bytes < len(frame):
                    os.ftruncate(self._fd, self._size_bytes)
                elif end > self._size_bytes:
                    self._size_bytes = end
                    self.seq = seq
        self._uncertain = (b"", 0)
        self._state &= ~_UNCERTAIN

    def _append_interrupting(self) -> None:
        while self._interrupting:
            interrupting = self._interrupting.popleft()
            if isinstance(interrupting, bytes):
                self.append(interrupting)
            else:
                interrupting()

    def _note_trouble(self, error: OSError) -> None:
        if not self._state & _IN_TROUBLE:
            self._state |= _IN_TROUBLE
            self._news.append(("disk", f"the journal in {self.directory} can't be written: {error}"))
        self._retry_at = time.monotonic() + RETRY_SECS

    def _push(self, frame: bytes, seq: int) -> None:
        self.seq = seq
        if self._ring_size_bytes + len(frame) > self._ring_bytes:
            # The oldest stay: what follows may make no sense without them.
            self.dropped += 1
            if self.dropped == 1:
                self._news.append(("dropped", "the disk is full and so is the memory reserve"))
            return
        self._ring.append(frame)
        self._ring_size_bytes += len(frame)

    def _drain(self) -> None:
        """Try the disk again, with a fresh segment: the old file may be gone or unwritable."""
        if self._is_closed:
            return
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            old_fd, self._fd = self._fd, -1
            if old_fd >= 0:
                self._last_seq_of.setdefault(self._segment, self.seq)
                with contextlib.suppress(OSError):
                    _fdatasync(old_fd)
                with contextlib.suppress(OSError):
                    os.close(old_fd)
            self._open_segment()
            self._synced_bytes = 0
            while self._ring:
                frame = self._ring[0]
                written = os.write(self._fd, frame)
                self._size_bytes += written
                if written != len(frame):
                    self._complete(frame, written)
                self._ring.popleft()
                self._ring_size_bytes -= len(frame)
        except OSError:
            self._retry_at = time.monotonic() + RETRY_SECS
            self._remove_if_empty()
            return
        self._state &= ~_IN_TROUBLE
        self._synced_seq = 0
        self._news.append(("disk-recovered", "the journal can be written again"))

    def _tell_news(self) -> None:
        while self._news:
            code, text = self._news.popleft()
            if self._on_trouble is not None:
                self._on_trouble(code, text)

    # -- power loss ----------------------------------------------------------------------------

    def _start_syncer(self) -> None:
        self._syncer = threading.Thread(target=self._sync_often, name="diorama-sync", daemon=True)
        try:
            self._syncer.start()
        except RuntimeError:  # no more threads, or the interpreter is going down
            self._syncer = None

    def _sync_often(self) -> None:
        while not self._closing.wait(SYNC_SECS):
            if self.seq > self._synced_seq:
                self._sync_now()
            if self._state & _IN_TROUBLE:
                with self.lock:
                    if time.monotonic() >= self._retry_at:
                        self._drain()
            self._tell_news()

    def _sync_now(self) -> bool:
        """fdatasync without holding the lock, so that `append` never waits for the disk."""
        with self.lock:
            if self._fd < 0:
                return False
            size_bytes, segment, seq = self._size_bytes, self._segment, self.seq
            try:
                fd = os.dup(self._fd)
            except OSError:
                return False
        try:
            if self.before_sync is not None:
                self.before_sync()
            _fdatasync(fd)
            is_gone = os.fstat(fd).st_nlink == 0
        except OSError as error:
            self._rewrite_unsynced(segment, f"syncing the journal failed: {error}", from_start=False)
            return False
        finally:
            os.close(fd)
        if is_gone:
            self._rewrite_unsynced(segment, "the journal was deleted under the run", from_start=True)
            return False
        with self.lock:
            if self._segment == segment:
                self._synced_bytes = size_bytes
            self._synced_seq = seq
        return True

    def _rewrite_unsynced(self, segment: int, why: str, *, from_start: bool) -> None:
        """Copy what may not be on disk to a fresh segment: after a failed sync the kernel may have
        forgotten the pages, and syncing again would only pretend. Readers skip what they see twice."""
        with self.lock:
            if self._segment != segment or self._fd < 0 or self._is_closed:
                return
            start = 0 if from_start else self._synced_bytes
            old_fd, old_size_bytes = self._fd, self._size_bytes
            self._news.append(("disk", f"{why}; writing the unsynced part again"))
            try:
                unsynced = read_back(self.directory, segment, old_fd, start, old_size_bytes)
                os.makedirs(self.directory, mode=0o700, exist_ok=True)
                self._open_segment()
                self._synced_bytes = 0
                os.close(old_fd)
                while unsynced:
                    written = os.write(self._fd, unsynced)
                    self._size_bytes += written
                    unsynced = unsynced[written:]
            except OSError as error:
                self._note_trouble(error)
