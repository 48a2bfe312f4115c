"""Tables in Parquet blobs, read with DuckDB: locked down, with limits of memory, threads and time.

No text of a user ever becomes SQL: columns are called c0, c1, ... after their place, values are parameters.
Files may come from anybody: their footer is checked before they are opened. DuckDB compares no checksums, so
a file is proven before it is given to it, by the hash that names it, and again when it is another file.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from diorama.errors import BadRequest, NotFound, StoreError
from diorama.lru import Lru
from diorama.media.table.arrow import columns_of_schema
from diorama.media.table.record import TableColumn
from diorama.store.blobs import Blobs, path_of
from diorama.store.local_blobs import LocalBlobs
from diorama.store.pieces import damaged

FOOTER_LIMIT_BYTES = 64 << 20
COLUMNS_LIMIT = 5_000
ROW_GROUPS_LIMIT = 200_000
KNOWN_FILES_LIMIT = 2_000
CACHE_LIMIT_BYTES = 4 << 30
PIECE_BYTES = 8 << 20
MEMORY_LIMIT = "1GB"
TIME_LIMIT_SECS = 30.0
THREADS_LIMIT = 4


@dataclass(frozen=True)
class TableFile:
    """A Parquet blob whose bytes were found to be right and whose footer was found to be sound.
    path: where it lies on this machine. identity: what a file system says of the file that was proven."""

    sha256: str
    path: Path
    identity: tuple[int, ...]
    row_count: int
    columns: list[TableColumn]
    types: tuple[str, ...]
    """How each column lies in Parquet, in Arrow's words."""
    make: bytes
    """Equal for files whose columns are alike in every way."""


class TableFiles:
    """Parquet blobs as files on this machine. Those of a bucket are fetched into a bounded cache."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._known: Lru[str, TableFile] = Lru(KNOWN_FILES_LIMIT)
        self._cache: tempfile.TemporaryDirectory[str] | None = None

    @property
    def folder(self) -> Path:
        """The folder that all files lie in."""
        if isinstance(self._blobs, LocalBlobs):
            return self._blobs.folder
        with self._lock:
            if self._cache is None:
                self._cache = tempfile.TemporaryDirectory(prefix="diorama-tables-")
            return Path(self._cache.name)

    def open(self, sha256: str) -> TableFile:
        """The file of a blob. Raises NotFound; Corrupt for bytes that are not what they were; BadRequest for
        bytes that are no table or over a limit."""
        known = self._known.get(sha256)
        if known is not None and _identity(known.path) == known.identity:
            return known
        path = self._locate(sha256)
        identity = _identity(path)
        if identity is None:
            raise NotFound(f"no blob {sha256[:80]}")
        _prove(sha256, path)
        found = _checked(sha256, path, identity)
        if _identity(path) != identity:
            raise StoreError(f"blob {sha256[:12]} changed while it was looked at", hint="try again")
        self._known.put(sha256, found)
        return found

    def close(self) -> None:
        """Remove what was fetched."""
        if self._cache is not None:
            self._cache.cleanup()

    def _locate(self, sha256: str) -> Path:
        path = self.folder / path_of(sha256)
        if path.exists():
            return path
        if isinstance(self._blobs, LocalBlobs):
            raise NotFound(f"no blob {sha256[:80]}")
        return self._fetch(sha256, path)

    def _fetch(self, sha256: str, path: Path) -> Path:
        size_bytes = self._blobs.size_bytes(sha256)
        if size_bytes is None:
            raise NotFound(f"no blob {sha256[:80]}")
        self._make_room(size_bytes)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        try:
            with draft.open("wb") as file:
                for piece in self._blobs.pieces(sha256):
                    file.write(piece)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return path

    def _make_room(self, needed_bytes: int) -> None:
        files = sorted(
            (path for path in self.folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_atime
        )
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total + needed_bytes <= CACHE_LIMIT_BYTES:
                return
            total -= path.stat().st_size
            path.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, ...] | None:
    """Changes whenever the file is another one or is written to; None if it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _prove(sha256: str, path: Path) -> None:
    """Raises Corrupt if the bytes of a file are not those that its name says."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            hasher.update(piece)
    if hasher.hexdigest() != sha256:
        raise damaged(sha256)


def _checked(sha256: str, path: Path, identity: tuple[int, ...]) -> TableFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    short = sha256[:12]
    with path.open("rb") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(max(size_bytes - 8, 0))
        tail = file.read(8)
    if size_bytes < 12 or tail[4:] != b"PAR1":
        raise BadRequest(f"blob {short} is no table: not Parquet")
    [footer_bytes] = struct.unpack("<I", tail[:4])
    if footer_bytes > min(FOOTER_LIMIT_BYTES, size_bytes - 12):
        raise BadRequest(f"blob {short} is no table: its footer is said to have {footer_bytes} bytes")
    try:
        metadata = pq.read_metadata(path)
        if metadata.num_columns > COLUMNS_LIMIT or metadata.num_row_groups > ROW_GROUPS_LIMIT:
            raise BadRequest(
                f"blob {short} has {metadata.num_columns} columns in {metadata.num_row_groups} row groups; "
                f"the limits are {COLUMNS_LIMIT} and {ROW_GROUPS_LIMIT}"
            )
        schema = metadata.schema.to_arrow_schema()
        columns = columns_of_schema(schema)
    except (pa.ArrowException, OSError, ValueError, RecursionError, MemoryError) as error:
        raise BadRequest(f"blob {short} is no table: {str(error)[:200]}") from error
    rows = sum(metadata.row_group(index).num_rows for index in range(metadata.num_row_groups))
    if metadata.num_rows < 0 or rows != metadata.num_rows:
        raise BadRequest(f"blob {short} is no table: its row counts don't add up")
    types = tuple(str(field.type) for field in schema)
    make = msgspec.json.encode([types, columns])
    return TableFile(sha256, path, identity, metadata.num_rows, columns, types, make)


class NeedsMoreMemory(BadRequest):
    """A question about a table that can't be answered within the memory that one may take."""


class TableEngine:
    """DuckDB in this process, which can read nothing but the folder that it is given."""

    def __init__(self, folder: Path, *, time_limit_secs: float = TIME_LIMIT_SECS) -> None:
        import duckdb

        self.is_broken = False
        """After a fault of DuckDB's own it answers nothing more; another one has to be made."""
        self._time_limit_secs = time_limit_secs
        self._connection = duckdb.connect(":memory:")
        place = str(folder).rstrip("/\\") + os.sep
        for statement in (
            f"SET memory_limit='{MEMORY_LIMIT}'",
            "SET temp_directory=''",
            f"SET threads={min(THREADS_LIMIT, os.cpu_count() or 1)}",
            "SET autoinstall_known_extensions=false",
            "SET autoload_known_extensions=false",
            "SET python_enable_replacements=false",
            "SET parquet_metadata_cache=true",
            f"SET allowed_directories=['{place.replace(chr(39), chr(39) * 2)}']",
            "SET enable_external_access=false",
            "SET lock_configuration=true",
        ):
            self._connection.execute(statement)

    def query(self, sql: str, parameters: Mapping[str, Any]) -> Any:
        """The answer as a pyarrow Table. Raises NeedsMoreMemory; BadRequest for what takes too long, and for
        Parquet that can't be read."""
        import duckdb

        cursor = self._connection.cursor()
        is_done = threading.Event()
        watch = threading.Thread(target=self._interrupt_when_late, args=(cursor, is_done), daemon=True)
        watch.start()
        try:
            return cursor.sql(sql, params=dict(parameters)).to_arrow_table()
        except duckdb.InterruptException as error:
            raise BadRequest(
                f"the table takes longer than {self._time_limit_secs:g} s", hint="filter or sort by less"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise NeedsMoreMemory(
                f"the table needs more memory than {MEMORY_LIMIT}", hint="filter or sort by less"
            ) from error
        except duckdb.Error as error:
            self.is_broken |= isinstance(error, (duckdb.FatalException, duckdb.InternalException))
            raise BadRequest(f"the table can't be read: {str(error)[:300]}") from error
        finally:
            is_done.set()
            watch.join()
            cursor.close()

    def _interrupt_when_late(self, cursor: Any, is_done: threading.Event) -> None:
        """Again and again: an interruption between two stages of a query is forgotten."""
        wait_secs = self._time_limit_secs
        while not is_done.wait(wait_secs):
            cursor.interrupt()
            wait_secs = 0.01

    def close(self) -> None:
        """Let go of all memory."""
        self._connection.close()
