"""A run's way into the journal: one writer and one spool for each process that logs to the run."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from diorama.journal.codec import Encoding, SpoolPart
from diorama.journal.entry import Entry, Start, Warn
from diorama.journal.spool import Spool
from diorama.journal.writer import JournalWriter
from diorama.media.core.keep import FilePieces, InScratch, Kept, set_keeper
from diorama.model import clean_text

_token = ""
_token_pid = 0
_numbers = itertools.count(1)
_channels: list[Channel] = []
"""Open channels of this process, oldest first; the newest one's spool takes what media objects keep."""

encode_entry = msgspec.msgpack.Encoder().encode


def process_token() -> str:
    """What the names of this process's writers begin with; forked children keep their parent's."""
    global _token, _token_pid
    if not _token:
        _token_pid = os.getpid()
        _token = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{_token_pid}-{os.urandom(3).hex()}"
    return _token


def _new_writer_name() -> str:
    token, pid = process_token(), os.getpid()
    whose = token if pid == _token_pid else f"{token}.{pid}"
    return f"{whose}.{next(_numbers)}"


class Channel:
    """Open way into a journal. `start_from(writer name)` makes the entry that every journal begins with.

    on_trouble(code, text): what the disk does to us, to be told to the user; never called under a lock.
    """

    def __init__(
        self,
        journal_root: Path,
        start_from: Callable[[str], Start],
        *,
        spool_bytes: int | None,
        is_draining: Callable[[], bool],
        on_trouble: Callable[[str, str], None],
    ) -> None:
        self._on_trouble = on_trouble
        self.pid = os.getpid()
        self.writer = self._open_writer(journal_root)
        self.name = self.writer.directory.name
        self.spool = Spool(
            self.writer.directory / "spool",
            limit_bytes=spool_bytes,
            is_draining=is_draining,
            on_trouble=on_trouble,
            acked_seq=lambda: self.writer.acked_seq,
            newest_seq=self.writer.newest_seq,
        )
        self.writer.buffers = self.spool
        self.append_log = self.writer.append_log
        first = start_from(self.name)
        self.run = (first.entity, first.project, first.run)
        # Twice, so that one damaged frame does not leave a journal that nobody knows the run of.
        self.send(first)
        self.send(first)
        self._dropped_told = 0
        _channels.append(self)
        set_keeper(self.spool.keep)

    def send(self, entry: Entry) -> int:
        """Journal an entry whose values are plain already."""
        try:
            payload = encode_entry(entry)
        except UnicodeEncodeError:
            payload = encode_entry(_cleaned(entry))
        return self.writer.append(payload)

    def encoding(self, *, is_history: bool = False) -> Encoding:
        """Makes values plain, with large buffers in this channel's spool."""
        return Encoding(self._locate, self.run if is_history else None)

    def _locate(self, kept: Kept) -> tuple[SpoolPart, Kept] | None:
        """As the spool does; a large file that was kept before the run began goes into it piece by piece."""
        if isinstance(kept, InScratch):
            with kept.open() as file:
                kept = self.spool.keep(FilePieces(file, kept.size_bytes)) or kept
        return self.spool.locate(kept)

    def send_encoded(self, encoding: Encoding, entry: Entry) -> int:
        """Journal an entry with values from `encoding`."""
        seq = self.send(entry)
        self.spool.mark(encoding.kept, seq)
        return seq

    def end(self, entry: Entry) -> int:
        """Journal the last entry; what other threads log behind it raises UsageError."""
        self.spool.close()  # first: as soon as the last entry is stored, the sidecar removes the folder
        return self.writer.append(encode_entry(entry), is_last=True)

    @property
    def acked_seq(self) -> int:
        """The newest entry that is stored for good."""
        return self.writer.acked_seq

    @property
    def is_stored(self) -> bool:
        """Whether all that was journalled is stored. A journal's folder that is gone proves nothing: anybody
        may have deleted it, not only the sidecar, which does so when all is stored."""
        return self.acked_seq >= self.writer.seq

    def report_dropped(self) -> None:
        """Write into the run how many entries neither disk nor memory could take."""
        dropped = self.writer.dropped
        if dropped > self._dropped_told:
            more = dropped - self._dropped_told
            self._dropped_told = dropped
            text = f"{more} entries were lost: the disk was full and so was the memory reserve"
            self.send(Warn(time.time(), "dropped", text, more))

    def sync(self) -> bool:
        """Bring all to disk; False if something waits in memory because the disk does not take it."""
        return self.writer.sync()

    def close(self) -> None:
        """Close the journal. What media objects still refer to stays readable."""
        self._leave()
        self.writer.close()
        self.spool.close()

    def abandon(self) -> None:
        """In a forked child: the parent's journal is none of ours."""
        self._leave()
        self.writer.abandon()

    def _leave(self) -> None:
        with contextlib.suppress(ValueError):
            _channels.remove(self)
        set_keeper(_channels[-1].spool.keep if _channels else None)

    def _open_writer(self, journal_root: Path) -> JournalWriter:
        while True:
            try:
                return JournalWriter(journal_root / _new_writer_name(), on_trouble=self._on_trouble)
            except FileExistsError:
                continue


def _cleaned(value: Any) -> Any:
    """`value` with all text made valid UTF-8. Names of files, arguments and printed lines may not be."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, msgspec.Struct):
        fields = {name: _cleaned(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return value


def _before_fork() -> None:
    for channel in _channels:
        channel.spool.pin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
