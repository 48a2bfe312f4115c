"""Appends entries to a journal: when `append` returns, `kill -9` cannot lose the entry.

Invariants:
- one `os.write` to an O_APPEND file per entry, no buffer in this process: what the kernel has taken
  survives the process. A daemon thread brings it to disk at most a second later, for power loss; `sync()`
  does it at once.
- seq grows by one per entry, and frames lie on disk in that order.
- an append may be interrupted between any two steps, by a signal's handler that logs, or that raises. What
  is in the file decides, and only that: whoever comes next finds out from it. What the handler raises
  passes; an entry whose append has returned is in the journal, exactly once.
- a full or broken disk never raises. Entries then wait in a bounded ring in memory and are written
  when the disk takes them again; what the ring cannot hold is counted in `dropped`.
- opening, rotating, draining and syncing are the work of the thread, and no disk is waited for under the
  lock that `append` takes, but for the write itself.
"""

from __future__ import annotations

import _thread
import errno
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Protocol

from google_crc32c import value as crc32c_of

from diorama.errors import UsageError, is_interruption
from diorama.journal.folder import make_folders
from diorama.journal.frame import (
    BODY_HEAD,
    HEAD,
    HEADER_BYTES,
    MAGIC,
    PAYLOAD_LIMIT_BYTES,
    encode_frame,
)
from diorama.journal.segments import (
    APPENDING,
    ENDED,
    HEAD_FRAMES,
    IN_TROUBLE,
    UNCERTAIN,
    SegmentFiles,
)

SEGMENT_BYTES = 64 << 20
RING_BYTES = 64 << 20
DRAINED_AT_ONCE_BYTES = 1 << 20
RETRY_SECS = 0.5
SYNC_SECS = 1.0

_pack_head = HEAD.pack
_LOG_START = b"\x95\xa3log\xd3"
_LOG_HEAD = ">6sqBqBd"
"""msgpack of ["log", step, row, time: an array of five, a short string, two int64, a float64."""
_pack_log_head = Struct(_LOG_HEAD).pack
_pack_log_frame = Struct(BODY_HEAD.format + _LOG_HEAD[1:]).pack
LOG_HEAD_BYTES = Struct(_LOG_HEAD).size
_write = os.write
# As names of this module: they are found faster.
_APPENDING = APPENDING
_UNCERTAIN = UNCERTAIN


class Counter(Protocol):
    """Gives log() calls their place in the history: see `place`.

    row is that of the open row, -1 if none is open; then a call without step and commit goes to `step`,
    in row `next_row`, and both move on by one.
    """

    step: int
    row: int
    next_row: int

    def assign(self, step: int | None, commit: bool | None) -> tuple[int, int]:
        """(step, row) of a call."""
        ...


class JournalWriter(SegmentFiles):
    """The one writer of `directory`.

    on_trouble(code, text) is called, outside of the lock, when the disk fails and when it is well again;
    codes: "disk", "disk-recovered", "dropped", "deleted".

    Raises OSError if the folder exists already; any other failing of the disk is survived.
    """

    __slots__ = (
        "_acquire",
        "_closing",
        "_is_closed",
        "_on_trouble",
        "_release",
        "_retry_at",
        "_ring_bytes",
        "_ring_size_bytes",
        "_segment_bytes",
        "_thread",
        "_told_dropped",
        "dropped",
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
        self.dropped = 0
        """Entries that neither the disk nor the ring could take."""
        self._told_dropped = 0
        """How many dropped entries some `sync` has answered False for."""
        self._acquire = self.lock.acquire
        self._release = self.lock.release
        self._segment_bytes = segment_bytes
        self._ring_bytes = ring_bytes
        self._on_trouble = on_trouble
        self._ring_size_bytes = 0
        self._retry_at = 0.0
        self._is_closed = False
        self._closing = threading.Event()
        self._thread = 0
        try:
            self._make_folder()
            self._swap()
        except OSError as error:
            if is_interruption(error) or (isinstance(error, FileExistsError) and self.directory.is_dir()):
                raise
            self._note_trouble(error)
        self._tell_news()

    # Python looks for signals when calls return, when functions begin and where loops turn. So what belongs
    # together stands together without calls: then nothing comes in between.

    def append(self, payload: bytes, *, is_last: bool = False) -> int:
        """Write one entry; returns its seq. Never raises for a fault of the disk.

        is_last: nothing may follow; both are one step, so that no other thread's entry comes behind it.

        Raises UsageError behind the last entry, and for one of more than 2 GB.
        """
        with self.lock:
            seq = self._append(payload, is_last=is_last)
            if not self._thread and not is_last:
                self._start_thread()
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
                here, row = counter.assign(step, commit)
            if self._state:
                return self._append(_pack_log_head(_LOG_START, here, 0xD3, row, 0xCB, time) + data)
            try:
                self._state = _APPENDING
                start = self._size_bytes
                seq = self.seq + 1
                body = (
                    _pack_log_frame(LOG_HEAD_BYTES + len(data), seq, _LOG_START, here, 0xD3, row, 0xCB, time)
                    + data
                )
                frame = _pack_head(MAGIC, crc32c_of(body)) + body
                if self._state == _APPENDING:
                    written = _write(self._fd, frame)
                    if written == len(frame):
                        self._size_bytes = start + written
                        self.seq = seq
                        state, self._state = self._state, 0
                        if state != _APPENDING:
                            # A handler's append came behind ours, and now the numbers are wrong.
                            self._size_bytes = start
                            self.seq = seq - 1
                            self._state = state & ~_APPENDING | _UNCERTAIN
                        return seq
                    raise OSError(errno.ENOSPC, "the disk took only a part of an entry")
                self._state &= ~_APPENDING  # a handler's append has taken this seq
            except BaseException as error:
                self._state = (self._state | _UNCERTAIN) & ~_APPENDING
                if not self._survives(error, seq, start):
                    raise
            return self._append(frame[HEADER_BYTES:])
        finally:
            try:
                self._release()
            except RuntimeError as error:
                # Not held: a signal's handler raised while the lock was waited for.
                if is_interruption(error):
                    raise

    def _append(self, payload: bytes, *, is_last: bool = False) -> int:
        """Append under the lock, whatever the state."""
        if len(payload) > PAYLOAD_LIMIT_BYTES:
            raise UsageError(f"an entry of {len(payload) >> 20} MiB is too large for a journal")
        under = self._state & APPENDING  # an append below this one: this is a signal's handler
        while True:
            if under or self._state & UNCERTAIN:
                self._settle()
            if self._state & ENDED:
                raise UsageError("the run is finished: nothing can be logged to it any more")
            if self._state & IN_TROUBLE and not self._thread and not under:
                self._drain_in_time()
            try:
                self._state |= APPENDING
                self._turn += 1
                start = self._size_bytes
                seq = self.seq + 1
                frame = encode_frame(seq, payload)
                frame_bytes = len(frame)
                if self._state & IN_TROUBLE:
                    is_in = self._hold(frame, frame_bytes, seq)
                elif not self._state & UNCERTAIN:
                    written = _write(self._fd, frame)
                    if written != frame_bytes:
                        raise OSError(errno.ENOSPC, "the disk took only a part of an entry")
                    is_in = True
                    self._size_bytes = start + frame_bytes
                    self.seq = seq
                    if self._state & UNCERTAIN:  # a handler's append came behind ours: the numbers are wrong
                        self._size_bytes = start
                        self.seq = seq - 1
                else:  # a handler's append has taken this seq
                    is_in = False
                state = self._state & ~APPENDING | under
                self._state = state | (UNCERTAIN if under else 0) | (ENDED if is_in and is_last else 0)
                if is_in:
                    break
            except BaseException as error:
                self._state = (self._state | UNCERTAIN) & ~APPENDING | under
                if not self._survives(error, seq, start):
                    raise
        if seq <= HEAD_FRAMES:
            self._head.append(frame)
        return seq

    def _hold(self, frame: bytes, frame_bytes: int, seq: int) -> bool:
        """Keep a frame in memory; False if its seq was taken meanwhile. The oldest stay: what follows may
        make no sense without them."""
        if self._state & UNCERTAIN:
            return False
        self.seq = seq
        if self._ring_size_bytes + frame_bytes <= self._ring_bytes:
            self._ring_size_bytes += frame_bytes
            self._ring.append((seq, frame))
            return True
        self.dropped += 1
        if self.dropped == 1:
            self._news.append(("dropped", "the disk is full and so is the memory reserve"))
        return True

    def sync(self) -> bool:
        """Bring everything to disk. False if something is not there: because the disk is full or broken, or
        was full since the last sync so that entries were dropped, or because the journal was deleted and
        can't be written again."""
        if self._is_closed:
            return self._synced_seq >= self.seq
        self._drain()
        self._rotate_in_time()
        is_synced = self._sync_files()
        self._tell_news()
        dropped, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        return is_synced and not self._ring and not dropped

    def close(self) -> None:
        """Sync and close. What is appended later raises UsageError. Never raises for a fault of the disk."""
        try:
            self.sync()
        finally:
            with self.lock:
                self._is_closed = True
                self._state |= ENDED
            self._close_files()
            self._closing.set()

    def abandon(self) -> None:
        """In a forked child: forget the parent's journal without touching it."""
        self.lock = threading.RLock()
        self._acquire, self._release = self.lock.acquire, self.lock.release
        self._is_closed = True
        self._state = ENDED
        self._close_files()
        self._ring.clear()

    @property
    def waiting_entries(self) -> int:
        """Entries held in memory because the disk does not take them."""
        return len(self._ring)

    @property
    def waiting_bytes(self) -> int:
        return self._ring_size_bytes

    # -- trouble -------------------------------------------------------------------------------

    def _survives(self, error: BaseException, seq: int, start: int) -> bool:
        """After an append that went wrong: whether it was a fault of the disk. All else is to be raised."""
        if not isinstance(error, OSError) or is_interruption(error):
            return False
        self._note_trouble(error)
        self._take_back(seq, start)
        return True

    def _note_trouble(self, error: OSError) -> None:
        if not self._state & IN_TROUBLE:
            self._state |= IN_TROUBLE
            self._news.append(("disk", f"the journal in {self.directory} can't be written: {error}"))
        self._retry_at = time.monotonic() + RETRY_SECS

    def _drain_in_time(self) -> None:
        if time.monotonic() >= self._retry_at:
            self._drain()

    def _drain(self) -> None:
        """Try the disk again: in the segment that is open, which may only have had no room, or in a fresh
        one, where that one is gone or takes nothing."""
        if not self._state & IN_TROUBLE or self._is_closed:
            return
        for is_fresh in (self._fd < 0, True):
            try:
                if is_fresh:
                    make_folders(self.directory)
                    if not self._swap():
                        break
                while self._drain_some():
                    continue
                return
            except OSError as error:
                if is_interruption(error):
                    raise
        self._retry_at = time.monotonic() + RETRY_SECS

    def _drain_some(self) -> bool:
        """Write a part of the ring, so that nobody waits for the lock for long. Whether there is more."""
        with self.lock:
            if not self._state & IN_TROUBLE:
                return False  # another thread has done it
            under = self._state & APPENDING
            if self._state & UNCERTAIN:
                self._settle()
            self._state |= UNCERTAIN
            self._turn += 1
            drained_bytes = 0
            while self._ring and drained_bytes < DRAINED_AT_ONCE_BYTES:
                frame = self._ring[0][1]
                frame_bytes = len(frame)
                if os.write(self._fd, frame) != frame_bytes:
                    self._take_back(self.seq + 1, self._size_bytes)
                    raise OSError(errno.ENOSPC, "the disk took only a part of an entry")
                drained_bytes += frame_bytes
                self._size_bytes += frame_bytes
                self._ring_size_bytes -= frame_bytes
                del self._ring[0]
            if not under:
                self._state &= ~UNCERTAIN
            if self._ring:
                return True
            self._state &= ~IN_TROUBLE
            self._news.append(("disk-recovered", "the journal can be written again"))
            return False

    def _tell_news(self) -> None:
        while self._news:
            try:
                code, text = self._news.popleft()
            except IndexError:
                return  # another thread tells it
            if self._on_trouble is not None:
                self._on_trouble(code, text)

    # -- in the background ---------------------------------------------------------------------

    def _start_thread(self) -> None:
        # Not by `Thread.start`: a signal's handler could interrupt that one halfway. This is a single call.
        try:
            self._thread = _thread.start_new_thread(self._work, ())
        except RuntimeError as error:  # no more threads, or the interpreter is going down
            if is_interruption(error):
                raise

    def _work(self) -> None:
        while not self._closing.wait(RETRY_SECS if self._state & IN_TROUBLE else SYNC_SECS):
            try:
                self._drain_in_time()
                self._rotate_in_time()
                if self.seq > self._synced_seq:
                    self._sync_files()
                self._tell_news()
            except Exception:  # noqa: BLE001 without this thread nothing would be synced or drained any more
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

    def _rotate_in_time(self) -> None:
        """Go on in a fresh segment once this one is large, and delete those that are stored. Without a fresh
        one, going on in this one costs nothing."""
        if self._size_bytes >= self._segment_bytes and self._tried("no new segment can be made", self._swap):
            self._drop_stored_segments()
