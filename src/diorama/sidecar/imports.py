"""Runs that another program has logged, into a store. The rows of a run are entries of one writer, numbered
by their place; so an import that is done again, or goes on, stores nothing twice.

    writer "import-<importer>"             a start, the config, a log call for each row
    writer "import-<importer>-end-<rows>"  a start and the end: of a run that has grown there is another one

A run that was deleted and is imported again is a new run, as for a script that is started again: its writers
have "-after-<session>" in their names, and that session, which is newer than those of the deleted run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.msgpack import Ext

from diorama.errors import DioramaError
from diorama.journal.codec import Encoding, decode_entry, encode_entry
from diorama.journal.entry import Batch, Config, Entry, Finish, Log, Numbered, Start, Warn
from diorama.media import UnknownRecord, encode_record, record_warnings
from diorama.media.core.base import Media
from diorama.media.core.encoding import encode_media
from diorama.media.core.extension import EXT_RECORD
from diorama.model import RunKey, check_name, clean_text
from diorama.plugins import ImportedRun, ImportRow
from diorama.sidecar.transport import Transport, Unavailable

BATCH_ENTRIES = 1000
BATCH_BYTES = 4 << 20
_SESSION = 1
"""Of all imports, but for those after a deletion: a script that resumes the run later has a newer one."""
_STATES = {"finished": 0, "failed": 1, "crashed": 1}


@dataclass
class ImportTally:
    """What an import has done so far. new_rows: those that were not stored before."""

    key: RunKey
    rows: int = 0
    new_rows: int = 0
    failed_media: int = 0


class RunImport:
    """The import of one run. `importer` is a part of the writers' names: it must stay the same.

    Raises DioramaError if the run can't be read or stored; what was stored by then stays.
    """

    def __init__(
        self, transport: Transport, importer: str, entity: str, project: str, found: ImportedRun
    ) -> None:
        if not isinstance(found, ImportedRun):
            raise DioramaError(f"a run must be an ImportedRun, not a {type(found).__name__}")
        if found.state not in _STATES:
            raise DioramaError(f"{found.id!r} can't have the state {found.state!r}: {', '.join(_STATES)}")
        self.tally = ImportTally(_checked_key(entity, project, found.id))
        self._transport = transport
        self._found = found
        self._writer = f"import-{importer}"
        self._session = _SESSION
        self._last_time = time.time() if found.created_at is None else float(found.created_at)
        self._waiting: list[Numbered] = []
        self._waiting_bytes = 0

    def run(self, on_progress: Callable[[ImportTally], None] = lambda tally: None) -> None:
        """Read all rows, and store those that are new. on_progress: called after each batch."""
        found, tally = self._found, self.tally
        config = Config(self._plain(found.config, self._encoding()))
        stored = self._begin()
        if stored < 2:
            self._add(2, config)
        for place, row in enumerate(self._rows()):
            tally.rows += 1
            if place + 3 > stored:
                tally.new_rows += 1
                self._add_row(place + 3, place, row)
            if len(self._waiting) >= BATCH_ENTRIES or self._waiting_bytes >= BATCH_BYTES:
                self._flush()
                on_progress(tally)
        self._flush()
        end = Finish(self._last_time, _STATES[found.state], found.state)
        entries = [Numbered(1, self._start(is_secondary=False)), Numbered(2, end)]
        self._ship(f"{self._writer}-end-{tally.rows}", entries)

    def _begin(self) -> int:
        """Choose the writer, and have the run made if it is not there. Returns up to where it is stored."""
        name = re.compile(re.escape(self._writer) + r"-after-(\d+)")
        for writer, stored in self._transport.stored(self.tally.key).items():
            again = name.fullmatch(writer)
            if again is not None:
                self._writer, self._session = writer, int(again[1])
            if writer == self._writer:
                return stored
        stored = self._ship(self._writer, [Numbered(1, self._start(is_secondary=True))])
        if self._writer in self._transport.stored(self.tally.key):
            return stored
        # It is a writer of a run that was deleted.
        self._session = time.time_ns()
        self._writer = f"{self._writer}-after-{self._session}"
        return self._ship(self._writer, [Numbered(1, self._start(is_secondary=True))])

    def _start(self, *, is_secondary: bool) -> Start:
        found, key = self._found, self.tally.key
        return Start(
            entity=key.entity,
            project=key.project,
            run=key.id,
            writer=self._writer,
            pid=0,
            pid_started=0.0,
            time=self._last_time,
            resume="allow",
            name=None if found.name is None else clean_text(found.name),
            notes=None if found.notes is None else clean_text(found.notes),
            tags=[clean_text(tag) for tag in found.tags] or None,
            group=None if found.group is None else clean_text(found.group),
            is_secondary=is_secondary,
            session=self._session,
        )

    def _rows(self) -> Iterator[ImportRow]:
        """The rows; whatever the importer raises becomes a DioramaError that tells how far it came."""
        try:
            for row in self._found.rows:
                if not isinstance(row, ImportRow):
                    raise TypeError(f"a row must be an ImportRow, not a {type(row).__name__}")
                if not isinstance(row.data, Mapping):
                    raise TypeError(f"the data of a row must be a dict, not a {type(row.data).__name__}")
                yield ImportRow(int(row.step), row.data, None if row.time is None else float(row.time))
        except Exception as error:
            text = f"{self.tally.key} can't be read after {self.tally.rows} rows"
            raise DioramaError(f"{text}: {type(error).__name__}: {error}") from error

    def _add_row(self, seq: int, place: int, row: ImportRow) -> None:
        encoding = self._encoding()
        if row.time is not None:
            self._last_time = row.time
        self._add(seq, Log(row.step, place, self._last_time, self._plain(row.data, encoding)))
        for code, text in encoding.warnings:
            self._waiting.append(Numbered(seq, Warn(time.time(), code, f"row {place}: {text}")))
        self.tally.failed_media += encoding.failed_media

    def _plain(self, data: Mapping[str, Any], encoding: _EncodedAtOnce) -> dict[str, Any]:
        try:
            plain = encoding.plain_dict(data)
        except DioramaError:
            if encoding.trouble is None:
                raise
        if encoding.trouble is not None:
            text = f"media can't be stored now: {type(encoding.trouble).__name__}: {encoding.trouble}"
            raise Unavailable(text) from encoding.trouble
        return plain

    def _add(self, seq: int, entry: Entry) -> None:
        payload = encode_entry(entry)
        self._waiting_bytes += len(payload)
        self._waiting.append(Numbered(seq, decode_entry(payload)))

    def _flush(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting:
            self._ship(self._writer, waiting)

    def _ship(self, writer: str, entries: list[Numbered]) -> int:
        key = self.tally.key
        return self._transport.ingest(Batch((key.entity, key.project, key.id), writer, entries))

    def _encoding(self) -> _EncodedAtOnce:
        return _EncodedAtOnce(self._transport)


class _EncodedAtOnce(Encoding):
    """Media are encoded here and now: there is no training that must not wait for it."""

    __slots__ = ("_put_blob", "failed_media", "trouble")

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.failed_media = 0
        self.trouble: Exception | None = None
        """Why media could not be stored: that says nothing about them."""
        self._put_blob = transport.put_blob

    def as_extension(self, media: Media, name: str) -> Ext:
        """Media as the record that is stored."""
        snapshot = media.snapshot()
        try:
            record = encode_media(snapshot, self._put_blob)
        except (OSError, DioramaError) as error:
            self.trouble = error
            raise
        for code, text, _ in record_warnings(record):
            self.warnings.append((code, text))
        if isinstance(record, UnknownRecord):
            self.failed_media += 1
            reason = f"could not be encoded (its bytes are kept): {record.fields['reason']}"
            self.warnings.append(("media-failed", f"{name!r} {reason}"))
        return Ext(EXT_RECORD, encode_record(record))


def _checked_key(entity: str, project: str, run_id: str) -> RunKey:
    try:
        return RunKey(
            check_name(entity, "entity"), check_name(project, "project"), check_name(run_id, "run id")
        )
    except (TypeError, ValueError) as error:
        raise DioramaError(str(error)) from error
