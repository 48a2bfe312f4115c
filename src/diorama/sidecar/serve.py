"""The life of a sidecar: it serves one training process, outlives it, and leaves nothing behind.

the trainer lives       tail, encode, ship; watch the machine; a heartbeat every 15 s
a run finished          its last entries are stored; its journal is removed
the trainer died        drain what is left, mark the run crashed, remove the journal, exit
the store is away       wait for it as long as the trainer lives and ten minutes longer; the
                        journals stay, and the next start or `diorama sync` goes on from there
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from diorama.errors import JournalError
from diorama.journal.lease import Lease
from diorama.journal.life import is_alive, started_at
from diorama.sidecar.pump import Pump, token_of
from diorama.sidecar.stream import Stream
from diorama.sidecar.transport import Transport
from diorama.sidecar.watch import PATIENCE_SECS, RunWatch, interval_from_environ

log = logging.getLogger("diorama.sidecar")

POLL_SECS = (0.01, 0.1)
LIVES_EVERY_SECS = 0.5
DISCOVER_EVERY_SECS = 0.25
HEARTBEAT_SECS = 15.0
LINGER_SECS = 10.0
FINISHED_STAYS_SECS = 10.0
PATIENCE_AFTER_TRAINER_SECS = 600.0
PATIENCE_AT_STOP_SECS = 10.0


class Sidecar:
    """Serves `token` below `journal_root` until its work is done or `stop` is called.

    The caller holds the token's lease, in `lease`; `run` gives it back.
    """

    def __init__(self, journal_root: Path, token: str, transport: Transport, lease: Lease) -> None:
        self.journal_root = journal_root
        self.token = token
        self.pump = Pump(journal_root, token, transport)
        self._transport = transport
        self._lease = lease
        self._is_stopping = threading.Event()
        self._interval_secs = interval_from_environ()
        self._trainer_pid = pid_of(token)
        self._trainer_started = None if self._trainer_pid is None else started_at(self._trainer_pid)
        self._watches: dict[str, RunWatch] = {}
        self._unwatched: set[str] = set()
        """Streams whose entries were not read far enough yet to tell whether their run still goes on."""
        self._ending: list[RunWatch] = []
        self._own: set[str] = set()
        self._done_at: dict[str, float] = {}
        self._watch_count = 0
        self._idle_since = time.monotonic()
        self._is_trainer_gone = self._trainer_pid is not None and self._trainer_started is None

    def stop(self) -> None:
        """Ship what is there now, then let `run` return. May be called from a signal handler."""
        self._is_stopping.set()

    def run(self) -> bool:
        """Serve. True if everything that was found is in the store."""
        poll_secs = POLL_SECS[0]
        next_lives_at = next_discover_at = next_heartbeat_at = 0.0
        stopping_at: float | None = None
        try:
            while True:
                now = time.monotonic()
                if now >= next_discover_at:
                    next_discover_at = now + DISCOVER_EVERY_SECS
                    self._discover()
                if now >= next_lives_at:
                    next_lives_at = now + LIVES_EVERY_SECS
                    self._look_at_lives()
                if now >= next_heartbeat_at:
                    next_heartbeat_at = now + HEARTBEAT_SECS / 3
                    self._heartbeat(now)
                did_something = self.pump.step()
                self._begin_watches()
                self._retire(now)
                if self._is_stopping.is_set() and stopping_at is None:
                    stopping_at = now
                    self._close_watches()
                if self._is_over(now, stopping_at, did_something):
                    break
                poll_secs = POLL_SECS[0] if did_something else min(poll_secs * 1.3, POLL_SECS[1])
                if not did_something:
                    self.pump.wait(poll_secs)
        finally:
            self._close_watches()
            is_whole = not self.pump.has_work and not self.pump.failures
            self.pump.close()
            self._lease.release()
        return is_whole

    def _is_over(self, now: float, stopping_at: float | None, did_something: bool) -> bool:
        if stopping_at is not None:
            is_still = not did_something and not self.pump.has_work
            return is_still or now - stopping_at > PATIENCE_AT_STOP_SECS
        if self.pump.streams or self.pump.has_work:
            self._idle_since = now
            is_in_vain = self.pump.failed_secs > PATIENCE_AFTER_TRAINER_SECS
            return is_in_vain and self._is_trainer_gone
        if not self._is_trainer_gone and now - self._idle_since < LINGER_SECS:
            return False
        return self._may_leave()

    def _may_leave(self) -> bool:
        """Give the lease back, then look once more: a run that began in between must not be left alone."""
        self._lease.release()
        self._discover()
        if not self.pump.streams:
            return True
        lease = Lease.acquire_soon(self.journal_root, self.token, patience_secs=0.2)
        if lease is None:
            return True  # another sidecar was started for it already
        self._lease = lease
        return False

    def _discover(self) -> None:
        known = set(self.pump.streams)
        self.pump.discover()
        self._unwatched |= set(self.pump.streams) - known

    def _begin_watches(self) -> None:
        """Watch the runs that go on, now that what they have written so far was read: a run that was over
        before we came needs no thread and no journal of ours."""
        for name in list(self._unwatched):
            stream = self.pump.streams.get(name)
            if stream is None or stream.is_caught_up or stream.is_exhausted or stream.finish is not None:
                self._unwatched.discard(name)
                if stream is not None and self._goes_on(stream):
                    self._watch(stream)

    def _goes_on(self, stream: Stream) -> bool:
        is_over = stream.finish is not None or stream.start.is_secondary or self._is_stopping.is_set()
        return not is_over and stream.is_writer_alive()

    def _watch(self, stream: Stream) -> None:
        name = f"{self.token}.s{os.getpid()}.{self._watch_count}"
        self._watch_count += 1
        self._own.add(name)
        try:
            watch = RunWatch(self.journal_root, name, stream.start, interval_secs=self._interval_secs)
        except (OSError, JournalError, RuntimeError) as error:
            log.warning("the machine is not sampled: %s", error)
            return
        self._watches[stream.name] = watch

    def _close_watches(self) -> None:
        watches = [*self._watches.values(), *self._ending]
        self._watches.clear()
        self._ending.clear()
        for watch in watches:
            watch.end()
        until = time.monotonic() + PATIENCE_SECS
        for watch in watches:
            watch.close(max(until - time.monotonic(), 0.0))

    def _look_at_lives(self) -> None:
        for stream in self.pump.streams.values():
            if stream.name not in self._own and not stream.is_writer_gone:
                stream.is_writer_gone = not stream.is_writer_alive()
        if self._trainer_pid is not None:
            self._is_trainer_gone = self._is_trainer_gone or not is_alive(
                self._trainer_pid, self._trainer_started
            )

    def _heartbeat(self, now: float) -> None:
        for stream in self.pump.streams.values():
            is_live = stream.finish is None and not stream.is_writer_gone and not stream.start.is_secondary
            if is_live and now - stream.last_shipped_at > HEARTBEAT_SECS * 2 / 3:
                self.pump.heartbeat(stream)
                return

    def _retire(self, now: float) -> None:
        """Part with writers that are done: their runs ended and everything is stored."""
        self._ending = [watch for watch in self._ending if not watch.is_ended()]
        for stream in list(self.pump.streams.values()):
            if stream.finish is not None or stream.is_writer_gone:
                watch = self._watches.pop(stream.name, None)
                if watch is not None:
                    watch.end()
                    self._ending.append(watch)
            if stream.has_work:
                self._done_at.pop(stream.name, None)
                continue
            if stream.is_writer_gone and stream.is_exhausted:
                self._part_with(stream)
            elif stream.finish is not None:
                # A living process may still hold its files open and say a last word.
                done_at = self._done_at.setdefault(stream.name, now)
                if stream.name in self._own or now - done_at > FINISHED_STAYS_SECS:
                    stream.is_writer_gone = True

    def _part_with(self, stream: Stream) -> None:
        if stream.finish is None and not stream.start.is_secondary and not self.pump.orphan(stream):
            return
        self.pump.forget(stream, is_removing=True)
        self._done_at.pop(stream.name, None)


def pid_of(token: str) -> int | None:
    """The process id in a token `<utc time>-<pid>-<random>`."""
    parts = token.rsplit("-", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else None


def is_token(name: str) -> bool:
    """Whether `name` can be a token: no dot, and not empty."""
    return bool(name) and token_of(f"{name}.0") == name
