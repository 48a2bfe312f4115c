"""Brings into the store what earlier processes left in their journals.

Called by `diorama sync`, at the start of `diorama ui`, by `Api()`, and by a new run's sidecar for the
journals of processes that are dead. Journals that a living sidecar serves are left to it. One journal
that can't be read never stops the others.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from diorama.errors import JournalError
from diorama.journal.folder import read_ack
from diorama.journal.lease import Lease, is_held
from diorama.journal.reader import JournalReader
from diorama.model import StoreDir
from diorama.sidecar.destination import transport_to
from diorama.sidecar.pump import Pump, token_of, writer_dirs
from diorama.sidecar.refuse import refused_root
from diorama.sidecar.stream import GONE_PREFIX, Stream, Tally, read_start
from diorama.sidecar.transport import Transport

PATIENCE_SECS = 10.0
WAIT_SECS = 0.05
EMPTY_STAYS_SECS = 60.0
URL_NOTE = "url"
LOGS_STAY_SECS = 7 * 86_400.0


@dataclass
class DrainReport:
    """What a drain did.

    tallies: by run, what was stored, what could not be read (and is reported in the run), and what the
    store will not take (kept in `refused/`);
    failed: a sentence per journal that could not be brought in and is still there;
    skipped_live: journals that a living sidecar serves.
    """

    tallies: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    skipped_live: int = 0

    @property
    def entries(self) -> int:
        return sum(tally.entries for tally in self.tallies.values())

    @property
    def lost(self) -> int:
        return sum(tally.lost for tally in self.tallies.values())

    @property
    def refused(self) -> int:
        return sum(tally.refused for tally in self.tallies.values())

    @property
    def runs(self) -> set[tuple[str, str, str]]:
        """The runs that got entries."""
        return {run for run, tally in self.tallies.items() if tally.entries}

    def add(self, other: DrainReport) -> None:
        for run, tally in other.tallies.items():
            self.tallies.setdefault(run, Tally()).add(tally)
        self.failed += other.failed
        self.skipped_live += other.skipped_live


def drain(
    store_dir: StoreDir,
    *,
    journal_root: Path | None = None,
    tokens: Iterable[str] | None = None,
    transport: Transport | None = None,
    patience_secs: float = PATIENCE_SECS,
    only_dead: bool = False,
    is_refused: bool = False,
    on_progress: Callable[[DrainReport], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> DrainReport:
    """Store everything that journals hold and nobody serves.

    journal_root: where journals lie; by default the store's own folder for them.
    tokens: only these training processes.
    transport: where to; by default the local store in `store_dir`.
    patience_secs: how long to try a store that does not answer before a journal counts as failed.
    only_dead: leave alone journals whose process still lives (by default, what is there is stored).
    is_refused: not the journals themselves, but the entries of theirs that a store has refused; what it
        refuses again stays where it is, and counts as failed.
    on_progress: called now and then with what was done so far.

    >>> drain(StoreDir(Path("~/.diorama").expanduser())).entries     # doctest: +SKIP
    1234
    """
    into = transport if transport is not None else transport_to(store_dir, None)
    wanted = None if tokens is None else set(tokens)
    report = DrainReport()
    try:
        root = journal_root or store_dir.journal
        _tidy(root)
        root = refused_root(root) if is_refused else root
        for token in list_tokens(root):
            if should_stop():
                return report
            if wanted is None or token in wanted:
                one = _TokenDrain(root, token, into, patience_secs, only_dead, is_refused, should_stop)
                one.run(lambda so_far: on_progress(_sum(report, so_far)) if on_progress else None)
                report.add(one.report)
    finally:
        if transport is None:
            into.close()
    return report


def outboxes(store_dir: StoreDir) -> list[tuple[str, Path]]:
    """(URL, journal root) of every server that runs of this machine were to go to."""
    found: list[tuple[str, Path]] = []
    for note in sorted(store_dir.outbox.glob(f"*/{URL_NOTE}")):
        try:
            url = note.read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if url:
            found.append((url, note.parent))
    return found


def list_tokens(journal_root: Path) -> list[str]:
    """The tokens that have journals below `journal_root`, oldest first."""
    try:
        found = {token_of(path.name) for path in journal_root.iterdir() if path.is_dir()}
    except OSError:
        return []
    return sorted(token for token in found if token is not None)


@dataclass(frozen=True)
class Waiting:
    """A journal that is not wholly stored. trouble: why it can't be read, or ""; run: None then."""

    directory: Path
    run: tuple[str, str, str] | None
    entries: int
    lost: int
    is_served: bool
    trouble: str = ""


def list_waiting(journal_root: Path, tokens: Iterable[str] | None = None) -> list[Waiting]:
    """What a drain would find, without storing anything."""
    found: list[Waiting] = []
    for token in list_tokens(journal_root) if tokens is None else sorted(tokens):
        served = is_held(journal_root, token)
        for directory in writer_dirs(journal_root, token):
            try:
                start = read_start(directory)
            except JournalError as error:
                found.append(Waiting(directory, None, 0, 0, served, str(error)))
                continue
            if start is not None:
                entries, lost = _count_waiting(directory)
                found.append(
                    Waiting(directory, (start.entity, start.project, start.run), entries, lost, served)
                )
    return found


def wait_until_stored(store_dir: StoreDir, *, limit_secs: float) -> bool:
    """Wait until living sidecars have stored what their journals hold now; False if that took too long.

    What is journalled while waiting is not waited for.
    """
    root = store_dir.journal
    wanted = {
        directory: last
        for token in list_tokens(root)
        if is_held(root, token)
        for directory in writer_dirs(root, token)
        if (last := _last_seq(directory)) > read_ack(directory)
    }
    deadline = time.monotonic() + limit_secs
    while wanted and time.monotonic() < deadline:
        time.sleep(0.01)
        # A folder that is gone was stored and removed.
        wanted = {
            folder: last for folder, last in wanted.items() if folder.exists() and read_ack(folder) < last
        }
    return not wanted


def _last_seq(directory: Path) -> int:
    with JournalReader(directory, after_seq=read_ack(directory)) as reader:
        while reader.poll():
            pass
        return reader.last_seq


def _count_waiting(directory: Path) -> tuple[int, int]:
    entries = 0
    with JournalReader(directory, after_seq=read_ack(directory)) as reader:
        while frames := reader.poll():
            entries += len(frames)
        reader.poll(is_final=True)
        return entries, sum(gap.last_seq - gap.first_seq + 1 for gap in reader.take_lost())


class _TokenDrain:
    def __init__(
        self,
        root: Path,
        token: str,
        transport: Transport,
        patience_secs: float,
        only_dead: bool,
        is_refused: bool,
        should_stop: Callable[[], bool],
    ) -> None:
        self.report = DrainReport()
        self._root = root
        self._token = token
        self._transport = transport
        self._patience_secs = patience_secs
        self._only_dead = only_dead
        self._is_refused = is_refused
        self._should_stop = should_stop

    def run(self, on_progress: Callable[[DrainReport], None]) -> None:
        try:
            lease = Lease.acquire(self._root, self._token)
        except OSError as error:
            self.report.failed.append(f"{self._root / self._token}: {error}")
            return
        if lease is None:
            self.report.skipped_live += len(writer_dirs(self._root, self._token))
            return
        with lease:
            keeps_refused = not self._is_refused
            pump = Pump(self._root, self._token, self._transport, keeps_refused=keeps_refused, at_once=1)
            try:
                pump.discover()
                self._set_lives(pump)
                self._pump_dry(pump, on_progress)
                self._part_with_done(pump)
            finally:
                pump.close()
                self._tell(pump)
            _remove_empty(self._root, self._token)

    def _set_lives(self, pump: Pump) -> None:
        for stream in list(pump.streams.values()):
            stream.is_writer_gone = not stream.is_writer_alive()
            if self._only_dead and not stream.is_writer_gone:
                self.report.skipped_live += 1
                pump.forget(stream, is_removing=False)

    def _pump_dry(self, pump: Pump, on_progress: Callable[[DrainReport], None]) -> None:
        while not self._should_stop():
            did_something = pump.step()
            on_progress(_report_of(pump))
            if pump.failed_secs > self._patience_secs:
                return
            if did_something:
                continue
            is_read = all(
                stream.is_exhausted or not stream.is_writer_gone for stream in pump.streams.values()
            )
            if is_read and not pump.has_work:
                return
            pump.wait(WAIT_SECS)

    def _part_with_done(self, pump: Pump) -> None:
        for stream in list(pump.streams.values()):
            if not stream.is_exhausted or stream.has_work or pump.has_work:
                continue
            if (
                stream.finish is None
                and not stream.start.is_secondary
                and not self._mark_crashed(pump, stream)
            ):
                continue
            pump.forget(stream, is_removing=True)

    def _mark_crashed(self, pump: Pump, stream: Stream) -> bool:
        until = time.monotonic() + self._patience_secs
        while not pump.orphan(stream):
            if time.monotonic() > until or self._should_stop():
                return False
            if not pump.step():
                pump.wait(WAIT_SECS)
        return True

    def _tell(self, pump: Pump) -> None:
        self.report.tallies = pump.tallies
        self.report.failed += [f"{self._root / name}: {text}" for name, text in pump.failures.items()]


def _report_of(pump: Pump) -> DrainReport:
    report = DrainReport()
    for stream in pump.streams.values():
        report.tallies.setdefault(stream.run, Tally()).add(stream.tally)
    return report


def _sum(done: DrainReport, more: DrainReport) -> DrainReport:
    total = DrainReport()
    total.add(done)
    total.add(more)
    return total


def _remove_empty(root: Path, token: str) -> None:
    """A process that was killed before its first entry leaves an empty folder."""
    for directory in writer_dirs(root, token):
        try:
            is_old = time.time() - directory.stat().st_mtime > EMPTY_STAYS_SECS
            if is_old and not any(path.stat().st_size for path in directory.iterdir() if path.is_file()):
                for path in directory.iterdir():
                    path.unlink()
                directory.rmdir()
        except OSError:
            continue  # not empty after all, or gone already


def _tidy(root: Path) -> None:
    """Finish removals that a kill interrupted; forget what sidecars have said a week ago."""
    for path in root.glob(f"{GONE_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in root.glob("*.sidecar.log"):
        try:
            if time.time() - path.stat().st_mtime > LOGS_STAY_SECS:
                path.unlink()
        except OSError:
            continue
