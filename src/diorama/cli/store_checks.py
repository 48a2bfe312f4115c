"""What `diorama doctor` finds in the database and the blobs of a store."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from diorama.cli.finding import Finding, some
from diorama.cli.terminal import format_size
from diorama.errors import DioramaError
from diorama.model import StoreDir
from diorama.store import schema
from diorama.store.blobs import Blobs, path_of
from diorama.store.database import Database
from diorama.store.drafts import abandoned
from diorama.store.live_runs import live_runs
from diorama.store.local_blobs import DRAFTS, LocalBlobs
from diorama.store.migrations import SCHEMA_VERSION
from diorama.store.open_blobs import open_blobs
from diorama.store.pieces import SUFFIX

READ_UNASKED_BYTES = 1 << 30
"""A smaller store is read whole, asked for or not: it takes a second or two."""
_TOLD_AT_MOST = 20


def check_database(store_dir: StoreDir) -> Iterator[Finding]:
    """The engine's own check, the version of the tables, and every checksum."""
    url = _database_of(store_dir)
    if isinstance(url, Path) and not url.exists():
        yield Finding("ok", "database", "there is none yet")
        return
    mend = "restore it from a backup"
    if isinstance(url, Path):
        mend = (
            f"stop everything that uses the store, keep a copy of {url}*, then "
            f"`sqlite3 {url} .recover | sqlite3 mended.db` and put mended.db in its place"
        )
    where = str(url) if isinstance(url, Path) else "it"
    with closing(Database.open_read_only(url)) as database:
        try:
            version = database.version()
        except DioramaError as error:
            yield Finding("fail", "database", f"{where} can't be read: {error.message}", mend)
            return
        if version > SCHEMA_VERSION:
            yield Finding(
                "fail",
                "database",
                f"a newer Diorama wrote it (version {version}, known {SCHEMA_VERSION})",
                "pip install --upgrade diorama",
            )
            return
        if version < SCHEMA_VERSION:
            yield Finding(
                "warn",
                "database",
                f"the tables are older than this Diorama (version {version}), and were not looked at",
                "`diorama ui` migrates them, after a backup beside the file",
            )
            return
        problems = list(itertools.islice(database.problems(), _TOLD_AT_MOST))
        if problems:
            yield Finding("fail", "database", f"{where} is damaged: {some(problems)}", mend)
            return
        with database.read() as connection:
            run_count = connection.execute(sa.select(sa.func.count()).select_from(live_runs)).scalar_one()
            notices = database.notices_damage()
        yield Finding("ok", "database", f"{run_count} runs, {format_size(database.size_bytes())}, sound")
        if not notices:
            yield Finding(
                "warn",
                "database",
                "this PostgreSQL keeps no checksums of its pages: it would not notice a damaged disk",
                "stop it and run `pg_checksums --enable`",
            )


def check_blobs(store_dir: StoreDir, *, is_reading_data: bool = False) -> Iterator[Finding]:
    """Names and sizes on the disk (or in the bucket) and in the database, both ways; the bytes when asked, or
    when that does not take long."""
    url = _database_of(store_dir)
    if isinstance(url, Path) and not url.exists():
        return
    with closing(open_blobs(store_dir.blobs, os.environ.get("DIORAMA_BLOBS_URL"))) as blobs:
        try:
            named = _named(url)
            stored = dict(blobs.names())
        except DioramaError as error:
            yield Finding("fail", "blobs", f"their list can't be read: {error}", "see the database's finding")
            return
        is_reading_data |= sum(named.values()) < READ_UNASKED_BYTES and isinstance(blobs, LocalBlobs)
        missing: list[str] = []
        damaged: list[str] = []
        for sha256, size_bytes in named.items():
            size = stored.pop(path_of(sha256), None)
            stored.pop(path_of(sha256) + SUFFIX, None)
            if size is None:
                missing.append(sha256)
            elif size != size_bytes or (is_reading_data and not _is_right(blobs, sha256)):
                damaged.append(sha256)
        place = store_dir.blobs if isinstance(blobs, LocalBlobs) else "the bucket"
        restore = f"restore them from a backup of {place}, or `diorama sync` where a journal still has them"
        if missing:
            yield Finding(
                "fail", "blobs", f"{len(missing)} of {len(named)} are missing: {some(missing)}", restore
            )
        if damaged:
            yield Finding(
                "fail", "blobs", f"{len(damaged)} of {len(named)} are damaged: {some(damaged)}", restore
            )
        if not missing and not damaged:
            read = (
                "all read and right"
                if is_reading_data
                else "all there; `diorama doctor --read-data` compares their bytes"
            )
            yield Finding("ok", "blobs", f"{len(named)} blobs, {format_size(sum(named.values()))}, {read}")
        yield from _unnamed(blobs, stored)


def _unnamed(blobs: Blobs, stored: dict[str, int]) -> Iterator[Finding]:
    """What lies in the store of blobs and is named by nothing."""
    strange = [path for path in stored if not _is_blob(path.removesuffix(SUFFIX))]
    orphans = [path for path in stored if _is_blob(path)]
    if orphans:
        size = format_size(sum(stored[path] for path in orphans))
        yield Finding(
            "ok", "blobs", f"{len(orphans)} more ({size}) are named by no run: on their way, or left over"
        )
    if strange:
        yield Finding(
            "warn",
            "blobs",
            f"{len(strange)} names are no blobs: {some(sorted(strange))}",
            "nothing needs them; move them elsewhere",
        )
    if isinstance(blobs, LocalBlobs):
        left = list(abandoned(blobs.folder / DRAFTS))
        if left:
            yield Finding(
                "warn",
                "blobs",
                f"{len(left)} drafts of processes that died are left in {blobs.folder / DRAFTS}",
                "the next process that stores a blob removes them",
            )


def _named(url: Path | str) -> dict[str, int]:
    """SHA-256 -> size of every blob that the database names."""
    table = schema.blobs.c
    with closing(Database.open_read_only(url)) as database, database.read() as connection:
        rows = connection.execute(sa.select(table.sha256, table.size_bytes))
        return {row.sha256: row.size_bytes for row in rows}


def _is_right(blobs: Blobs, sha256: str) -> bool:
    try:
        for _ in blobs.pieces(sha256):
            pass
    except (DioramaError, OSError):
        return False
    return True


def _is_blob(path: str) -> bool:
    name = path.rpartition("/")[2]
    try:
        return path == path_of(name)
    except DioramaError:
        return False


def _database_of(store_dir: StoreDir) -> Path | str:
    return os.environ.get("DIORAMA_DATABASE_URL") or store_dir.database
