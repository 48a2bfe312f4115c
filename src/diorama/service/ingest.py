"""Applying a batch: in one transaction, all or nothing, and twice is the same as once.

Every writer of a run has a high-water mark, the highest seq that is stored. It is read and raised inside
the transaction that holds the run's lock, so two sidecars replaying one journal can't store it twice.
A batch of a deleted run is stored into it like any other, and changes nothing that anybody sees.
The order in a transaction is run -> data -> version -> counts: locks are always taken in that order.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.journal import entry as journal
from diorama.journal.entry import Batch
from diorama.media.core.base import MANIFEST_MIME
from diorama.model import BlobRef, RunKey, check_name
from diorama.service import runstate, sessions
from diorama.service.definitions import RunDefinitions
from diorama.service.documents import Documents
from diorama.service.flatten import Gathered, column_text, gather, short_key
from diorama.service.leaves import slot_of, store_column_counts
from diorama.service.output import TEXT_LIMIT_CHARS, store_lines
from diorama.service.points import Origin, store_points
from diorama.service.step_keys import StepKeys
from diorama.service.summaries import Summaries
from diorama.store import schema
from diorama.store.blobs import Blobs
from diorama.store.database import Database
from diorama.store.live_runs import NOT_DELETED
from diorama.store.manifest import blobs_of_manifest
from diorama.store.statements import Prepared
from diorama.store.values import blobs_in
from diorama.store.versions import next_version

_runs, _projects, _writers = schema.runs.c, schema.projects.c, schema.writers.c
_STORED_SEQ = Prepared(
    lambda _: (
        sa.select(_writers.stored_seq)
        .join(schema.runs, _runs.id == _writers.run)
        .join(schema.projects, _projects.id == _runs.project_id)
        .where(
            _projects.entity == sa.bindparam("of_entity"),
            _projects.name == sa.bindparam("of_project"),
            _runs.run_id == sa.bindparam("of_run"),
            _writers.writer == sa.bindparam("of_writer"),
        )
    ),
    ["of_entity", "of_project", "of_run", "of_writer"],
)


class Ingest:
    """Applies batches to a store. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database, blobs: Blobs, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._blobs = blobs
        self._now = now

    def apply(self, batch: Batch) -> int:
        """Store a batch; returns the writer's acknowledged seq. When it returns, it is durable.

        Raises BadRequest for names that can't be, or seqs that don't rise; NotFound for blobs that are
        named but not stored.
        """
        key = _checked_key(batch)
        acked = self.acked_seq(key, batch.writer)
        prepared = {acked: self._prepare(batch, acked)}

        def store(connection: sa.Connection) -> int:
            if not batch.entries and not batch.lost and not _has_run(connection, key, batch.writer):
                return 0
            target = _Target(connection, self._database, key, batch, self._now())
            # Not what was prepared if another sidecar was here in between, or if this is the second try.
            found = prepared.pop(target.acked, None) or self._prepare(batch, target.acked)
            return target.apply(*found)

        return self._database.transact(store)

    def acked_seq(self, key: RunKey, writer: str) -> int:
        """The highest stored seq of a writer; 0 for one that is not known."""
        with self._database.read() as connection:
            found = _STORED_SEQ.read(connection, key.entity, key.project, key.id, writer)
        return int(found[0][0]) if found else 0

    def _prepare(self, batch: Batch, acked: int) -> tuple[Gathered, dict[str, BlobRef]]:
        """Everything that needs no lock: sort the entries, and see that the blobs they name are there."""
        last = 1
        for numbered in batch.entries:
            if numbered.seq < last:  # equal ones: an entry and the sidecar's warnings about it
                raise BadRequest("the seqs of a batch must rise")
            last = numbered.seq
        gathered = gather(numbered for numbered in batch.entries if numbered.seq > acked)
        blobs: dict[str, BlobRef] = {}
        for column in gathered.objects.values():
            for value in column.values:
                blobs.update((blob.sha256, blob) for blob in blobs_in(value))
        for _, entry in gathered.others:
            for value in journal.media_values(entry):
                blobs.update((blob.sha256, blob) for blob in blobs_in(value))
        self._check_stored(blobs)
        manifests = [blob for blob in blobs.values() if blob.mime == MANIFEST_MIME]
        if manifests:
            for manifest in manifests:
                blobs.update((blob.sha256, blob) for blob in blobs_of_manifest(self._blobs, manifest))
            self._check_stored(blobs)
        return gathered, blobs

    def _check_stored(self, blobs: dict[str, BlobRef]) -> None:
        missing = self._blobs.missing(blobs)
        if missing:
            raise NotFound(
                f"{len(missing)} blobs are named but not stored, such as {missing[0]}",
                hint="store blobs before the entries that name them",
            )


class _Target:
    """The run and writer that a batch goes to, locked for the length of the transaction."""

    def __init__(
        self, connection: sa.Connection, database: Database, key: RunKey, batch: Batch, now: float
    ) -> None:
        self.connection = connection
        self.database = database
        self.batch = batch
        self.now = now
        start = _first_start(batch)
        began = start.time if start is not None else _first_time(batch, now)
        self.row = runstate.lock_run(
            connection, database, key, batch.writer, start=start, began=began, now=now
        )
        self.run = int(self.row["id"])
        self.is_deleted = self.row["deleted_at"] != NOT_DELETED
        self.project_id = int(self.row["project_id"])
        self.writer = runstate.writer_of(
            connection, self.run, batch.writer, start=start, began=began, now=now
        )
        self.session = int(self.writer["session"])
        self.acked = int(self.writer["stored_seq"])
        self.run_changes: dict[str, Any] = {"seen_at": now}
        self.writer_changes: dict[str, Any] = {"seen_at": now}
        self.times: list[float] = []
        self.documents = Documents(connection, self.run, self.session)
        self.definitions = RunDefinitions(connection, database, self.run, self.session)

    def apply(self, gathered: Gathered, blobs: dict[str, BlobRef]) -> int:
        batch = self.batch
        settles = batch.is_orphaned
        self._store_blobs(blobs)
        summary_before, summary_after = Summaries(self.connection, self.run, self.session).apply(
            gathered, self.definitions.copy_of_session()
        )
        console: dict[int, journal.ConsoleLine] = {}
        for index, entry in gathered.others:
            if isinstance(entry, journal.Console):
                console.update((line.number, line) for line in entry.lines)
            else:
                settles |= self._apply_other(index, entry)
        self._store_console(console)
        stored = store_points(
            self.connection,
            gathered,
            StepKeys(self.connection, self.run, self.session, self.definitions.until_session),
            Origin(self.run, self.session, int(self.writer["number"]), began=float(self.row["created_at"])),
        )
        if gathered.steps:
            self.run_changes["last_step"] = sessions.raise_last_step(
                self.connection, self.run, self.session, max(gathered.steps)
            )
            self.times.append(max(gathered.times))
        for system_times, _, _ in gathered.system.values():
            self.times.append(max(system_times))
        for key, short in gathered.shortened.items():
            self.warn("long_key", f"the key {key[:200]!r}… is kept as {short[:200]!r}…", self.now)
        acked = self._settle_seqs()
        self._settle_state(settles)
        counts = self.documents.store(self.run_changes, summary_before, summary_after)
        version = next_version(self.connection)
        stored.finish(self.connection, version)
        if self.is_deleted:  # its version says since when, and no list counts its columns
            runstate.update_run(self.connection, self.row, self.run_changes)
        else:
            runstate.update_run(self.connection, self.row, self.run_changes | {"version": version})
            slot = slot_of(self.run, has_one_writer=self.database.has_one_writer)
            store_column_counts(self.connection, self.project_id, counts, slot=slot)
        return acked

    def _apply_other(self, index: int, entry: journal.Entry) -> bool:
        """Apply an entry that is no log call; True if the run's state may change by it."""
        if isinstance(entry, journal.Start):
            self._start(entry)
            return True
        if isinstance(entry, journal.Finish):
            self.times.append(entry.time)
            self.writer_changes |= {
                "state": entry.state,
                "exit_code": entry.exit_code,
                "ended_at": entry.time,
            }
            return True
        if isinstance(entry, journal.Config):
            self.documents.change_config(entry.data, entry.deleted)
        elif isinstance(entry, journal.Summary):
            pass  # `Summaries` has it already, in its place among the logged values
        elif isinstance(entry, journal.Define):
            self.definitions.define(entry, index)
        elif isinstance(entry, journal.Environment):
            self.documents.change_environment(entry.data)
        elif isinstance(entry, journal.Attributes):
            self._attributes(entry)
        elif isinstance(entry, journal.Warn):
            self.times.append(entry.time)
            self.warn(entry.code, entry.text, entry.time, entry.count)
        elif isinstance(entry, journal.File):
            self._file(entry)
        else:
            raise BadRequest(f"an entry of type {type(entry).__name__} can't be stored")
        return False

    def _start(self, entry: journal.Start) -> None:
        self.times.append(entry.time)
        self.writer_changes |= {
            "state": "running",
            "exit_code": None,
            "ended_at": None,
            "started_at": entry.time,
            "is_secondary": entry.is_secondary,
        }
        self._attributes(entry)
        if entry.environment:
            self.documents.change_environment(entry.environment)
        if entry.time < self.row["created_at"]:
            self.run_changes["created_at"] = entry.time

    def _attributes(self, entry: journal.Attributes | journal.Start) -> None:
        changes: dict[str, Any] = {
            "name": entry.name,
            "notes": entry.notes,
            "tags": entry.tags,
            "group_name": entry.group,
            "job_type": entry.job_type,
        }
        said = runstate.text_changes(changes)
        if said:
            self.run_changes |= self.documents.own_attributes(said)

    def _file(self, entry: journal.File) -> None:
        blob = next(blobs_in(entry.content), None)
        if blob is None:
            raise BadRequest(f"the file {entry.name[:200]!r} has no content")
        name = short_key(entry.name)
        table = schema.files.c
        newest = self.connection.execute(
            sa.select(table.session).where(table.run == self.run, table.name == name)
        ).scalar()
        if newest is not None and newest > self.session:
            return
        self.connection.execute(
            self.database.upsert(
                schema.files,
                index=["run", "name"],
                update=["sha256", "size_bytes", "mime", "time", "session"],
            ),
            {
                "run": self.run,
                "session": self.session,
                "name": name,
                "sha256": blob.sha256,
                "size_bytes": blob.size_bytes,
                "mime": column_text(blob.mime),
                "time": self.now,
            },
        )

    def warn(self, code: str, text: str, when: float, count: int = 1) -> None:
        """Add to the run's warnings; the same code and text are counted together."""
        text = column_text(text[:TEXT_LIMIT_CHARS])
        self.connection.execute(
            self.database.upsert_adding(
                schema.warnings, index=["run", "code", "digest"], add="count", update=["time"]
            ),
            {
                "run": self.run,
                "code": short_key(code),
                "digest": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16],
                "text": text,
                "count": count,
                "time": when,
            },
        )

    def _store_console(self, lines: dict[int, journal.ConsoleLine]) -> None:
        if not lines:
            return
        self.times.append(max(line.time for line in lines.values()))
        store_lines(
            self.connection,
            self.database,
            lines,
            run=self.run,
            session=self.session,
            writer_number=int(self.writer["number"]),
        )

    def _store_blobs(self, blobs: dict[str, BlobRef]) -> None:
        if not blobs:
            return
        ordered = [blobs[sha256] for sha256 in sorted(blobs)]
        self.connection.execute(
            self.database.upsert(schema.blobs, index=["sha256"]),
            [
                {
                    "sha256": blob.sha256,
                    "size_bytes": blob.size_bytes,
                    "mime": column_text(blob.mime),
                    "created_at": self.now,
                }
                for blob in ordered
            ],
        )
        self.connection.execute(
            self.database.upsert(schema.blob_uses, index=["sha256", "owner_kind", "owner"]),
            [{"sha256": blob.sha256, "owner_kind": "run", "owner": self.run} for blob in ordered],
        )

    def _settle_seqs(self) -> int:
        """Raise the high-water mark, and tell about frames that will never come."""
        batch = self.batch
        for lost in batch.lost:
            if lost.last_seq > self.acked:
                first = max(lost.first_seq, self.acked + 1)
                count = lost.last_seq - first + 1
                self.warn(
                    "journal_damage",
                    f"{count} journal entries ({first} to {lost.last_seq} of {batch.writer}, in "
                    f"{lost.segment}) could not be read: {lost.reason}",
                    self.now,
                    count,
                )
        covered = {seq for lost in batch.lost for seq in (lost.first_seq, lost.last_seq)}
        expected = self.acked + 1
        for seq in sorted({numbered.seq for numbered in batch.entries} | covered):
            if seq > expected and not _is_lost(batch, expected, seq - 1):
                self.warn(
                    "journal_damage",
                    f"{seq - expected} journal entries ({expected} to {seq - 1} of {batch.writer}) "
                    "never came",
                    self.now,
                    seq - expected,
                )
            if seq >= expected:
                expected = seq + 1
        acked = expected - 1
        if acked != self.acked:
            self.writer_changes["stored_seq"] = acked
        return acked

    def _settle_state(self, settles: bool) -> None:
        batch = self.batch
        heard_at = max([float(self.writer["heard_at"]), *self.times])
        last_activity_at = max([float(self.row["last_activity_at"]), *self.times])
        state = self.writer_changes.get("state", self.writer["state"])
        if batch.is_orphaned and state == "running":
            self.writer_changes |= {"state": "crashed", "exit_code": None, "ended_at": last_activity_at}
        elif state == "crashed":
            # A heartbeat may have been on its way for long; what was written since proves that it lives.
            if not batch.is_orphaned and any(when > self.writer["seen_at"] for when in self.times):
                self.writer_changes |= {"state": "running", "exit_code": None, "ended_at": None}
                settles = True
        elif state == "running" and not batch.is_orphaned and not batch.entries and not batch.lost:
            heard_at = max(heard_at, self.now)
            last_activity_at = max(last_activity_at, self.now)
            settles = True
        self.writer_changes["heard_at"] = heard_at
        self.run_changes["last_activity_at"] = last_activity_at
        runstate.update_writer(self.connection, self.run, batch.writer, self.writer_changes)
        if settles:
            self.run_changes |= runstate.settled_state(self.connection, self.run, batch.writer, self.now)


def _is_lost(batch: Batch, first: int, last: int) -> bool:
    return any(lost.first_seq <= first and last <= lost.last_seq for lost in batch.lost)


def _checked_key(batch: Batch) -> RunKey:
    key = RunKey(*batch.run)
    try:
        check_name(key.entity, "entity")
        check_name(key.project, "project")
        check_name(key.id, "run id")
        check_name(batch.writer, "writer")
    except (TypeError, ValueError) as error:
        raise BadRequest(str(error)) from error
    return key


def _has_run(connection: sa.Connection, key: RunKey, writer: str) -> bool:
    """Whether a heartbeat of the writer is for a run that is there, or for a deleted one that it wrote."""
    is_writer = sa.exists(sa.select(_writers.run).where(_writers.run == _runs.id, _writers.writer == writer))
    found = connection.execute(
        sa.select(_runs.id)
        .join(schema.projects, _projects.id == _runs.project_id)
        .where(_projects.entity == key.entity, _projects.name == key.project, _runs.run_id == key.id)
        .where(sa.or_(_runs.deleted_at == NOT_DELETED, is_writer))
    ).first()
    return found is not None


def _first_start(batch: Batch) -> journal.Start | None:
    for numbered in batch.entries:
        if isinstance(numbered.entry, journal.Start):
            return numbered.entry
    return None


def _first_time(batch: Batch, default: float) -> float:
    for numbered in batch.entries:
        if isinstance(numbered.entry, journal.Log | journal.System):
            return numbered.entry.time
    return default
