"""The tables of a store, written once for SQLite and PostgreSQL.

    projects ── runs ─┬─ documents      config and environment (msgpack, exact)
                      ├─ summaries      the summary, one row for each top-level name (exact)
                      ├─ sessions       the `init()` calls of the run, in order
                      ├─ writers        who logs to the run, and up to which seq it is stored
                      ├─ run_values     leaves of config and summary, for filters and sorting
                      ├─ keys ─┬─ chunks ── pyramids    columns of every point of a key
                      │        └─ records               media records and plain values, one per row
                      ├─ definitions, console, files, warnings
                      └┄ blob_uses ── blobs             which owner (a run ...) names which bytes

Invariants: every change of a run has a version (`store.versions`), which stands in the run and in the keys
that it touched; a row that names a blob is only written once the blob's bytes are durable; row numbers are
never used again; with PostgreSQL there is no row that all who write must change.

A deleted run keeps its row, which is its tombstone: `deleted_at` says that it is none of `store.live_runs`,
`version` since when. So open pages hear of it, what comes late for it finds it, and its number never means
another run.

No value may change by itself and be taken for a right one. PostgreSQL has checksums of its pages; SQLite has
none. In SQLite, packed bytes carry a checksum (`store.seal`). Every other value is stored twice: in its row
and in an index, and SQLite's own check compares the two. `_mirror` adds an index for columns that no other
index has. `store.check` looks at all of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""A row number the database hands out (SQLite does so only for columns of type INTEGER)."""

DOUBLE = Float(53)

metadata = MetaData()


def _mirror(table: str, *columns: str) -> Index:
    """An SQLite index that repeats the row, so that damage is found. Lists of runs read that of `run_values`,
    in which the values of a path stand side by side."""
    return Index(f"{table}_mirror", *columns).ddl_if(dialect="sqlite")


def _ends_in(last: str, name: str, *columns: str, **more: Any) -> tuple[Index, Index]:
    """An index that with PostgreSQL also has `last`, so that lists of runs need no rows. SQLite has it there
    anyway: the number of a row is in all of its indexes, and `run_values` has a mirror."""
    return (
        Index(name, *columns).ddl_if(dialect="sqlite"),
        Index(name, *columns, last, **more).ddl_if(dialect="postgresql"),
    )


def _run_part_of_key() -> Column[int]:
    """A column `run` that is part of the primary key; the row goes when the run goes."""
    return Column(
        "run", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    _mirror("meta", "name", "number"),
)
"""Rows "schema_version" and "version": the counter, or with PostgreSQL the base, of `store.versions`."""

projects = Table(
    "projects",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("entity", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", DOUBLE, nullable=False),
    UniqueConstraint("entity", "name"),
    _mirror("projects", "id", "created_at"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("project_id", BigInteger, ForeignKey("projects.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("exit_code", BigInteger),
    Column("created_at", DOUBLE, nullable=False),
    Column("last_activity_at", DOUBLE, nullable=False),
    Column("seen_at", DOUBLE, nullable=False),
    Column("last_step", BigInteger),
    Column("notes", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("group_name", Text),
    Column("job_type", Text),
    Column("host", Text),
    Column("search", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deleted_at", DOUBLE, nullable=False, server_default=text("0")),
    UniqueConstraint("project_id", "run_id", "deleted_at"),
    Index("runs_by_version", "version"),
    *_ends_in("id", "runs_by_created", "project_id", "deleted_at", "created_at"),
    _mirror(
        "runs",
        *("id", "name", "state", "exit_code", "last_activity_at", "seen_at", "last_step"),
        *("notes", "tags", "group_name", "job_type", "host", "search"),
    ),
    sqlite_autoincrement=True,
)
"""last_activity_at is the training machine's clock, seen_at this machine's: only the second one says
whether a run is still heard of. search: case-folded name, id and tags. deleted_at: 0 while
the run exists, else when it was deleted (this machine's clock). At most one run of a name has 0, and no two
have the same value."""

documents = Table(
    "documents",
    metadata,
    _run_part_of_key(),
    Column("config", LargeBinary, nullable=False),
    Column("environment", LargeBinary, nullable=False),
    Column("written_by", LargeBinary, nullable=False),
)
"""config, environment: nested. written_by: the session that wrote or removed each of their top-level keys,
and each attribute of the run: {"config": {key: session}, "environment": ..., "attributes": ..., "others": the
session of all else}."""

sessions = Table(
    "sessions",
    metadata,
    _run_part_of_key(),
    Column("session", BigInteger, primary_key=True, autoincrement=False),
    Column("last_step", BigInteger),
    Column("step_values", LargeBinary, nullable=False),
    _mirror("sessions", "run", "session", "last_step"),
)
"""session: rises from one `init()` of a run to the next; what sessions say is ordered by it. last_step: the
greatest that it logged. step_values: the last values of the keys that define_metric calls steps of others."""

summaries = Table(
    "summaries",
    metadata,
    _run_part_of_key(),
    Column("name", Text, primary_key=True),
    Column("session", BigInteger, nullable=False),
    Column("value", LargeBinary),
    Column("layers", LargeBinary),
    _mirror("summaries", "run", "name", "session"),
)
"""value: what is shown under a top-level name; NULL: nothing (any more). session: the newest that wrote it.
layers: what each session wrote (`service.summaries`); NULL: all of it is the value that is shown."""

writers = Table(
    "writers",
    metadata,
    _run_part_of_key(),
    Column("writer", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("session", BigInteger, nullable=False, server_default=text("0")),
    Column("stored_seq", BigInteger, nullable=False),
    Column("is_secondary", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("exit_code", BigInteger),
    Column("started_at", DOUBLE, nullable=False),
    Column("ended_at", DOUBLE),
    Column("seen_at", DOUBLE, nullable=False),
    Column("heard_at", DOUBLE, nullable=False, server_default=text("0")),
    _mirror(
        "writers",
        *("run", "writer", "number", "session", "stored_seq", "is_secondary", "state", "exit_code"),
        *("started_at", "ended_at", "seen_at", "heard_at"),
    ),
)
"""number: 1, 2, ... in the run; the high bits of the row ids of its points. seen_at: when something of it
came, by this machine's clock; heard_at: when it last wrote something, by its own."""

run_values = Table(
    "run_values",
    metadata,
    _run_part_of_key(),
    Column("path", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("number", DOUBLE),
    Column("text", Text),
    Column("folded", Text),
    Column("exact", Text),
    # The operators find paths by how they begin, whatever language the database orders by.
    *_ends_in("run", "run_values_by_number", "path", "number", postgresql_ops={"path": "text_pattern_ops"}),
    _mirror("run_values", "path", "run", "exact", "type", "number", "text", "folded"),
)
"""path: as it is shown and asked for. exact: the exact text of it (`diorama.summaries.paths`); NULL in rows
of version 2, which stand for any path with that text. The same with `keys`."""

run_columns = Table(
    "run_columns",
    metadata,
    Column(
        "project_id",
        BigInteger,
        ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("path", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False, server_default=text("0")),
    Column("run_count", BigInteger, nullable=False),
    _mirror("run_columns", "project_id", "path", "type", "slot", "run_count"),
)
"""How many runs of a project have a value at a path: kept by ingest, so that a list need not count. It is the
sum over the slots; those who make runs of one project at once change different ones (`leaves.slot_of`)."""

keys = Table(
    "keys",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("run", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("exact", Text),
    Column("kind", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_step", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("last_value", DOUBLE),
    Column("fresh_chunks", BigInteger, nullable=False),
    Column("open_points", BigInteger, nullable=False),
    Column("spans", LargeBinary),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("run", "key", "kind"),
    Index("keys_by_version", "run", "version"),
    _mirror(
        "keys",
        *("id", "exact", "count", "first_step", "last_step", "last_value", "fresh_chunks", "open_points"),
    ),
    sqlite_autoincrement=True,
)
"""spans: [[session, first step, last step], ...], the oldest session first; NULL: nothing is known."""

chunks = Table(
    "chunks",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("key_id", BigInteger, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("tier", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("step_min", BigInteger, nullable=False),
    Column("step_max", BigInteger, nullable=False),
    Column("time_min", DOUBLE, nullable=False),
    Column("time_max", DOUBLE, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("chunks_by_key", "key_id", "tier"),
    sqlite_autoincrement=True,
)
"""A chunk is written once and never changed; compaction replaces chunks by one with a higher id.
Ids are never used again (AUTOINCREMENT), because decoded chunks are cached by id."""

pyramids = Table(
    "pyramids",
    metadata,
    Column(
        "chunk_id",
        BigInteger,
        ForeignKey("chunks.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("level", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("key_id", BigInteger, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("time", DOUBLE, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("records_by_step", "key_id", "step", "row", "time"),
    sqlite_autoincrement=True,
)

definitions = Table(
    "definitions",
    metadata,
    _run_part_of_key(),
    Column("key", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

console = Table(
    "console",
    metadata,
    _run_part_of_key(),
    Column("writer", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("session", BigInteger, nullable=False, server_default=text("0")),
    Column("began_at", DOUBLE, nullable=False, server_default=text("0")),
    Column("time", DOUBLE, nullable=False),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("console_in_order", "run", "session", "began_at", "writer", "number"),
    _mirror("console", "run", "writer", "number", "time", "stream", "text"),
)
"""began_at: the time of a line's first text, not before that of the writer's line before it. Lines are shown
by session, then by that."""

files = Table(
    "files",
    metadata,
    _run_part_of_key(),
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("time", DOUBLE, nullable=False),
    Column("session", BigInteger, nullable=False, server_default=text("0")),
    _mirror("files", "run", "name", "sha256", "size_bytes", "mime", "time", "session"),
)

warnings = Table(
    "warnings",
    metadata,
    _run_part_of_key(),
    Column("code", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("time", DOUBLE, nullable=False),
    _mirror("warnings", "run", "code", "digest", "text", "count", "time"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("created_at", DOUBLE, nullable=False),
    _mirror("blobs", "sha256", "size_bytes", "mime", "created_at"),
)

OWNERS = ("run", "artifact", "view", "report")

blob_uses = Table(
    "blob_uses",
    metadata,
    Column("sha256", Text, ForeignKey("blobs.sha256"), primary_key=True),
    Column("owner_kind", Text, primary_key=True),
    Column("owner", BigInteger, primary_key=True, autoincrement=False),
    Index("blob_uses_by_owner", "owner_kind", "owner"),
)
"""A blob is kept while an owner names it, a deleted run too. owner_kind: one of OWNERS; owner: its row number
among those of its kind. No foreign key can say "a row of the table of that kind": whoever removes an owner's
row removes its uses in the same transaction, and `store.check` finds uses whose owner is not there."""
