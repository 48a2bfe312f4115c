"""One writer's journal on its way into the store: read, encoded, batched in order, acknowledged.

Invariants:
- entries leave in the order of their seq, whatever order their media are encoded in;
- the acknowledgement on disk never runs ahead of the store;
- what can't be read or encoded is passed on as a loss or a warning, never in silence.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from diorama.errors import JournalError
from diorama.journal.codec import decode_entry
from diorama.journal.entry import Batch, Entry, Finish, Lost, Numbered, Start, Warn
from diorama.journal.folder import ACK, read_ack
from diorama.journal.life import is_writer_alive
from diorama.journal.reader import JournalReader, segment_name
from diorama.sidecar.encode import EncoderPool, MediaInWork

BATCH_BYTES = 4 << 20
BATCH_MEDIA_BYTES = 64 << 20
"""The most that the media of one batch may take, as they were logged; a batch holds only their records."""
BATCH_ENTRIES = 5_000
READ_BYTES = 2 << 20
GONE_PREFIX = ".gone-"


@dataclass(slots=True)
class _Item:
    seq: int
    entry: Entry
    payload_bytes: int
    size_bytes: int
    """Its payload and its media."""
    media: MediaInWork | None
    lost_before: list[Lost]


@dataclass(slots=True)
class Tally:
    """Entries that were stored; that could not be read; that the store refused."""

    entries: int = 0
    lost: int = 0
    refused: int = 0

    def add(self, other: Tally) -> None:
        self.entries += other.entries
        self.lost += other.lost
        self.refused += other.refused


class Stream:
    """The journal in `directory`. Not for several threads at once."""

    def __init__(self, directory: Path, start: Start, encoders: EncoderPool) -> None:
        self.directory = directory
        self.start = start
        self.run = (start.entity, start.project, start.run)
        self.acked_seq = read_ack(directory)
        self.finish: Finish | None = None
        self.tally = Tally()
        self.last_shipped_at = 0.0
        self.next_ship_at = 0.0
        """When to ship the next batch (monotonic seconds); until then its entries gather."""
        self.waiting_bytes = 0
        """Payload and media of entries that were read and not yet acknowledged."""
        self.is_writer_gone = False
        """Nobody writes here any more (set from outside): an end that can't be read is damage then."""
        self.is_exhausted = False
        """The writer is gone and all of it was read."""
        self.is_caught_up = False
        """Whether everything was read that was there at the last look."""
        self.is_orphan_told = False
        """Whether the store knows that the writer died without a Finish."""
        self._reader = JournalReader(directory, after_seq=self.acked_seq)
        self._spool_dir = directory / "spool"
        self._encoders = encoders
        self._items: deque[_Item] = deque()
        self._lost: list[Lost] = []
        self._in_flight: list[_Item] = []
        self._lost_in_flight: list[Lost] = []
        """The reports of damage behind the last entry that are part of the batch in flight."""

    @property
    def name(self) -> str:
        return self.directory.name

    def is_writer_alive(self) -> bool:
        return is_writer_alive(self.start, self.directory)

    @property
    def has_work(self) -> bool:
        """Whether something that was read is not yet in the store."""
        return bool(
            self._items or self._in_flight or self._lost_in_flight or (self._lost and self.is_exhausted)
        )

    @property
    def is_encoding(self) -> bool:
        """Whether media that were read are still being made into records."""
        return any(item.media is not None and not item.media.is_done() for item in self._items)

    def read(self) -> int:
        """Take in what has been written; answers the number of entries."""
        is_final = self.is_writer_gone
        frames = self._reader.poll(limit_bytes=READ_BYTES)
        if is_final and not frames:
            frames = self._reader.poll(is_final=True)
            self.is_exhausted = not frames
        self.is_caught_up = not frames
        self._lost += self._reader.take_lost()
        for seq, payload in frames:
            self._add_entry(seq, payload)
        return len(frames)

    def next_batch(self) -> Batch | None:
        """The entries in front that are ready, as a batch; None if there are none, or one is under way.

        Raises Unavailable if blobs could not be stored; their media are encoded again at the next call.
        """
        if self._in_flight or self._lost_in_flight:
            return None
        payload_bytes = media_bytes = 0
        numbered: list[Numbered] = []
        lost: list[Lost] = []
        while (
            self._items
            and payload_bytes < BATCH_BYTES
            and media_bytes < BATCH_MEDIA_BYTES
            and len(numbered) < BATCH_ENTRIES
        ):
            item = self._items[0]
            entry, warnings = item.entry, list[Warn]()
            if item.media is not None:
                if not item.media.is_done():
                    break
                trouble = item.media.needs_retry()
                if trouble is not None:
                    if numbered:
                        break  # ship what is ready; this one's turn to complain comes
                    item.media = self._encoders.submit(item.entry, self._spool_dir)
                    raise trouble
                entry, warnings = item.media.result()
            self._items.popleft()
            self._in_flight.append(item)
            payload_bytes += item.payload_bytes
            media_bytes += item.size_bytes - item.payload_bytes
            lost += item.lost_before
            numbered.append(Numbered(item.seq, entry))
            numbered += [Numbered(item.seq, warning) for warning in warnings]
        if not self._items and self.is_exhausted and self._lost:
            self._lost_in_flight, self._lost = self._lost, []
            lost += self._lost_in_flight
        if not numbered and not lost:
            return None
        return Batch(self.run, self.name, numbered, lost)

    def acknowledge(self, batch: Batch, acked_seq: int) -> None:
        """The store has the batch: note it on disk, so that nobody reads these entries again."""
        seqs = [
            acked_seq,
            *(numbered.seq for numbered in batch.entries[-1:]),
            *(lost.last_seq for lost in batch.lost),
        ]
        self.tally.entries += len({numbered.seq for numbered in batch.entries})
        self.tally.lost += sum(lost.last_seq - lost.first_seq + 1 for lost in batch.lost)
        for item in self._in_flight:
            self.waiting_bytes -= item.size_bytes
        self._in_flight = []
        self._lost_in_flight = []
        self.last_shipped_at = time.monotonic()
        if max(seqs) > self.acked_seq:
            self.acked_seq = max(seqs)
            write_ack(self.directory, self.acked_seq)

    def give_back_from(self, seq: int) -> None:
        """The batch in flight is to be shorter: entries from `seq` on wait for the next one."""
        back = [item for item in self._in_flight if item.seq >= seq]
        self._in_flight = [item for item in self._in_flight if item.seq < seq]
        self._items.extendleft(reversed(back))
        self._lost, self._lost_in_flight = self._lost_in_flight + self._lost, []

    def encode_again(self) -> None:
        """The blobs of the batch in flight are not where they should be: make them anew."""
        self._encoders.forget_records()
        for item in self._in_flight:
            if item.media is not None:
                item.media = self._encoders.submit(item.entry, self._spool_dir)
        self.give_back_from(0)

    def rest(self) -> None:
        """Keep no file open until the next read."""
        self._reader.rest()

    def close(self) -> None:
        self._reader.close()

    def remove(self) -> None:
        """Delete the journal: all of it is stored. First renamed, so that no half of it is ever read."""
        self.close()
        gone = self.directory.with_name(GONE_PREFIX + self.name)
        try:
            os.rename(self.directory, gone)
        except OSError:
            return  # Windows, while somebody still has a file open; the next drain finds nothing new in it
        shutil.rmtree(gone, ignore_errors=True)

    def _add_entry(self, seq: int, payload: bytes) -> None:
        # A gap travels with the entry behind it: told any earlier, it would acknowledge what lies between.
        lost = [gap for gap in self._lost if gap.last_seq < seq]
        self._lost = self._lost[len(lost) :]
        try:
            entry = decode_entry(payload)
        except JournalError as error:
            reason = f"a whole frame, but not an entry that this Diorama knows: {error}"
            self._lost = [*lost, Lost(seq, seq, segment_name(self._reader.segment), reason), *self._lost]
            return
        if isinstance(entry, Finish):
            self.finish = entry
        media = self._encoders.submit(entry, self._spool_dir)
        size_bytes = len(payload) + (media.size_bytes if media is not None else 0)
        self.waiting_bytes += size_bytes
        self._items.append(_Item(seq, entry, len(payload), size_bytes, media, lost))


def open_stream(directory: Path, encoders: EncoderPool) -> Stream | None:
    """The stream of a writer's journal; None while it has no entry yet.

    Raises JournalError if its first entry can't be read: nobody knows then whose journal it is.
    """
    start = read_start(directory)
    return None if start is None else Stream(directory, start, encoders)


def read_start(directory: Path) -> Start | None:
    """The Start entry of a journal; None if nothing was written yet (or only a torn first frame).

    Writers begin with two Start entries, because otherwise a whole journal would hang on one frame.
    Raises JournalError if neither can be read.
    """
    with JournalReader(directory) as reader:
        frames = reader.poll(limit_bytes=1)
    if not frames:
        return None
    try:
        entry = decode_entry(frames[0][1])
    except JournalError as error:
        raise JournalError(f"the first entry of the journal {directory}: {error}") from error
    if not isinstance(entry, Start):
        raise JournalError(f"the beginning of the journal {directory} is damaged: nobody knows its run")
    return entry


def write_ack(directory: Path, seq: int) -> None:
    """Note that everything up to `seq` is stored."""
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(directory / "ack", flags, 0o600)
    except OSError:
        return  # a full disk, or the folder is gone: the store will say "known already" when it comes again
    try:
        os.write(fd, ACK.pack(seq))
    except OSError:
        return
    finally:
        os.close(fd)
