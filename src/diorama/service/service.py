"""An open store, and all that the sidecar, the server, the CLI and the read API may ask of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from diorama.errors import Forbidden, NotFound
from diorama.journal.entry import Batch
from diorama.media.core.extent import Data, size_of
from diorama.model import OWNER, Actor, BlobRef, RunKey, StoreDir
from diorama.service import changes, deletion, keys, media, output, past, runs, scan
from diorama.service import series as charts
from diorama.service.batch_check import check_batch
from diorama.service.ingest import Ingest
from diorama.service.table_parts import check_named, tables_of
from diorama.service.tables import Tables
from diorama.service.views import (
    ConsolePage,
    FileList,
    FileView,
    HistogramReply,
    HistogramRequest,
    KeyList,
    LiveEvent,
    MediaReply,
    MediaRequest,
    PastRunView,
    ProjectList,
    RunDetail,
    RunList,
    RunPatch,
    RunView,
    SeriesRequest,
    TablePage,
    TableRequest,
    TrackRequest,
)
from diorama.store import schema
from diorama.store.blobs import Blobs
from diorama.store.database import Database
from diorama.store.history import ChunkReader
from diorama.store.incoming import Incoming
from diorama.store.live_runs import live_blobs
from diorama.store.open_blobs import open_blobs
from diorama.store.versions import Seen, settled_version

RunName = RunKey | tuple[str, str, str]


class Access:
    """All that an actor may ask of an open store. Only `Service.for_` makes one.

    All methods may be called from several threads at once. They raise NotFound for what is not there,
    BadRequest for what can't be asked, StoreError if the store can't be read or written.
    """

    def __init__(
        self,
        actor: Actor,
        database: Database,
        blobs: Blobs,
        *,
        ingest: Ingest,
        reader: ChunkReader,
        tables: Tables,
        now: Callable[[], float],
    ) -> None:
        self.actor = actor
        self._database = database
        self._blobs = blobs
        self._now = now
        self._ingest = ingest
        self._reader = reader
        self._tables = tables

    def table_page(self, request: TableRequest) -> TablePage:
        """A page of a table: of Parquet blobs that some run names, or of what a run logged under a key."""
        tables, join = request.tables, request.join
        with self._database.read() as connection:
            if not tables and request.run is not None and request.key is not None:
                tables, join = tables_of(connection, request.run, request.key, request.step, request.index)
                join = request.join or join
            check_named(connection, [*tables, *(join.tables if join is not None else [])])
        return self._tables.page(request, tables, join)

    def table_csv(
        self,
        tables: list[str],
        *,
        run: int | None = None,
        key: str | None = None,
        step: int | None = None,
        index: int = 0,
    ) -> Iterator[bytes]:
        """A table as CSV, piece by piece: Parquet blobs, or what a run logged under a key, as for a page."""
        with self._database.read() as connection:
            if not tables and run is not None and key is not None:
                tables, _ = tables_of(connection, run, key, step, index)
            check_named(connection, tables)
        return self._tables.csv(tables)

    # Writing ---------------------------------------------------------------------------------------

    def ingest(self, batch: Batch) -> int:
        """Store a batch for good; returns the writer's acknowledged seq. Twice is the same as once."""
        check_batch(batch)
        self._blobs.sync()
        return self._ingest.apply(batch)

    def acked_seq(self, run: RunName, writer: str) -> int:
        """The highest stored seq of a writer; 0 if it is not known."""
        return self._ingest.acked_seq(_key_of(run), writer)

    def put_blob(self, data: Data, mime: str, *, is_deferred: bool = False) -> BlobRef:
        """Store bytes for good; if deferred, at the latest when the next `ingest` of this store returns."""
        sha256 = self._blobs.put(data, is_deferred=is_deferred)
        return BlobRef(sha256, size_of(data), mime)

    def receive_blob(self) -> Incoming:
        """A draft for bytes that come piece by piece. Raises StoreError."""
        return self._blobs.receive()

    def patch_run(self, uid: int, patch: RunPatch) -> RunView:
        """Change a run's name, notes or tags."""
        self._database.transact(lambda connection: runs.patch(connection, uid, patch))
        return self.run(uid).run

    def delete_runs(self, uids: Iterable[int]) -> list[int]:
        """Delete runs; returns those that were there. Nothing finds them any more, and what comes late for
        them does not bring them back; a new `init()` may use the name of one. `restore_runs` undoes it."""
        asked, deleted = list(uids), set[int]()

        def delete(connection: sa.Connection) -> list[int]:
            # If this is the second time, and the first one was stored after all, those are deleted already.
            deleted.update(deletion.delete_runs(connection, self._database, asked, now=self._now()))
            return sorted(deleted)

        return self._database.transact(delete)

    def restore_runs(self, uids: Iterable[int]) -> list[int]:
        """Bring deleted runs back, with what has come for them since; returns those that were deleted. Raises
        BadRequest if the name of one is in use."""
        asked, restored = list(uids), set[int]()

        def restore(connection: sa.Connection) -> list[int]:
            restored.update(deletion.restore_runs(connection, self._database, asked))
            return sorted(restored)

        return self._database.transact(restore)

    # Blobs -----------------------------------------------------------------------------------------

    def blob(self, sha256: str) -> NamedBlob:
        """A blob that some run names. Raises NotFound for others, even if stored."""
        with self._database.read() as connection:
            found = live_blobs(connection, [sha256])
        if sha256 not in found:
            raise NotFound(f"no blob {sha256[:80]}")
        return NamedBlob(found[sha256], self._blobs)

    def get_blob(self, blob: BlobRef | str) -> bytes:
        """All bytes of a blob that some run names, checked. Raises NotFound, Corrupt."""
        return self.blob(blob.sha256 if isinstance(blob, BlobRef) else blob).read()

    def missing_blobs(self, sha256s: Iterable[str]) -> list[str]:
        """Those that are not stored."""
        return self._blobs.missing(sha256s)

    # Reading ---------------------------------------------------------------------------------------

    def projects(self) -> ProjectList:
        """All projects, the most recently active first."""
        with self._database.read() as connection:
            return runs.list_projects(connection)

    def runs(
        self,
        entity: str,
        project: str,
        *,
        query: str = "",
        where: Mapping[str, Any] | None = None,
        sort: str = "-created_at",
        limit: int = 1000,
        offset: int = 0,
    ) -> RunList:
        """Runs of a project that match `query` and `where` (`service/filter`: `search.py` and `mongo.py`),
        sorted by a path."""
        with self._database.read() as connection:
            return runs.list_runs(
                connection,
                entity,
                project,
                query=query,
                where=where,
                sort=sort,
                limit=limit,
                offset=offset,
                now=self._now(),
            )

    def run(self, uid: int) -> RunDetail:
        """A run with its environment and warnings."""
        with self._database.read() as connection:
            return runs.run_detail(connection, uid, now=self._now())

    def find_run(self, entity: str, project: str, id: str) -> RunView:
        """A run by the name that its training script knows it by."""
        with self._database.read() as connection:
            return runs.run_view(connection, runs.find_uid(connection, entity, project, id), now=self._now())

    def past_run(self, entity: str, project: str, id: str) -> PastRunView:
        """What a process that resumes a run has to know of it."""
        with self._database.read() as connection:
            return past.past_run(connection, runs.find_uid(connection, entity, project, id), now=self._now())

    def documents(self, uid: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """(config, summary) as exact Python values; media in the summary as records."""
        with self._database.read() as connection:
            return runs.documents_of(connection, uid)

    def keys(self, runs: Iterable[int]) -> KeyList:
        """The keys that runs have."""
        with self._database.read() as connection:
            return keys.list_keys(connection, runs)

    def series(self, request: SeriesRequest) -> bytes:
        """Charts: binary columns (see `service/columns.py`) under a SeriesReply."""
        with self._database.read() as connection:
            return charts.series(connection, self._reader, request)

    def tracks(self, request: TrackRequest) -> bytes:
        """Where media exists: binary columns under a TrackReply."""
        with self._database.read() as connection:
            return media.tracks(connection, self._reader, request)

    def media(self, request: MediaRequest) -> MediaReply:
        """Records at exact steps."""
        with self._database.read() as connection:
            return media.cells(connection, request)

    def histograms(self, request: HistogramRequest) -> HistogramReply:
        """A histogram key over steps."""
        with self._database.read() as connection:
            return media.histograms(connection, self._reader, request)

    def console(self, uid: int, *, offset: int = 0, limit: int = 1000, query: str = "") -> ConsolePage:
        """What a run printed; a negative offset counts from the end."""
        with self._database.read() as connection:
            return output.console_page(connection, uid, offset=offset, limit=limit, query=query)

    def files(self, uid: int) -> FileList:
        """The files of a run."""
        with self._database.read() as connection:
            return output.list_files(connection, uid)

    def file(self, uid: int, name: str) -> FileView:
        """A file of a run; its bytes are the blob that it names."""
        with self._database.read() as connection:
            return output.find_file(connection, uid, name)

    def scan_history(
        self,
        uid: int,
        *,
        keys: list[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        samples: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row, exactly as logged; with `keys`, the rows that have all of them; with `samples`, at most
        so many of them, evenly spread.

        Values are Python objects, media are records; `service/jsonable.to_json` makes JSON of them.
        """
        return scan.scan_history(
            self._database.read,
            self._reader,
            uid,
            keys=keys,
            min_step=min_step,
            max_step=max_step,
            samples=samples,
        )

    @property
    def commits_in_order(self) -> bool:
        """Whether `version` rises with everything that becomes visible (else see `news`)."""
        return self._database.has_one_writer

    def version(self) -> int:
        """The version to come back with: `changes` since then misses nothing."""
        with self._database.read() as connection:
            return settled_version(connection)

    def changes(self, since: int, *, runs: set[int] | None = None) -> LiveEvent:
        """What changed or was deleted after version `since`, of all runs or some."""
        with self._database.read() as connection:
            return changes.changes(connection, Seen(since), runs)[1]

    def news(self, since: Seen) -> tuple[Seen, LiveEvent]:
        """What changed or was deleted that `since` does not know, and what to come back with: nothing is told
        twice then."""
        with self._database.read() as connection:
            return changes.changes(connection, since, None)

    def projects_of(self, uids: Iterable[int]) -> dict[int, str]:
        """uid -> "entity/project" of runs, also of deleted ones."""
        with self._database.read() as connection:
            return changes.projects_of(connection, uids)

    def check(self) -> list[str]:
        """What is wrong with the database, and which named blobs are missing; empty if all is well."""
        found = list(self._database.problems())
        with self._database.read() as connection:
            named = [str(sha256) for sha256 in connection.execute(sa.select(schema.blobs.c.sha256)).scalars()]
        return found + [f"blob {sha256} is missing" for sha256 in self._blobs.missing(named)]


class NamedBlob:
    """A blob that its reader may read, because something that it may see names it. `ref`: size and type."""

    def __init__(self, ref: BlobRef, blobs: Blobs) -> None:
        self.ref = ref
        self._blobs = blobs

    def read(self) -> bytes:
        """All bytes, checked. Raises NotFound, Corrupt."""
        return self._blobs.get(self.ref.sha256)

    def pieces(self) -> Iterator[bytes]:
        """All bytes, piece by piece, checked before the last one is given. Raises NotFound, Corrupt."""
        return self._blobs.pieces(self.ref.sha256)

    def read_range(self, start: int, end: int) -> bytes:
        """Bytes start..end (end excluded), checked. Raises NotFound, Corrupt."""
        return self._blobs.get_range(self.ref.sha256, start, end)


class Service:
    """An open store. It answers nothing itself: who asks does so through `for_`.

    Any number of processes may have the same store open.

    >>> from pathlib import Path; import tempfile
    >>> service = Service.open(StoreDir(Path(tempfile.mkdtemp())))
    >>> service.for_(OWNER).projects().projects
    []
    >>> service.close()
    """

    def __init__(self, database: Database, blobs: Blobs, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._blobs = blobs
        self._now = now
        self._ingest = Ingest(database, blobs, now=now)
        self._reader = ChunkReader()
        self._tables = Tables(blobs)

    @classmethod
    def open(
        cls,
        store_dir: StoreDir,
        *,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> Service:
        """Open the store in a folder, making it if it is not there.

        DIORAMA_DATABASE_URL (postgresql+psycopg://...) and DIORAMA_BLOBS_URL (s3://bucket/prefix, gs://,
        az://) put the database and the blobs elsewhere. Raises TooNew, StoreError.
        """
        environ = os.environ if environ is None else environ
        database = Database.open(environ.get("DIORAMA_DATABASE_URL") or store_dir.database)
        try:
            blobs = open_blobs(store_dir.blobs, environ.get("DIORAMA_BLOBS_URL"), environ)
        except BaseException:
            database.close()
            raise
        return cls(database, blobs, now=now)

    def close(self) -> None:
        """Close the store's connections."""
        self._tables.close()
        self._blobs.close()
        self._database.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def for_(self, actor: Actor) -> Access:
        """The store as `actor` may use it: the only way in. Raises Forbidden for whom it has no rights.

        This and `Access` are the only places of rights. There is one rule today: the owner may do everything,
        and nobody else anything.
        """
        if actor != OWNER:
            raise Forbidden(f"{actor.name!r} has no rights in this store")
        return Access(
            actor,
            self._database,
            self._blobs,
            ingest=self._ingest,
            reader=self._reader,
            tables=self._tables,
            now=self._now,
        )


def _key_of(run: RunName) -> RunKey:
    return run if isinstance(run, RunKey) else RunKey(*run)


def ask_past_run(store_dir: StoreDir, key: RunKey) -> bytes:
    """A PastRunView of the store on this machine as JSON; "null" if there is no such run."""
    with Service.open(store_dir) as service:
        try:
            return msgspec.json.encode(service.for_(OWNER).past_run(key.entity, key.project, key.id))
        except NotFound:
            return b"null"
