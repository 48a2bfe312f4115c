"""Bytes by their SHA-256: in a local folder, or in a bucket (S3, GCS, Azure) by URL.

`aa/bb/<sha256>` in both. Putting the same bytes twice stores them once. When `put` returns, the bytes
are durable: locally temp -> fsync -> rename -> fsync(folder), so that the row that names them can follow.
`put(..., is_deferred=True)` leaves the syncing to `sync()`, which does it for many at once: a journal on
its way into the store still holds what a power cut would take.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from diorama.errors import BadRequest, Corrupt, NotFound, StoreError

Data = bytes | bytearray | memoryview

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
REMOTE_THREADS = 16
SYNC_THREADS = 8
"""Syncs that run at once are merged by the file system's own journal."""


def path_of(sha256: str) -> str:
    """Where a blob lies, relative to the store of blobs. Raises BadRequest for anything but 64 hex digits."""
    if not _SHA256.match(sha256):
        raise BadRequest(f"{sha256[:80]!r} is not a SHA-256 in lower-case hex")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


class Blobs(Protocol):
    """What both stores of blobs can do."""

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        """Store bytes durably, at the latest when `sync` returns if deferred; returns their SHA-256."""
        ...

    def sync(self) -> None:
        """Make all deferred puts durable. Rows may name them only then."""
        ...

    def get(self, sha256: str) -> bytes:
        """All bytes, checked against their name. Raises NotFound or Corrupt."""
        ...

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        """Bytes start..end (end excluded), not checked. Raises NotFound."""
        ...

    def size_bytes(self, sha256: str) -> int | None:
        """Stored size, or None if there is no such blob."""
        ...

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        """Those that are not stored."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove the bytes; nothing happens if they are not there."""
        ...


def open_blobs(folder: Path, url: str | None = None, environ: Mapping[str, str] | None = None) -> Blobs:
    """The store of blobs at `url` (s3://, gs://, az://), else in `folder`."""
    if not url:
        return LocalBlobs(folder)
    if url.startswith("file://"):
        return LocalBlobs(Path(url.removeprefix("file://")))
    return RemoteBlobs(url, os.environ if environ is None else environ)


def check_bytes(sha256: str, data: bytes) -> bytes:
    """Return `data` if it hashes to `sha256`, else raise Corrupt."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Corrupt(
            f"blob {sha256} does not match its checksum",
            hint="restore it from a backup; `diorama doctor` lists all damaged blobs",
        )
    return data


class LocalBlobs:
    """Blobs in a folder (writers never wait for each other).

    A file has its final name only when its bytes are on disk: whoever finds the name may trust it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drafts = folder / "tmp"
        self._lock = threading.Lock()
        self._waiting: dict[str, Path] = {}
        """SHA-256 -> the draft of a deferred put."""

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        with self._store_errors():
            if _has_size(self.folder / path_of(sha256), memoryview(data).nbytes):
                draft = None  # renamed by another process, perhaps a moment ago: its folder may want a sync
            else:
                draft = self._write(sha256, data)
            if is_deferred and draft is not None:
                with self._lock:
                    self._waiting[sha256] = draft
            else:
                self._place({sha256: draft})
        return sha256

    def sync(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        try:
            with self._store_errors():
                self._place(waiting)
        except StoreError:
            with self._lock:
                # What was placed before the failure has no draft any more.
                self._waiting |= {sha256: draft for sha256, draft in waiting.items() if draft.exists()}
            raise

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"can't store a blob: {error.strerror or error}",
                hint=f"check the space and permissions of {self.folder}",
            ) from error

    def _write(self, sha256: str, data: Data) -> Path:
        """Write the bytes to a draft."""
        draft = self._drafts / f"{sha256[:16]}.{os.getpid()}.{secrets.token_hex(6)}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            self._drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                rest = memoryview(data).cast("B")
                while rest:
                    rest = rest[file.write(rest) :]
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def _place(self, drafts: Mapping[str, Path | None]) -> None:
        """Bring drafts to disk, give them their names, and bring the names to disk."""
        _sync_all({draft for draft in drafts.values() if draft is not None})
        folders: set[Path] = set()
        for sha256, draft in drafts.items():
            path = self.folder / path_of(sha256)
            folders |= {path.parent, *_make_folder(path.parent, self.folder)}
            if draft is not None:
                draft.replace(path)
        _sync_all(folders)

    def get(self, sha256: str) -> bytes:
        try:
            data = (self.folder / path_of(sha256)).read_bytes()
        except FileNotFoundError:
            raise _not_found(sha256) from None
        return check_bytes(sha256, data)

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        try:
            with (self.folder / path_of(sha256)).open("rb", buffering=0) as file:
                file.seek(start)
                parts = []
                left = max(0, end - start)
                while left:
                    part = file.read(left)
                    if not part:
                        break
                    parts.append(part)
                    left -= len(part)
                return b"".join(parts)
        except FileNotFoundError:
            raise _not_found(sha256) from None

    def size_bytes(self, sha256: str) -> int | None:
        try:
            return (self.folder / path_of(sha256)).stat().st_size
        except FileNotFoundError:
            return None

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        return [sha256 for sha256 in sha256s if self.size_bytes(sha256) is None]

    def delete(self, sha256: str) -> None:
        (self.folder / path_of(sha256)).unlink(missing_ok=True)


class RemoteBlobs:
    """Blobs in a bucket. Credentials and endpoint come from the cloud's usual environment variables."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        options: dict[str, Any] = {}
        if environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["client_options"] = {"allow_http": True}
        try:
            self._store: Any = from_url(url, **options)
        except (BaseError, ValueError) as error:
            raise StoreError(
                f"can't open the blob store {url!r}: {error}",
                hint="DIORAMA_BLOBS_URL is like s3://bucket/prefix, gs://bucket or az://account/container",
            ) from error
        self._threads = ThreadPoolExecutor(REMOTE_THREADS, thread_name_prefix="blobs")

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        if self.size_bytes(sha256) != memoryview(data).nbytes:
            with _bucket_errors(sha256):
                self._store.put(path_of(sha256), bytes(data))
        return sha256

    def sync(self) -> None:
        """A bucket answers when it has the bytes for good."""

    def get(self, sha256: str) -> bytes:
        with _bucket_errors(sha256):
            data = bytes(self._store.get(path_of(sha256)).bytes())
        return check_bytes(sha256, data)

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        with _bucket_errors(sha256):
            return bytes(self._store.get_range(path_of(sha256), start=start, end=end))

    def size_bytes(self, sha256: str) -> int | None:
        try:
            with _bucket_errors(sha256):
                return int(self._store.head(path_of(sha256))["size"])
        except NotFound:
            return None

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        asked = list(sha256s)
        sizes = self._threads.map(self.size_bytes, asked)
        return [sha256 for sha256, size in zip(asked, sizes, strict=True) if size is None]

    def delete(self, sha256: str) -> None:
        try:
            with _bucket_errors(sha256):
                self._store.delete(path_of(sha256))
        except NotFound:
            return


class _bucket_errors:
    """Turn the bucket's errors into ours."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from obstore.exceptions import BaseError

        if isinstance(error, FileNotFoundError):
            raise _not_found(self._sha256) from error
        if isinstance(error, BaseError):
            raise StoreError(
                f"the bucket says: {error}", hint="check the bucket's address and credentials"
            ) from error


def _not_found(sha256: str) -> NotFound:
    return NotFound(f"no blob {sha256}")


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except FileNotFoundError:
        return False


def _make_folder(folder: Path, root: Path) -> set[Path]:
    """Make `root/aa/bb`; returns the parents of what had to be made."""
    if folder.is_dir():
        return set()
    made = _make_folder(folder.parent, root) if folder != root else set()
    folder.mkdir(mode=0o700, exist_ok=True)
    return made | {folder.parent}


def _sync_all(paths: set[Path]) -> None:
    """Bring files or folders to disk."""
    if len(paths) == 1:
        _sync(*paths)
    elif paths:
        with ThreadPoolExecutor(min(SYNC_THREADS, len(paths)), thread_name_prefix="blob-sync") as threads:
            for _ in threads.map(_sync, paths):
                pass


def _sync(path: Path) -> None:
    try:
        # Windows syncs only what is open for writing.
        descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except (PermissionError, IsADirectoryError):  # Windows can't open folders, and needs no such sync
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
