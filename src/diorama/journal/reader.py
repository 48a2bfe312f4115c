"""Reads a writer's journal, while it is being written or after a crash.

Invariants:
- entries come in the order of their seq, each at most once;
- a torn tail of the last segment is no loss (its `log()` never returned) and is waited for;
- damage elsewhere is skipped to the next frame whose checksum holds, and what is missing then is
  reported as `Lost`, never passed over in silence;
- what the disk does not give is asked for again for a while, and then taken for damaged: nothing behind it
  could be read otherwise.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from types import TracebackType

from diorama.journal.entry import Lost
from diorama.journal.frame import (
    Frame,
    Incomplete,
    decode_frame,
    decode_last_frame,
    find_frame,
)

CHUNK_BYTES = 1 << 20
PAGE_BYTES = 4096
UNREADABLE_SECS = 15.0
"""After so long a page that the disk does not give is taken for damaged."""
_BINARY = getattr(os, "O_BINARY", 0)


def segment_name(number: int) -> str:
    """The file name of a segment; numbers start at 1."""
    return f"{number:06d}.log"


def list_segments(directory: Path) -> list[int]:
    """The numbers of the segments that are there, in order."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit())


def first_payload(directory: Path) -> bytes | None:
    """The first readable entry of a journal: its `Start`, which says whose it is (writers write it
    twice, so that one damaged frame does not orphan a journal)."""
    with JournalReader(directory) as reader:
        found = reader.poll(limit_bytes=1)
    return found[0][1] if found else None


class JournalReader:
    """Reads the frames of `directory` behind `after_seq`.

    >>> reader = JournalReader(directory)            # doctest: +SKIP
    >>> for seq, payload in reader.poll(): ...       # doctest: +SKIP
    """

    def __init__(self, directory: Path, *, after_seq: int = 0) -> None:
        self.directory = Path(directory)
        self.last_seq = after_seq
        """Highest seq handed out (or known to be stored already)."""
        self.segment = 0
        self._fd = -1
        self._is_resting = False
        self._unreadable_since: float | None = None
        self._offset = 0
        self._damage: tuple[str, str] | None = None
        self._lost: list[Lost] = []

    def poll(self, *, is_final: bool = False, limit_bytes: int = 8 << 20) -> list[tuple[int, bytes]]:
        """The entries that have come since the last poll, about `limit_bytes` of them at most.

        is_final: nobody writes this journal any more, so a damaged end is damage and not a write in
        progress. Poll until the answer is empty, then once more with `is_final=True`.
        """
        found: list[tuple[int, bytes]] = []
        try:
            self._poll(found, limit_bytes)
        except OSError:
            if not found:
                raise
            # Hand out what was read so far; the next poll meets the same trouble again.
        if is_final and not found and self._damage is not None:
            self._report(self.last_seq + 1, self.last_seq + 1)
        return found

    def _poll(self, found: list[tuple[int, bytes]], limit_bytes: int) -> None:
        taken_bytes = 0
        while taken_bytes < limit_bytes:
            if self._fd < 0 and not self._open():
                break
            # Asked before reading: once a later segment has bytes, nothing is appended to this one.
            is_closed = self._next_segment() is not None
            data = self._read_at(self._offset, CHUNK_BYTES)
            used_bytes, is_stuck = self._read_frames(data, len(data) < CHUNK_BYTES, found)
            if is_stuck:
                data = self._read_rest()
                used_bytes, _ = self._read_frames(data, True, found)
            self._offset += used_bytes
            taken_bytes += used_bytes
            if used_bytes:
                continue
            if not is_closed:
                break
            self._close_segment()

    def take_lost(self) -> list[Lost]:
        """What could not be read since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def rest(self) -> None:
        """Close the file until the next poll: who reads many journals can't keep all of them open."""
        if self._fd >= 0:
            self._close_segment()
            self._is_resting = True

    def close(self) -> None:
        self._close_segment()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_frames(self, data: bytes, is_to_end: bool, found: list[tuple[int, bytes]]) -> tuple[int, bool]:
        """Take the frames of `data`; answer the bytes used and whether more bytes must be seen first."""
        offset = 0
        while offset < len(data):
            frame = decode_frame(data, offset)
            if isinstance(frame, Frame):
                self._accept(frame, found)
                offset = frame.end
                continue
            if not is_to_end:
                # Start the next chunk here; if we already did, the whole rest must be looked at.
                return offset, offset == 0
            start = find_frame(data, offset + 1, after_seq=self.last_seq)
            if start is not None:
                self._note_damage(frame)
                offset = start
                continue
            last = decode_last_frame(data, offset)
            if last is not None:
                self._accept(last, found)
                return last.end, False
            if not isinstance(frame, Incomplete):
                self._note_damage(frame)
            break
        return offset, False

    def _accept(self, frame: Frame, found: list[tuple[int, bytes]]) -> None:
        if frame.seq <= self.last_seq:
            return  # written twice: the writer moved it to a new segment after a disk error
        if frame.seq > self.last_seq + 1:
            self._report(self.last_seq + 1, frame.seq - 1)
        self._damage = None
        self.last_seq = frame.seq
        found.append((frame.seq, frame.payload))

    def _note_damage(self, frame: object) -> None:
        reason = getattr(frame, "reason", "length field is damaged")
        self._damage = (segment_name(self.segment), reason)

    def _report(self, first_seq: int, last_seq: int) -> None:
        segment, reason = self._damage or (segment_name(self.segment), "these entries were never written")
        self._lost.append(Lost(first_seq, last_seq, segment, reason))
        self._damage = None

    def _read_at(self, offset: int, size_bytes: int) -> bytes:
        try:
            data = self._read_now(offset, size_bytes)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            now = time.monotonic()
            if self._unreadable_since is None:
                self._unreadable_since = now
            if now - self._unreadable_since < UNREADABLE_SECS:
                raise
            return self._read_what_can_be(offset, size_bytes)
        self._unreadable_since = None
        return data

    def _read_now(self, offset: int, size_bytes: int) -> bytes:
        os.lseek(self._fd, offset, os.SEEK_SET)
        data = os.read(self._fd, size_bytes)
        # In front of a page that can't be read the kernel stops, and complains when asked for that page.
        while len(data) < size_bytes and (more := os.read(self._fd, size_bytes - len(data))):
            data += more
        return data

    def _read_what_can_be(self, offset: int, size_bytes: int) -> bytes:
        """Zeros in the place of pages that the disk does not give: no frame with them has its checksum."""
        end = min(offset + size_bytes, os.fstat(self._fd).st_size)
        found = bytearray()
        while offset + len(found) < end:
            start = offset + len(found)
            wanted = min(PAGE_BYTES - start % PAGE_BYTES, end - start)
            try:
                piece = self._read_now(start, wanted)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                piece = bytes(wanted)
            if not piece:
                break
            found += piece
        return bytes(found)

    def _read_rest(self) -> bytes:
        size_bytes = os.fstat(self._fd).st_size
        parts: list[bytes] = []
        offset = self._offset
        while offset < size_bytes:
            part = self._read_at(offset, size_bytes - offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _next_segment(self) -> int | None:
        """The next segment that has bytes. An empty one does not count: as long as the next segment is empty,
        the writer may still write to this one."""
        # The usual next name first: listing a folder is dearer than one stat.
        if self.segment and self._has_bytes(self.segment + 1):
            return self.segment + 1
        later = (number for number in list_segments(self.directory) if number > self.segment)
        return next((number for number in later if self._has_bytes(number)), None)

    def _has_bytes(self, number: int) -> bool:
        try:
            return os.stat(self.directory / segment_name(number)).st_size > 0
        except FileNotFoundError:
            return False

    def _open(self) -> bool:
        if self._is_resting:
            try:
                self._fd = os.open(self.directory / segment_name(self.segment), os.O_RDONLY | _BINARY)
            except FileNotFoundError:
                self._is_resting = False  # removed in between, so it was acknowledged
            else:
                self._is_resting = False
                return True
        return self._open_next()

    def _open_next(self) -> bool:
        number = self._next_segment()
        if number is None:
            return False
        try:
            self._fd = os.open(self.directory / segment_name(number), os.O_RDONLY | _BINARY)
        except FileNotFoundError:
            return False  # removed in between, so it was acknowledged
        self.segment = number
        self._offset = 0
        return True

    def _close_segment(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
