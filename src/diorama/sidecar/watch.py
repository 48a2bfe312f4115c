"""Watches a run from beside it: machine samples and surroundings, written as entries of their own journal.

They take the way of everything else (journal, encode, ship), so they too survive a crash and wait for
a server that is away. The journal's writer is secondary: it does not decide whether the run has ended.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from diorama.errors import UsageError
from diorama.journal.codec import Encoding
from diorama.journal.entry import Environment, File, Finish, Start, System, Warn
from diorama.journal.life import started_at
from diorama.journal.writer import JournalWriter
from diorama.media import RunFile
from diorama.sidecar.machine import MachineSampler
from diorama.sidecar.surroundings import look_around

FIRST_SAMPLE_SECS = 1.0
DEFAULT_INTERVAL_SECS = 10.0
PATIENCE_SECS = 5.0

_NOT_NOW = (OSError, MemoryError, RuntimeError, ValueError, psutil.Error, subprocess.SubprocessError)

log = logging.getLogger("diorama.sidecar")


class RunWatch:
    """Watches the run of one primary writer until `end` or `close`.

    name: the folder of its own journal, in `journal_root`.
    interval_secs: seconds between samples; 0 turns them off.
    """

    def __init__(self, journal_root: Path, name: str, start: Start, *, interval_secs: float) -> None:
        self._interval_secs = interval_secs
        self._is_over = threading.Event()
        self._until = math.inf
        self._is_closed = False
        self._start = start
        directory = start.environment.get("cwd")
        self._directory = Path(directory) if isinstance(directory, str) and directory else Path.cwd()
        self._sampler: MachineSampler | None = None
        self._writer = JournalWriter(journal_root / name)
        own_start = Start(
            entity=start.entity,
            project=start.project,
            run=start.run,
            writer=name,
            pid=os.getpid(),
            pid_started=started_at(os.getpid()) or 0.0,
            time=time.time(),
            resume="allow",
            environment={"host": start.environment["host"]} if "host" in start.environment else {},
            is_secondary=True,
            session=start.session,
        )
        self._append(own_start)
        self._append(own_start)  # twice, as every writer does
        self._thread = threading.Thread(target=self._watch, name="diorama-watch", daemon=True)
        try:
            self._thread.start()
        except BaseException:  # the sidecar would wait for ever for a journal that nobody ends
            self._writer.append(msgspec.msgpack.encode(Finish(time.time(), 0, "finished")), is_last=True)
            self._writer.close()
            raise

    @property
    def run(self) -> tuple[str, str, str]:
        return (self._start.entity, self._start.project, self._start.run)

    def end(self) -> None:
        """Stop watching, without waiting for it: call `is_ended` now and then."""
        if not self._is_over.is_set():
            self._is_over.set()
            self._until = time.monotonic() + PATIENCE_SECS

    def is_ended(self) -> bool:
        """Whether its journal has got its Finish, so that it is removed once it is stored. What is still
        being found out (git may take long) is waited for a few seconds, and then done without."""
        if not self._is_closed and (not self._thread.is_alive() or time.monotonic() > self._until):
            self._is_closed = True
            self._writer.append(msgspec.msgpack.encode(Finish(time.time(), 0, "finished")), is_last=True)
            self._writer.close()
        return self._is_closed

    def close(self, timeout_secs: float = PATIENCE_SECS) -> None:
        """Stop watching, and wait for it."""
        self.end()
        self._thread.join(timeout_secs)
        self._until = 0.0
        self.is_ended()

    def _watch(self) -> None:
        if self._interval_secs > 0:
            self._try(self._make_sampler)
        began = time.monotonic()
        if self._is_over.wait(0.3):  # a script of a second is not to be slowed down by git
            return
        self._try(self._look_around)
        wait_secs = max(FIRST_SAMPLE_SECS - (time.monotonic() - began), 0.1)
        while self._interval_secs > 0 and not self._is_over.wait(wait_secs):
            self._try(self._sample)
            wait_secs = self._interval_secs

    def _try(self, look: Callable[[], object]) -> None:
        """What can't be found out now (no descriptor, no memory, no process) is left out; the next look is
        another one."""
        try:
            look()
        except _NOT_NOW as error:
            log.warning("the surroundings of %s: %s: %s", self._start.run, type(error).__name__, error)

    def _make_sampler(self) -> MachineSampler:
        if self._sampler is None:
            self._sampler = MachineSampler(self._start.pid, self._directory)
        return self._sampler

    def _sample(self) -> None:
        self._append(System(time.time(), self._make_sampler().sample()))

    def _look_around(self) -> None:
        seen = look_around(self._directory)
        if seen.data:
            self._append(Environment(seen.data))
        for name, content in seen.files.items():
            if not self._is_over.is_set():
                self._append(File(name, Encoding().plain(RunFile(name, content))))
        for remark in seen.remarks:
            self._append(Warn(time.time(), "surroundings", remark))

    def _append(self, entry: Start | System | Environment | File | Warn) -> None:
        with contextlib.suppress(UsageError):  # too late: the journal has got its Finish already
            self._writer.append(msgspec.msgpack.encode(entry))


def interval_from_environ() -> float:
    """Seconds between samples: DIORAMA_STATS_INTERVAL_SECS, else 10; 0 turns them off."""
    named = os.environ.get("DIORAMA_STATS_INTERVAL_SECS", "").strip()
    if not named:
        return DEFAULT_INTERVAL_SECS
    try:
        return max(float(named), 0.0)
    except ValueError:
        log.warning(
            "DIORAMA_STATS_INTERVAL_SECS is %r, which is no number; using %g", named, DEFAULT_INTERVAL_SECS
        )
        return DEFAULT_INTERVAL_SECS
