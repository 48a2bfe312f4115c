"""Version 5: runs can be deleted, and blobs have owners of any kind.

- runs.deleted_at: 0 while the run is there. The row of a deleted run stays, so that its number never means
  another run, and what comes late for it finds it; a new run may have the same name.
- blob_uses: by the kind of an owner and its row number; all owners so far are runs.
"""

from __future__ import annotations

from sqlalchemy import Connection

from diorama.store.migrations.sql import mirror, run_sql


def apply(connection: Connection) -> None:
    """SQLite's foreign keys are off while it runs: it can't drop a unique constraint, so `runs` is made anew
    below the tables that name it. PostgreSQL: processes of version 4 that write now are waited for, later
    ones refuse."""
    run_sql(connection, RUNS_OF_SQLITE if connection.dialect.name == "sqlite" else RUNS_OF_POSTGRESQL)
    run_sql(connection, OWNERS)
    mirror(connection, "runs", MIRROR.split())


RUNS_OF_SQLITE = """
CREATE TABLE new_runs (
    id $unique_serial,
    project_id BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    exit_code BIGINT,
    created_at $double NOT NULL,
    last_activity_at $double NOT NULL,
    seen_at $double NOT NULL,
    last_step BIGINT,
    notes TEXT NOT NULL,
    tags TEXT NOT NULL,
    group_name TEXT,
    job_type TEXT,
    host TEXT,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    deleted_at $double DEFAULT 0 NOT NULL,
    UNIQUE (project_id, run_id, deleted_at),
    FOREIGN KEY (project_id) REFERENCES projects (id)
);
INSERT INTO new_runs SELECT
    id, project_id, run_id, name, state, exit_code, created_at, last_activity_at, seen_at, last_step,
    notes, tags, group_name, job_type, host, search, version, 0
FROM runs;
DELETE FROM sqlite_sequence WHERE name = 'new_runs';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_runs', seq FROM sqlite_sequence WHERE name = 'runs';
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE INDEX runs_by_version ON runs (version);
CREATE INDEX runs_by_created ON runs (project_id, deleted_at, created_at);
"""
"""The newest number that was ever given is taken along, also if the run that had it is not there."""

RUNS_OF_POSTGRESQL = """
LOCK TABLE meta IN ACCESS EXCLUSIVE MODE;
ALTER TABLE runs ADD COLUMN deleted_at $double DEFAULT 0 NOT NULL;
ALTER TABLE runs DROP CONSTRAINT runs_project_id_run_id_key;
ALTER TABLE runs ADD UNIQUE (project_id, run_id, deleted_at);
DROP INDEX runs_by_created;
CREATE INDEX runs_by_created ON runs (project_id, deleted_at, created_at);
"""

OWNERS = """
CREATE TABLE new_blob_uses (
    sha256 TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner BIGINT NOT NULL,
    PRIMARY KEY (sha256, owner_kind, owner),
    FOREIGN KEY (sha256) REFERENCES blobs (sha256)
);
INSERT INTO new_blob_uses SELECT sha256, 'run', run FROM blob_uses;
DROP TABLE blob_uses;
ALTER TABLE new_blob_uses RENAME TO blob_uses;
CREATE INDEX blob_uses_by_owner ON blob_uses (owner_kind, owner);
"""

MIRROR = (
    "id name state exit_code last_activity_at seen_at last_step notes tags group_name job_type host search"
)
