"""Moves the journals of one training process into a store, again and again until it succeeds.

The loop's thread reads and batches, one pool encodes, another ships; so reading, encoding and storing
overlap, and what is under way is bounded in bytes. One batch of each journal at a time is in flight: while
the store works on it, the next one grows. Several journals ship at once, so that the store can take their
batches with one sync of its disk; but while something is wrong, one batch at a time finds out what.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from diorama.errors import JournalError
from diorama.journal.entry import Batch, Lost, Numbered, Warn
from diorama.journal.folder import note_busy, note_parked, note_taken
from diorama.sidecar.encode import EncoderPool
from diorama.sidecar.refuse import keep_refused
from diorama.sidecar.stream import GONE_PREFIX, Stream, Tally, open_stream
from diorama.sidecar.transport import BlobsGone, Broken, Refused, Transport, Unavailable

IN_WORK_LIMIT_BYTES = 256 << 20
SHIP_INTERVAL_SECS = 0.05
MEDIA_SHIP_INTERVAL_SECS = 0.25
BACKLOG_BYTES = 256 << 10
FIRST_WAIT_SECS = 0.25
LONGEST_WAIT_SECS = 30.0
BUSY_EVERY_SECS = 5.0
MENDING_WAIT_SECS = 60.0
SHIPMENTS_AT_ONCE = 8
TRIES = 3
"""How often the store may break over a batch before the batch is taken for the reason."""
OPEN_JOURNALS_LIMIT = 64
"""If there are more journals, each is closed again after every look at it."""
REFUSED_CODE = "entry-refused"

log = logging.getLogger("diorama.sidecar")


class Pump:
    """Serves the writers of `token` below `journal_root`. Use from one thread.

    keeps_refused: put entries that the store refuses aside, and go on; else stop at the first, which is for
    entries that were put aside already.
    at_once: how many journals may ship at once; with 1, the same journals always give runs the same numbers.
    failures: what stands in the way now, by writer; empty when all is well.
    """

    def __init__(
        self,
        journal_root: Path,
        token: str,
        transport: Transport,
        *,
        keeps_refused: bool = True,
        at_once: int = SHIPMENTS_AT_ONCE,
    ) -> None:
        self.journal_root = journal_root
        self.token = token
        self.streams: dict[str, Stream] = {}
        self.failures: dict[str, str] = {}
        self.tallies: dict[tuple[str, str, str], Tally] = {}
        """By run, of the streams that are parted with."""
        self._transport = transport
        self._keeps_refused = keeps_refused
        self._wake = threading.Event()
        self._encoders = EncoderPool(transport.put_blob, on_done=self._wake.set)
        self._at_once = at_once
        self._shipping = ThreadPoolExecutor(at_once, thread_name_prefix="diorama-ship")
        self._shipments: list[tuple[Stream, Batch, Future[int]]] = []
        self._retry: tuple[Stream, Batch] | None = None
        """What is shipped before anything else, and alone."""
        self._is_retrying = False
        """Whether that is in flight."""
        self._breaks = 0
        """How often the store broke over the batch that is in flight or to be retried."""
        self._next_ship_at = 0.0
        self._failed_since: float | None = None
        self._wait_secs = FIRST_WAIT_SECS
        self._turn = 0
        self._tell_busy_at = 0.0

    def discover(self) -> None:
        """Find writers that are new."""
        try:
            directories = writer_dirs(self.journal_root, self.token)
        except OSError as error:  # no file descriptor is left, or a network folder is away: tried again later
            log.warning("%s can't be listed: %s", self.journal_root, error)
            return
        for directory in directories:
            if directory.name in self.streams:
                continue
            try:
                stream = open_stream(directory, self._encoders)
            except (JournalError, OSError) as error:
                self._fail(directory.name, str(error))
                continue
            if stream is not None:
                self.failures.pop(directory.name, None)
                self.streams[directory.name] = stream

    def step(self) -> bool:
        """Read, collect and ship what can be done now, without waiting. False if there was nothing to do."""
        self._tell_busy()
        did_something = self._settle()
        waiting_bytes = sum(stream.waiting_bytes for stream in self.streams.values())
        for stream in self.streams.values():
            if waiting_bytes > IN_WORK_LIMIT_BYTES:
                break
            if not stream.is_exhausted:
                waiting_bytes -= stream.waiting_bytes
                did_something = bool(self._read(stream)) or did_something
                waiting_bytes += stream.waiting_bytes
                if len(self.streams) > OPEN_JOURNALS_LIMIT:
                    stream.rest()
        return self._ship_next() or did_something

    def _tell_busy(self) -> None:
        """Let those who wait for the store know that encoding goes on."""
        now = time.monotonic()
        if now >= self._tell_busy_at:
            self._tell_busy_at = now + BUSY_EVERY_SECS
            for stream in self.streams.values():
                if stream.is_encoding:
                    note_busy(stream.directory)

    def _read(self, stream: Stream) -> int:
        try:
            return stream.read()
        except OSError as error:  # a bad sector, a network folder that is away: the others go on
            self._fail(stream.name, f"the journal can't be read: {error}")
            return 0

    def wait(self, timeout_secs: float) -> None:
        """Sleep until an encoder or a shipment is done, or the time is over."""
        if self._wake.wait(timeout_secs):
            self._wake.clear()

    @property
    def has_work(self) -> bool:
        return bool(self._shipments) or any(stream.has_work for stream in self.streams.values())

    @property
    def failed_secs(self) -> float:
        """For how long nothing could be shipped; 0 when all is well."""
        return 0.0 if self._failed_since is None else time.monotonic() - self._failed_since

    def heartbeat(self, stream: Stream) -> None:
        """Tell the store that the run is alive, if nothing else is under way. It is told now or never: a
        heartbeat that comes late would bring a run back that has ended."""
        if not self._shipments and self._retry is None and self._failed_since is None:
            self._submit(stream, Batch(stream.run, stream.name, []))

    def orphan(self, stream: Stream) -> bool:
        """Tell the store that the writer died without a Finish, when what is under way has arrived. False as
        long as the store has not answered: call it again after the next `step`."""
        is_free = self._retry is None and time.monotonic() >= self._next_ship_at and self._has_room()
        if not stream.is_orphan_told and is_free and not self._is_in_flight(stream):
            self._submit(stream, Batch(stream.run, stream.name, [], is_orphaned=True))
        return stream.is_orphan_told

    def forget(self, stream: Stream, *, is_removing: bool) -> None:
        """Done with this writer; with is_removing its journal goes, all of it being stored."""
        del self.streams[stream.name]
        self.tallies.setdefault(stream.run, Tally()).add(stream.tally)
        if is_removing:
            self.failures.pop(stream.name, None)
            stream.remove()
        else:
            stream.close()

    def close(self) -> None:
        """Let go of everything; what is not acknowledged stays in the journals."""
        self._shipping.shutdown(wait=True, cancel_futures=True)
        self._settle()
        self._encoders.close()
        for stream in list(self.streams.values()):
            self.forget(stream, is_removing=False)

    # -- shipping ------------------------------------------------------------------------------

    def _ship_next(self) -> bool:
        if time.monotonic() < self._next_ship_at or not self._has_room():
            return False
        if self._retry is not None:
            stream, batch = self._retry
            self._retry = None
            self._is_retrying = True
            self._submit(stream, batch)
            return True
        did_something = False
        for stream in self._in_turn():
            if not self._has_room() or time.monotonic() < self._next_ship_at:
                break
            if time.monotonic() < stream.next_ship_at or self._is_in_flight(stream):
                continue
            try:
                batch_or_none = stream.next_batch()
            except Unavailable as trouble:
                self._postpone(stream, trouble)
                break
            if batch_or_none is not None:
                self._submit(stream, batch_or_none)
                did_something = True
        return did_something

    def _has_room(self) -> bool:
        """Whether one more batch may be in flight."""
        is_well = self._failed_since is None and self._retry is None and not self._is_retrying
        return len(self._shipments) < (self._at_once if is_well else 1)

    def _is_in_flight(self, stream: Stream) -> bool:
        return any(shipped is stream for shipped, _, _ in self._shipments)

    def _in_turn(self) -> list[Stream]:
        """All streams, another one first each time, so that none starves."""
        streams = list(self.streams.values())
        self._turn += 1
        split = self._turn % max(len(streams), 1)
        return streams[split:] + streams[:split]

    def _submit(self, stream: Stream, batch: Batch) -> None:
        is_suspect = bool(batch.entries or batch.lost) and self._breaks >= TRIES - 1 and not _splits(batch)
        try:
            future = self._shipping.submit(self._ship, batch, is_suspect)
        except RuntimeError as error:  # no thread can be started now
            self._put_back(stream, batch)
            self._postpone(stream, Unavailable(str(error)))
            return
        future.add_done_callback(lambda _: self._wake.set())
        self._shipments.append((stream, batch, future))

    def _ship(self, batch: Batch, is_suspect: bool) -> int:
        """Store a batch. If the store breaks over a suspect one, but takes a heartbeat, it is the batch's
        fault. Raises Unavailable or Refused."""
        try:
            return self._transport.ingest(batch)
        except Broken as error:
            if not is_suspect:
                raise
            try:
                self._transport.ingest(Batch(batch.run, batch.writer, []))
            except Unavailable as trouble:
                raise Unavailable(trouble.message, hint=trouble.hint) from error
            raise Refused(error.message, hint=error.hint) from error

    def _settle(self) -> bool:
        """Take in the answers that have come."""
        did_something = False
        for shipment in list(self._shipments):
            stream, batch, future = shipment
            if future.done():
                did_something = True
                self._shipments.remove(shipment)
                self._is_retrying = False  # it was alone
                if not future.cancelled():
                    self._take_answer(stream, batch, future)
        return did_something

    def _take_answer(self, stream: Stream, batch: Batch, future: Future[int]) -> None:
        error = future.exception()
        if error is None:
            stream.is_orphan_told = batch.is_orphaned
            stream.acknowledge(batch, future.result())
            stream.next_ship_at = time.monotonic() + _pause_secs(stream)
            if self._retry is None:  # else another one failed since this was shipped
                self._breaks = 0
                self._recover()
        elif self._retry is not None:
            # Another one failed before, and is looked into. This one's turn comes.
            stream.give_back_from(0)
            self._park(stream, error)
        elif isinstance(error, BlobsGone):
            self._breaks = 0
            stream.encode_again()
            self._postpone(stream, error)
        elif isinstance(error, Refused):
            self._breaks = 0
            self._part_with_refused(stream, batch, error)
        elif isinstance(error, Broken) and self._breaks and _splits(batch):
            self._halve(stream, batch)
        else:
            # The answer to a heartbeat says nothing about entries, so only batches with entries count.
            self._breaks += isinstance(error, Broken) and bool(batch.entries or batch.lost)
            self._put_back(stream, batch)
            # An error that is not known to be a refusal may be gone later.
            if not isinstance(error, Unavailable):
                error = Unavailable(f"{type(error).__name__}: {error}")
            self._postpone(stream, error)

    def _put_back(self, stream: Stream, batch: Batch) -> None:
        """Ship a batch again. A heartbeat or an orphan is dropped: if it is still true, it is told anew."""
        if batch.entries or batch.lost:
            self._retry = (stream, batch)

    def _part_with_refused(self, stream: Stream, batch: Batch, error: Refused) -> None:
        """The store will not take this batch: find the entry that is at fault and go on without it."""
        if _splits(batch):
            self._halve(stream, batch)
        elif not self._keeps_refused:
            self._fail(stream.name, f"the store still refuses it: {error}")
            self.forget(stream, is_removing=False)
        elif not batch.entries or _is_a_notice(batch):
            self._part_with_words(stream, batch, error)
        else:
            self._put_aside(stream, batch, error)

    def _halve(self, stream: Stream, batch: Batch) -> None:
        split_seq = _split_seq(batch)
        assert split_seq is not None
        stream.give_back_from(split_seq)
        entries = [numbered for numbered in batch.entries if numbered.seq < split_seq]
        lost = [gap for gap in batch.lost if gap.last_seq < split_seq]
        self._retry = (stream, Batch(batch.run, batch.writer, entries, lost))

    def _put_aside(self, stream: Stream, batch: Batch, error: Refused) -> None:
        seq = batch.entries[0].seq
        try:
            kept_in = keep_refused(self.journal_root, stream.directory, stream.start, seq)
        except (OSError, JournalError) as trouble:  # such as a full disk: until then it stays in the journal
            self._put_back(stream, batch)
            self._postpone(stream, Unavailable(f"entry {seq} was refused, and can't be put aside: {trouble}"))
            return
        place = kept_in.relative_to(self.journal_root).as_posix()
        text = f"entry {seq} was refused by the store: {error.message}; it is kept in {place}"
        log.error("%s: %s", stream.name, text)
        stream.tally.refused += 1
        stream.tally.entries -= 1  # because the notice in its place will be counted
        notice = Numbered(seq, Warn(time.time(), REFUSED_CODE, text))
        self._retry = (stream, Batch(batch.run, batch.writer, [notice], batch.lost))

    def _part_with_words(self, stream: Stream, batch: Batch, error: Refused) -> None:
        """What is refused is only a report: of damage, or of an entry that was put aside. It is told in
        plainer words, and if these are refused too, in the log."""
        log.error("%s: a report was refused by the store: %s", stream.name, error)
        plain = [Lost(gap.first_seq, gap.last_seq, "its journal", "damaged") for gap in batch.lost]
        notices = [
            Numbered(seq, Warn(time.time(), REFUSED_CODE, f"entry {seq} was refused by the store"))
            for seq in sorted({numbered.seq for numbered in batch.entries})
        ]
        if batch.lost != plain or [_text_of(each) for each in batch.entries] != [
            _text_of(each) for each in notices
        ]:
            self._retry = (stream, Batch(batch.run, batch.writer, notices, plain))
        elif batch.is_orphaned:
            stream.is_orphan_told = True
        else:
            stream.acknowledge(batch, stream.acked_seq)

    def _postpone(self, stream: Stream, trouble: Unavailable) -> None:
        if self._failed_since is None:
            self._failed_since = time.monotonic()
        now = time.monotonic()
        longest = MENDING_WAIT_SECS if trouble.needs_mending else LONGEST_WAIT_SECS
        if now >= self._next_ship_at:  # else it was shipped together with one that has failed before
            self._wait_secs = min(self._wait_secs * 2, longest)
        wait_secs = max(trouble.wait_secs, self._wait_secs * random.uniform(0.5, 1.0))
        self._next_ship_at = now + wait_secs
        self._park(stream, trouble)

    def _park(self, stream: Stream, trouble: BaseException) -> None:
        """Let those who wait for the store know that this journal has to wait."""
        self._fail(stream.name, str(trouble))
        note_parked(stream.directory, str(trouble))

    def _recover(self) -> None:
        self._wait_secs = FIRST_WAIT_SECS
        if self._failed_since is not None:
            log.warning("shipping works again after %.0f s", self.failed_secs)
            self._failed_since = None
        for name in list(self.failures):
            if name in self.streams:
                del self.failures[name]
                note_taken(self.streams[name].directory)

    def _fail(self, name: str, text: str) -> None:
        if self.failures.get(name) != text:
            self.failures[name] = text
            log.error("%s: %s", name, text)


def writer_dirs(journal_root: Path, token: str) -> list[Path]:
    """The journals of a token, oldest name first."""
    try:
        found = [path for path in journal_root.iterdir() if token_of(path.name) == token and path.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(found)


def token_of(name: str) -> str | None:
    """The token in the name of a writer's folder (`<token>.<rest>`); None for other names."""
    if name.startswith((GONE_PREFIX, ".")) or "." not in name:
        return None
    return name.partition(".")[0]


def _pause_secs(stream: Stream) -> float:
    """How long entries gather before the next batch. Each batch makes the disk sync, and until it has, a
    training that writes beside it may have to wait: so while media are being encoded, batches are large."""
    if stream.is_encoding:
        return MEDIA_SHIP_INTERVAL_SECS
    return 0.0 if stream.waiting_bytes > BACKLOG_BYTES else SHIP_INTERVAL_SECS


def _split_seq(batch: Batch) -> int | None:
    """Where a batch can be halved; an entry and its warnings stay together. None if it holds one entry."""
    seqs = [numbered.seq for numbered in batch.entries]
    if not seqs or seqs[0] == seqs[-1]:
        return None
    middle = seqs[len(seqs) // 2]
    return middle if middle > seqs[0] else next(seq for seq in seqs if seq > middle)


def _splits(batch: Batch) -> bool:
    return _split_seq(batch) is not None


def _is_a_notice(batch: Batch) -> bool:
    """Whether a batch only tells of an entry that was put aside already."""
    return all(isinstance(each.entry, Warn) and each.entry.code == REFUSED_CODE for each in batch.entries)


def _text_of(numbered: Numbered) -> str:
    return numbered.entry.text if isinstance(numbered.entry, Warn) else ""
