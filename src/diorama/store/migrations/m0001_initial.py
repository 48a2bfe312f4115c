"""Version 1: all tables of the first release, and the counter of changes at 0."""

from __future__ import annotations

from sqlalchemy import Connection

from diorama.store.migrations.sql import run_sql


def apply(connection: Connection) -> None:
    """Make every table; the caller's transaction commits them together."""
    run_sql(connection, TABLES)


TABLES = """
CREATE TABLE blobs (
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    mime TEXT NOT NULL,
    created_at $double NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE meta (
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE projects (
    id $serial,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at $double NOT NULL,
    UNIQUE (entity, name)
);
CREATE TABLE run_columns (
    project_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    run_count BIGINT NOT NULL,
    PRIMARY KEY (project_id, path, type),
    FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE runs (
    id $serial,
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
    UNIQUE (project_id, run_id),
    FOREIGN KEY (project_id) REFERENCES projects (id)
);
CREATE INDEX runs_by_created ON runs (project_id, created_at);
CREATE INDEX runs_by_version ON runs (version);
CREATE TABLE blob_uses (
    sha256 TEXT NOT NULL,
    run BIGINT NOT NULL,
    PRIMARY KEY (sha256, run),
    FOREIGN KEY (sha256) REFERENCES blobs (sha256),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX blob_uses_by_run ON blob_uses (run);
CREATE TABLE console (
    run BIGINT NOT NULL,
    writer BIGINT NOT NULL,
    number BIGINT NOT NULL,
    time $double NOT NULL,
    stream TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, writer, number),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE definitions (
    run BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    data $bytes NOT NULL,
    PRIMARY KEY (run, "key"),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE documents (
    run BIGINT NOT NULL,
    config $bytes NOT NULL,
    summary $bytes NOT NULL,
    summary_state $bytes NOT NULL,
    environment $bytes NOT NULL,
    PRIMARY KEY (run),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE files (
    run BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    mime TEXT NOT NULL,
    time $double NOT NULL,
    PRIMARY KEY (run, name),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE keys (
    id $serial,
    run BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_step BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    last_value $double,
    fresh_chunks BIGINT NOT NULL,
    open_points BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (run, "key", kind),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX keys_by_version ON keys (run, version);
CREATE TABLE run_values (
    run BIGINT NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    number $double,
    text TEXT,
    folded TEXT,
    PRIMARY KEY (run, path),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX run_values_by_number ON run_values (path, number);
CREATE TABLE warnings (
    run BIGINT NOT NULL,
    code TEXT NOT NULL,
    digest TEXT NOT NULL,
    text TEXT NOT NULL,
    count BIGINT NOT NULL,
    time $double NOT NULL,
    PRIMARY KEY (run, code, digest),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE writers (
    run BIGINT NOT NULL,
    writer TEXT NOT NULL,
    number BIGINT NOT NULL,
    acked_seq BIGINT NOT NULL,
    is_secondary BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    exit_code BIGINT,
    started_at $double NOT NULL,
    ended_at $double,
    seen_at $double NOT NULL,
    PRIMARY KEY (run, writer),
    FOREIGN KEY (run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE chunks (
    id $unique_serial,
    key_id BIGINT NOT NULL,
    tier INTEGER NOT NULL,
    count BIGINT NOT NULL,
    step_min BIGINT NOT NULL,
    step_max BIGINT NOT NULL,
    time_min $double NOT NULL,
    time_max $double NOT NULL,
    data $bytes NOT NULL,
    FOREIGN KEY (key_id) REFERENCES keys (id) ON DELETE CASCADE
);
CREATE INDEX chunks_by_key ON chunks (key_id, tier);
CREATE TABLE records (
    id $serial,
    key_id BIGINT NOT NULL,
    step BIGINT NOT NULL,
    "row" BIGINT NOT NULL,
    time $double NOT NULL,
    data $bytes NOT NULL,
    FOREIGN KEY (key_id) REFERENCES keys (id) ON DELETE CASCADE
);
CREATE INDEX records_by_step ON records (key_id, step, "row");
CREATE TABLE pyramids (
    chunk_id BIGINT NOT NULL,
    level INTEGER NOT NULL,
    data $bytes NOT NULL,
    PRIMARY KEY (chunk_id, level),
    FOREIGN KEY (chunk_id) REFERENCES chunks (id) ON DELETE CASCADE
);
INSERT INTO meta (name, number) VALUES ('schema_version', 0), ('version', 0);
"""
