"""Moves the journals of one training process into a store, again and again until it succeeds.

The loop's thread reads and batches, a pool encodes, one more thread ships; so reading, encoding and
storing overlap, and what is under way is bounded in bytes. One batch at a time is in flight: while
the store works on it, the next one grows.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from diorama.errors import JournalError
from diorama.journal.entry import Batch, Numbered, Warn
from diorama.journal.segments import note_busy
from diorama.sidecar.encode import EncoderPool
from diorama.sidecar.refuse import keep_refused
from diorama.sidecar.ship import BlobsGone, Refused, Transport, Unavailable
from diorama.sidecar.stream import GONE_PREFIX, Stream, Tally, open_stream

IN_WORK_LIMIT_BYTES = 256 << 20
SHIP_INTERVAL_SECS = 0.05
BACKLOG_BYTES = 256 << 10
FIRST_WAIT_SECS = 0.25
LONGEST_WAIT_SECS = 30.0
BUSY_EVERY_SECS = 5.0
MENDING_WAIT_SECS = 60.0
PARKED = "parked"

log = logging.getLogger("diorama.sidecar")


class Pump:
    """Serves the writers of `token` below `journal_root`. Use from one thread.

    failures: what stands in the way now, by writer; empty when all is well.
    """

    def __init__(self, journal_root: Path, token: str, transport: Transport) -> None:
        self.journal_root = journal_root
        self.token = token
        self.streams: dict[str, Stream] = {}
        self.failures: dict[str, str] = {}
        self.tallies: dict[tuple[str, str, str], Tally] = {}
        """By run, of the streams that are parted with."""
        self._transport = transport
        self._wake = threading.Event()
        self._encoders = EncoderPool(transport.put_blob, on_done=self._wake.set)
        self._shipping = ThreadPoolExecutor(1, thread_name_prefix="diorama-ship")
        self._shipment: tuple[Stream, Batch, Future[int]] | None = None
        self._retry: tuple[Stream, Batch] | None = None
        self._next_ship_at = 0.0
        self._failed_since: float | None = None
        self._wait_secs = FIRST_WAIT_SECS
        self._turn = 0
        self._tell_busy_at = 0.0

    def discover(self) -> None:
        """Find writers that are new."""
        for directory in writer_dirs(self.journal_root, self.token):
            if directory.name in self.streams:
                continue
            try:
                stream = open_stream(directory, self._encoders)
            except (JournalError, OSError) as error:
                self._fail(directory.name, str(error))
                continue
            if stream is not None:
                self.streams[directory.name] = stream

    def step(self) -> bool:
        """Read, collect and ship what can be done now, without waiting. False if there was nothing to do."""
        self._tell_busy()
        did_something = self._settle()
        for stream in self.streams.values():
            if self._waiting_bytes() > IN_WORK_LIMIT_BYTES:
                break
            if not stream.is_exhausted and self._read(stream):
                did_something = True
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
        return self._shipment is not None or any(stream.has_work for stream in self.streams.values())

    @property
    def failed_secs(self) -> float:
        """For how long nothing could be shipped; 0 when all is well."""
        return 0.0 if self._failed_since is None else time.monotonic() - self._failed_since

    def heartbeat(self, stream: Stream) -> None:
        """Tell the store that the run is alive, if nothing else is under way."""
        if self._shipment is None and self._retry is None and self._failed_since is None:
            self._submit(stream, Batch(stream.run, stream.name, []))

    def orphan(self, stream: Stream) -> bool:
        """Tell the store that the writer died without a Finish. False if it has to be told again later."""
        if time.monotonic() < self._next_ship_at:
            return False
        try:
            self._transport.ingest(Batch(stream.run, stream.name, [], is_orphaned=True))
        except Unavailable as trouble:
            self._postpone(stream, trouble)
            return False
        except Refused as refusal:
            log.error("%s could not be marked crashed: %s", stream.name, refusal)
        return True

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

    def _waiting_bytes(self) -> int:
        return sum(stream.waiting_bytes for stream in self.streams.values())

    # -- shipping ------------------------------------------------------------------------------

    def _ship_next(self) -> bool:
        if self._shipment is not None or time.monotonic() < self._next_ship_at:
            return False
        if self._retry is not None:
            stream, batch = self._retry
            self._retry = None
            self._submit(stream, batch)
            return True
        for stream in self._in_turn():
            try:
                batch_or_none = stream.next_batch()
            except Unavailable as trouble:
                self._postpone(stream, trouble)
                return False
            if batch_or_none is not None:
                self._submit(stream, batch_or_none)
                return True
        return False

    def _in_turn(self) -> list[Stream]:
        """All streams, another one first each time, so that none starves."""
        streams = list(self.streams.values())
        self._turn += 1
        split = self._turn % max(len(streams), 1)
        return streams[split:] + streams[:split]

    def _submit(self, stream: Stream, batch: Batch) -> None:
        future = self._shipping.submit(self._transport.ingest, batch)
        future.add_done_callback(lambda _: self._wake.set())
        self._shipment = (stream, batch, future)

    def _settle(self) -> bool:
        """Take in the answer to the batch in flight, if it has come."""
        if self._shipment is None or not self._shipment[2].done():
            return False
        (stream, batch, future), self._shipment = self._shipment, None
        if future.cancelled():
            return False
        error = future.exception()
        if error is None:
            stream.acknowledge(batch, future.result())
            self._recover(stream)
            is_behind = stream.waiting_bytes > BACKLOG_BYTES
            self._next_ship_at = time.monotonic() + (0.0 if is_behind else SHIP_INTERVAL_SECS)
        elif isinstance(error, BlobsGone):
            stream.encode_again()
            self._postpone(stream, error)
        elif isinstance(error, Unavailable):
            self._retry = (stream, batch)
            self._postpone(stream, error)
        elif not batch.entries:
            self._postpone(stream, Unavailable(f"heartbeat: {error}"))
        else:
            self._isolate(stream, batch, error)
        return True

    def _isolate(self, stream: Stream, batch: Batch, error: BaseException) -> None:
        """The store will not take this batch: find the entry that is at fault and go on without it."""
        if len(batch.entries) > 1:
            half = len(batch.entries) // 2
            while half < len(batch.entries) and batch.entries[half].seq == batch.entries[half - 1].seq:
                half += 1  # an entry and its warnings stay together
            if half < len(batch.entries):
                split_seq = batch.entries[half].seq
                stream.give_back_from(split_seq)
                lost = [gap for gap in batch.lost if gap.last_seq < split_seq]
                self._retry = (stream, Batch(batch.run, batch.writer, batch.entries[:half], lost))
                return
        bad = batch.entries[0]
        kept_in = keep_refused(self.journal_root, stream.directory, bad)
        reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        text = f"entry {bad.seq} was refused by the store: {reason}; it is kept in {kept_in.name}"
        log.error("%s: %s", stream.name, text)
        stream.tally.refused += 1
        warning = Numbered(bad.seq, Warn(time.time(), "entry-refused", text))
        self._retry = (stream, Batch(batch.run, batch.writer, [warning], batch.lost))

    def _postpone(self, stream: Stream, trouble: Unavailable) -> None:
        if self._failed_since is None:
            self._failed_since = time.monotonic()
        longest = MENDING_WAIT_SECS if trouble.needs_mending else LONGEST_WAIT_SECS
        self._wait_secs = min(self._wait_secs * 2, longest)
        wait_secs = max(trouble.wait_secs, self._wait_secs * random.uniform(0.5, 1.0))
        self._next_ship_at = time.monotonic() + wait_secs
        self._fail(stream.name, str(trouble))
        note = stream.directory / PARKED
        try:
            note.write_text(f"{trouble}\n")
        except OSError as error:
            log.debug("no note in %s: %s", note, error)

    def _recover(self, stream: Stream) -> None:
        self._wait_secs = FIRST_WAIT_SECS
        if self._failed_since is not None:
            log.warning("shipping works again after %.0f s", self.failed_secs)
            self._failed_since = None
        for name in list(self.failures):
            if name in self.streams:
                del self.failures[name]
                (self.streams[name].directory / PARKED).unlink(missing_ok=True)

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
