"""The SQL database of a store: SQLite in a file, or PostgreSQL by URL.

Only this file, `statements.py` and `versions.py` know which of the two it is. Everyone else writes portable
SQL and asks for `read()` (a consistent snapshot) or `write()` (one transaction, all or nothing, durable when
it returns).

SQLite: WAL, synchronous=FULL, foreign keys, BEGIN IMMEDIATE for writers, 30 s of patience with others.
PostgreSQL: psycopg 3; readers are REPEATABLE READ, READ ONLY; writers of one run wait for each other on the
run's row (`runstate.lock_run`).

A connection on which the database failed is closed, never used again: what made it fail (no space, no more
inodes, a server that went away) may have left it in a state in which it fails for ever.

SQLite goes on writing to a file that somebody removes or replaces. So the file at the path is compared with
the open one before and after each transaction: nothing that went into a deleted file is taken for stored, and
the next transaction finds what is at the path now, or makes a new database there.
"""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from diorama.errors import Corrupt, DioramaError, StoreError, TooNew
from diorama.journal.folder import sync_folder
from diorama.store import check, schema, statements, text_search, versions, write_ahead_log
from diorama.store.driver_errors import is_about_locks, is_about_values, told_plainly
from diorama.store.index_hints import write_index_hints
from diorama.store.migrations import MIGRATIONS, SCHEMA_VERSION
from diorama.store.shared_commits import SharedCommits
from diorama.store.write_ahead_log import WriteAheadLog

BUSY_WAIT_SECS = 30.0
MIGRATION_LOCK = 0x64696F72
"""PostgreSQL advisory lock: one process at a time makes or migrates the tables."""
MIGRATION_LOCK_MILLIS = 300
"""PostgreSQL: how long a migration waits for a table. It takes tables whole, in another order than some
others do. While it waits, all who come later wait behind it, with what they have; so it gives up, and tries
again, long before PostgreSQL looks for deadlocks (after a second) and ends one of those in them."""

_SCHEMA_VERSION = statements.Prepared(
    lambda _: sa.select(schema.meta.c.number).where(schema.meta.c.name == sa.bindparam("of_name")),
    ["of_name"],
)

_SCHEMA_VERSION_OF_SQLITE = "SELECT number FROM meta WHERE name = 'schema_version'"
_TAKEN_BY_MIGRATIONS = ("meta, runs", "runs, meta")
"""In which order, by turns. The first is that of all who read and write; older servers also
read `runs` before `meta`, and where many of those ask all the time, only the second one gets through."""
LOOK_SECS = 1.0
"""PostgreSQL: how long a reader may not notice that a newer Diorama has migrated the store."""

_HAS_VERSIONS = "diorama_has_versions"
"""Noted with a connection to PostgreSQL whose transactions have numbers above all stored versions."""

T = TypeVar("T")
FileIdentity = tuple[int, int]


class Database:
    """An open database with its tables at the newest version.

    >>> database = Database.open("sqlite:////tmp/store/diorama.db")     # doctest: +SKIP
    >>> with database.write() as connection: ...                         # doctest: +SKIP
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.has_one_writer = self.is_sqlite
        """Whether who writes waits for all others who write; else transactions run, and end, side by side."""
        named = engine.url.database if self.is_sqlite else None
        self._path = Path(named) if named and named != ":memory:" else None
        self._file: FileIdentity | None = None
        self._file_number = 0
        """Counts the files that lay at the path one after another."""
        self._opening = threading.Lock()
        self._is_read_only = False
        self._looked_at = -LOOK_SECS
        self._shared_commits = SharedCommits()
        self._log = None if self._path is None else WriteAheadLog(self._path)
        # Whoever forgets close() (a script's Api() without `with`) leaves no open file behind.
        weakref.finalize(self, engine.dispose).atexit = False

    @classmethod
    def open(cls, url: str | Path) -> Database:
        """Open (and make or migrate) the database at a SQLAlchemy URL or SQLite file path.

        Raises TooNew if a newer Diorama wrote it, StoreError if it can't be opened.
        """
        if isinstance(url, Path):
            url_object = sa.URL.create("sqlite", database=str(url))
        else:
            try:
                url_object = sa.make_url(url)
            except SQLAlchemyError as error:
                raise StoreError(
                    "the database URL is not one that SQLAlchemy understands",
                    hint="for example postgresql+psycopg://user@host/database",
                ) from error
        database = cls(_make_engine(url_object))
        try:
            database._find_file()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_read_only(cls, url: str | Path) -> Database:
        """Open a database that must be there as it is, to read from: nothing is made or migrated.

        Raises StoreError if it can't be opened.
        """
        if not isinstance(url, Path):
            database = cls(_make_engine(sa.make_url(url)))
        else:
            address = f"{url.absolute().as_uri()}?mode=ro"
            database = cls(
                sa.create_engine(
                    "sqlite://",
                    creator=lambda: sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False),
                    poolclass=sa.pool.NullPool,
                )
            )
        database._is_read_only = True
        return database

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A snapshot to read from: all that is read in the block is from one moment. On both engines it is
        the moment of the first statement.

        Raises StoreError if it can't be read, Corrupt for what is damaged, Unstorable for parameters that no
        column can have, TooNew if a newer Diorama has migrated the store since it was opened.
        """
        self._find_file()
        # First: a connection may lead to a newer file than that, never to an older.
        number = self._file_number
        try:
            with told_plainly(), self._engine.connect() as connection:
                connection.execution_options(diorama_file_number=number)
                if not self.is_sqlite:
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with _begun(connection):
                    self._refuse_newer(connection)
                    yield connection
        except StoreError as error:
            if not self.is_sqlite and isinstance(error.__cause__, DBAPIError):
                self._refuse_newer_after(error)
            raise

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction to write in; committed and durable when the block ends without an exception.

        Raises as `read`; TooNew if a newer Diorama has migrated the store since it was opened.
        """
        file = self._find_file()
        with self._writing() as connection:
            if _known(_stored_version(connection)) != SCHEMA_VERSION:
                raise StoreError("the store is not at the version that it was opened with")
            yield connection
        if self._path is not None and _identity(self._path) != file:
            raise StoreError(
                f"{self._path} was removed or replaced while it was written to", hint="it is opened anew"
            )

    def transact(self, do: Callable[[sa.Connection], T]) -> T:
        """Do work in a transaction; durable when it returns. Raises as `write`, and what the work raises.

        Where there is one writer at a time, work of several threads shares transactions; `shared_commits`
        says what that asks of it. PostgreSQL writes side by side, and those who commit at the same time share
        one sync of the disk by themselves.
        """
        if self.has_one_writer:
            return self._shared_commits.run(self.write, do)
        with self.write() as connection:
            return do(connection)

    def _refuse_newer(self, connection: sa.Connection) -> None:
        """Raise TooNew if a newer Diorama has migrated the store: what is read could mean something else.

        SQLite is asked by each reader, past SQLAlchemy, which takes microseconds; PostgreSQL, where a
        question is a way over the network, by one of them in LOOK_SECS and after each error.
        """
        if self._is_read_only:
            return
        if self.is_sqlite:
            driver: Any = connection.connection.dbapi_connection
            found = driver.execute(_SCHEMA_VERSION_OF_SQLITE).fetchone()
        elif time.monotonic() < self._looked_at + LOOK_SECS:
            return
        else:
            [found, *_] = [*_SCHEMA_VERSION.read(connection, "schema_version"), None]
        if found is not None and isinstance(found[0], int):
            _known(found[0])
        self._looked_at = time.monotonic()

    def _refuse_newer_after(self, error: StoreError) -> None:
        """Raise TooNew if that is why a question to PostgreSQL failed."""
        try:
            version = self.version()
        except StoreError:
            return
        if version > SCHEMA_VERSION:
            self._looked_at = -LOOK_SECS
            raise _too_new(version) from error

    @contextmanager
    def _writing(self, *, has_tables: bool = True) -> Iterator[sa.Connection]:
        with told_plainly(), self._engine.connect().execution_options(diorama_writes=True) as connection:
            if has_tables and not self.has_one_writer and _HAS_VERSIONS not in connection.info:
                with _begun(connection):
                    are_behind = versions.are_behind(connection)
                if are_behind:
                    with _begun(connection):
                        versions.raise_base(connection)
                connection.info[_HAS_VERSIONS] = True
            with _begun(connection):
                yield connection
            if self._log is not None:
                driver: Any = connection.connection.dbapi_connection
                self._log.keep_short(driver)

    @contextmanager
    def _migrating(self) -> Iterator[sa.Connection]:
        """As `write`. SQLite: without foreign keys, because a table is changed by making it anew, and
        dropping the old one would take the rows of others along."""
        if not self.is_sqlite:
            with self._writing(has_tables=False) as connection:
                yield connection
            return
        with told_plainly(), self._engine.connect().execution_options(diorama_writes=True) as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA foreign_keys = OFF")  # does nothing inside a transaction
            try:
                with _begun(connection):
                    yield connection
            finally:
                if not connection.invalidated:
                    driver.execute("PRAGMA foreign_keys = ON")

    def upsert(self, table: sa.Table, *, index: Sequence[str], update: Sequence[str] = ()) -> Any:
        """An insert that, where a row with the same `index` columns exists, sets its `update` columns
        to the new values (or leaves the row alone if there are none to update)."""
        return statements.upsert(table, is_sqlite=self.is_sqlite, index=index, update=update)

    def upsert_adding(
        self, table: sa.Table, *, index: Sequence[str], add: str, update: Sequence[str] = ()
    ) -> Any:
        """An upsert whose `add` column grows by the new value."""
        return statements.upsert(table, is_sqlite=self.is_sqlite, index=index, update=update, add=add)

    def size_bytes(self) -> int:
        """How much the database takes."""
        query = (
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if self.is_sqlite
            else "SELECT pg_database_size(current_database())"
        )
        with self.read() as connection:
            return int(connection.execute(sa.text(query)).scalar_one())

    def problems(self) -> Iterator[str]:
        """What is wrong with the database; nothing if all is well. What can't be looked at is told too."""
        checks = [check.packed_problems, check.chunk_problems, check.owner_problems]
        for one in [check.sqlite_problems, *checks] if self.is_sqlite else checks:
            try:
                with self.read() as connection:
                    yield from one(connection)
            except DioramaError as error:
                yield str(error)
            except (TypeError, ValueError, ArithmeticError) as error:  # values of types that no column has
                yield f"it can't be read: {type(error).__name__}: {error}"

    def notices_damage(self) -> bool:
        """Whether the engine keeps checksums of its pages, or has all values twice."""
        if self.is_sqlite:
            return True
        with self.read() as connection:
            return bool(connection.exec_driver_sql("SHOW data_checksums").scalar() == "on")

    def version(self) -> int:
        """The version that the database says it has; 0 without tables. Raises Corrupt."""
        with told_plainly(), self._engine.connect() as connection, _begun(connection):
            return _said_version(connection)

    def _find_file(self) -> FileIdentity | None:
        """Make sure that the open database is the file that lies at the path now; else open or make that one.
        Returns the identity of the file."""
        if self._is_read_only:
            return None
        if self._path is None:
            if self._file is None:
                self._migrate()
                self._file = (0, 0)
            return None
        if self._file is None or _identity(self._path) != self._file:
            with self._opening:
                if self._file is None or _identity(self._path) != self._file:
                    self._engine.dispose()  # those that are in use fail at the end of their transaction
                    _make_parent(self._path)
                    self._migrate()
                    self._file_number += 1
                    self._file = _identity(self._path)
        return self._file

    def _migrate(self) -> None:
        if _known(self.version()) == SCHEMA_VERSION:
            return
        until = time.monotonic() + BUSY_WAIT_SECS
        for tables in itertools.cycle(_TAKEN_BY_MIGRATIONS):
            try:
                return self._migrate_at_once(tables)
            except StoreError as error:
                if not is_about_locks(error.__cause__) or time.monotonic() > until:
                    raise
            time.sleep(random.uniform(0.02, 0.1))  # others go on meanwhile

    def _migrate_at_once(self, tables: str) -> None:
        with self._migrating() as connection:
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MIGRATION_LOCK_MILLIS}")
            version = _known(_said_version(connection))
            if version == SCHEMA_VERSION:
                return
            if version > 0 and self._path is not None:
                _back_up(self._path, version)
            if version > 0 and not self.is_sqlite:
                # First of all: who comes now waits with nothing in hand that a migration could want.
                connection.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            for number in range(version, SCHEMA_VERSION):
                MIGRATIONS[number](connection)
            connection.execute(
                sa.update(schema.meta)
                .where(schema.meta.c.name == "schema_version")
                .values(number=SCHEMA_VERSION)
            )


def file_number(connection: sa.Connection) -> int:
    """The number of the database file that this connection reads. If the file is replaced, the number
    changes, and row numbers of the old file mean nothing."""
    return int(connection.get_execution_options().get("diorama_file_number", 0))


def _said_version(connection: sa.Connection) -> int:
    """The version that a database says it has; 0 if it has no tables. Raises Corrupt."""
    return _stored_version(connection) if sa.inspect(connection).has_table("meta") else 0


def _stored_version(connection: sa.Connection) -> int:
    rows = _SCHEMA_VERSION.read(connection, "schema_version")
    found = rows[0][0] if rows else None
    if not isinstance(found, int):
        raise Corrupt("the database does not say its version", hint="`diorama doctor` says how to mend it")
    return found


def _known(version: int) -> int:
    if version > SCHEMA_VERSION:
        raise _too_new(version)
    return version


def _too_new(version: int) -> TooNew:
    return TooNew(
        f"the store is at version {version}; this Diorama knows versions up to {SCHEMA_VERSION}",
        hint="install a newer Diorama, and start again what was running",
    )


def _make_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=24)
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        pool_size=8,
        max_overflow=56,
        connect_args={"timeout": BUSY_WAIT_SECS, "check_same_thread": False, "isolation_level": None},
    )

    write_index_hints(engine)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        text_search.prepare_sqlite(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_size_limit = {write_ahead_log.KEPT_BYTES}")
        # There may be dozens of connections, and the system caches the file's pages for all of them.
        connection.execute("PRAGMA cache_size = -1024")
        # Becoming WAL needs the file alone, and SQLite does not wait for that by itself.
        _until_not_busy(lambda: _use_wal(connection))

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("diorama_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _until_not_busy(do: Callable[[], T]) -> T:
    deadline = time.monotonic() + BUSY_WAIT_SECS
    while True:
        try:
            return do()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _identity(path: Path) -> FileIdentity | None:
    """Which file lies at a path; None if none does."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"can't look at {path}: {error.strerror}") from error
    return found.st_dev, found.st_ino


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"can't make the store's folder {path.parent}: {error.strerror}",
            hint="set DIORAMA_DIR to a folder that you may write",
        ) from error


def _back_up(path: Path, version: int) -> None:
    """Copy the database beside itself. The caller holds the write lock, so nothing changes meanwhile."""
    target = path.with_name(f"{path.name}.v{version}.backup")
    draft = path.with_name(f"{target.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy)
    with draft.open("r+b") as file:
        os.fsync(file.fileno())
    draft.replace(target)
    sync_folder(target.parent)


@contextmanager
def _begun(connection: sa.Connection) -> Iterator[None]:
    """A transaction; the connection is closed for good if the database failed in it."""
    try:
        with connection.begin():
            yield
    except (DBAPIError, sqlite3.Error) as error:
        if not is_about_values(error) and not connection.closed:
            connection.invalidate()
        raise
