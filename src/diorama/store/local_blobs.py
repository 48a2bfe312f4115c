"""Blobs in a local folder: temp -> fsync -> rename -> fsync(folder).

A sync that failed is never tried again on the same file: the kernel may have dropped what it could not write,
and the next sync would succeed without it. The draft is removed, the blob is missing, and whoever wants to
name it puts it again.

A closed file on the same disk, such as a film in the spool, gets a second name in place of a copy. When a
sync of it fails, its writer and this store alike say that it is no longer closed (`journal.sealed`): then it
is copied, whoever puts it.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from diorama.errors import StoreError
from diorama.journal.at_once import all_at_once
from diorama.journal.folder import sync_folder
from diorama.journal.sealed import is_sealed, unseal_file
from diorama.media.core.extent import Data, Extent, pieces_of, sha256_of, size_of
from diorama.store.blobs import not_found, path_of
from diorama.store.drafts import Drafts, is_link
from diorama.store.incoming import Incoming
from diorama.store.pieces import PIECE_BYTES, SUFFIX, Pieces, check_bytes

DRAFTS = "tmp"


class LocalBlobs:
    """Blobs in a folder (writers never wait for each other).

    A file has its final name only when its bytes are on disk: whoever finds the name may trust it.
    """

    section_bytes = PIECE_BYTES

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drafts = Drafts(folder / DRAFTS)
        self._pieces = Pieces(self)
        self._is_named = False
        """Whether the folder's own name is known to be on disk."""
        self._lock = threading.Lock()
        self._waiting: dict[str, Path | None] = {}
        """SHA-256 -> the draft of a deferred put; None if it has its name, but perhaps not for good."""
        self._unsure: set[str] = set()
        """Blobs whose names may be lost in a power cut: a sync of the folder is running or has failed."""
        self._syncing = threading.Lock()
        """Held during `sync`: a second caller waits, because its blobs may be among those being synced."""

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        with self._store_errors():
            sha256 = sha256_of(data)
            with self._lock:
                if is_deferred and sha256 in self._waiting:
                    return sha256
            if sha256 not in self._unsure and _has_size(self.folder / path_of(sha256), size_of(data)):
                draft = None  # renamed by another process, perhaps a moment ago: its folder may want a sync
            else:
                draft = self._write(data)
            if not is_deferred:
                self._name_or_keep({sha256: draft})
                return sha256
            with self._lock:
                first = self._waiting.setdefault(sha256, draft)
            if draft is not None and draft != first:
                draft.unlink(missing_ok=True)  # another thread put the same bytes meanwhile
        return sha256

    def receive(self) -> Incoming:
        with self._store_errors():
            return Incoming(*self._drafts.create(), self._take)

    def _take(self, sha256: str, draft: Extent) -> None:
        """Give a draft of our own its name."""
        with self._store_errors():
            is_there = sha256 not in self._unsure and _has_size(
                self.folder / path_of(sha256), draft.size_bytes
            )
            if is_there:
                os.unlink(draft.path)
            self._name_or_keep({sha256: None if is_there else Path(draft.path)})

    def sync(self) -> None:
        with self._syncing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            with self._store_errors():
                self._name_or_keep(waiting)

    def _name_or_keep(self, drafts: dict[str, Path | None]) -> None:
        """Bring drafts to disk and give them their names. If something fails before a sync has failed, the
        drafts stay for the next `sync`."""
        if not drafts:  # and perhaps no folder yet
            return
        try:
            self._name_drafts(drafts)
        except BaseException:
            with self._lock:
                for sha256, draft in drafts.items():
                    self._keep_waiting(sha256, draft)
            raise

    def _keep_waiting(self, sha256: str, draft: Path | None) -> None:
        """Leave a blob to the next `sync`: with its draft, or without if it has its name already. If somebody
        has removed both, there is nothing to do: the blob is `missing`."""
        if draft is not None and not draft.exists():
            draft = None
        if draft is None and not (self.folder / path_of(sha256)).exists():
            return
        newer = self._waiting.setdefault(sha256, draft)
        if draft is not None and newer != draft:
            draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"can't store a blob: {error.strerror or error}",
                hint=f"check the space and permissions of {self.folder}",
            ) from error

    def _write(self, data: Data) -> Path:
        """Put the bytes into a draft; those of a closed file by a second name for it."""
        if isinstance(data, Extent) and data.is_closed:
            linked = self._drafts.link(data.path)
            if linked is not None:
                return linked
        draft, descriptor = self._drafts.create()
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for piece in pieces_of(data):
                    while piece:
                        piece = piece[file.write(piece) :]
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return draft

    def _name_drafts(self, drafts: dict[str, Path | None]) -> None:
        """Bring drafts to disk, give them their names, and bring the names to disk. Raises OSError; those
        whose sync has failed are taken out of `drafts`."""
        self._sync_drafts(drafts)
        # The folder of all blobs was made with the first draft, and its name is not on disk yet.
        folders = set() if self._is_named else {self.folder.parent}
        for sha256, draft in drafts.items():
            path = self.folder / path_of(sha256)
            folders |= {path.parent, *_make_folder(path.parent, self.folder)}
            if draft is not None:
                with self._lock:
                    self._unsure.add(sha256)
                draft.replace(path)
                draft.unlink(missing_ok=True)  # of two names of one file none goes when it is replaced
        try:
            _raise_first(all_at_once([functools.partial(sync_folder, folder) for folder in folders]))
        except OSError:
            with self._lock:
                self._unsure |= drafts.keys()
            drafts.clear()
            raise
        self._is_named = True
        with self._lock:
            self._unsure -= drafts.keys()

    def _sync_drafts(self, drafts: dict[str, Path | None]) -> None:
        failed: list[str] = []

        def sync(sha256: str, draft: Path) -> None:
            # Windows syncs only what is open for writing.
            descriptor = os.open(draft, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
            try:
                os.fsync(descriptor)
                if is_link(draft) and not is_sealed(os.fstat(descriptor)):
                    raise OSError(errno.EIO, "a sync of it has failed before")
            except OSError:
                failed.append(sha256)
                if is_link(draft):
                    unseal_file(descriptor)  # whoever puts it again is to copy it
                raise
            finally:
                os.close(descriptor)

        jobs = [
            functools.partial(sync, sha256, draft) for sha256, draft in drafts.items() if draft is not None
        ]
        faults = all_at_once(jobs)
        for sha256 in failed:
            draft = drafts.pop(sha256)
            if draft is not None:
                draft.unlink(missing_ok=True)
        _raise_first(faults)

    def get(self, sha256: str) -> bytes:
        try:
            data = (self.folder / path_of(sha256)).read_bytes()
        except FileNotFoundError:
            raise not_found(sha256) from None
        return check_bytes(sha256, data)

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        return self._pieces.range(sha256, self._size_of(sha256), start, end)

    def pieces(self, sha256: str) -> Iterator[bytes]:
        return self._pieces.whole(sha256, self._size_of(sha256))

    def read(self, sha256: str, start: int, end: int) -> bytes:
        """As `get_range`, not checked."""
        try:
            with (self.folder / path_of(sha256)).open("rb") as file:
                file.seek(start)
                return file.read(max(0, end - start))
        except FileNotFoundError:
            raise not_found(sha256) from None

    def read_beside(self, sha256: str) -> bytes | None:
        """The hashes of its pieces."""
        try:
            return (self.folder / (path_of(sha256) + SUFFIX)).read_bytes()
        except FileNotFoundError:
            return None

    def write_beside(self, sha256: str, data: bytes) -> None:
        """Keep the hashes of its pieces. They need no sync: what is torn is made again."""
        with self._store_errors():
            self._write(data).replace(self.folder / (path_of(sha256) + SUFFIX))

    def _size_of(self, sha256: str) -> int:
        size_bytes = self.size_bytes(sha256)
        if size_bytes is None:
            raise not_found(sha256)
        return size_bytes

    def size_bytes(self, sha256: str) -> int | None:
        try:
            return (self.folder / path_of(sha256)).stat().st_size
        except FileNotFoundError:
            return None

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        with self._lock:
            unsure = self._unsure.copy()
        return [sha256 for sha256 in sha256s if sha256 in unsure or self.size_bytes(sha256) is None]

    def names(self) -> Iterator[tuple[str, int]]:
        for root, folders, files in os.walk(self.folder):
            if Path(root) == self.folder and DRAFTS in folders:
                folders.remove(DRAFTS)
            for name in files:
                path = Path(root, name)
                with contextlib.suppress(FileNotFoundError):
                    yield path.relative_to(self.folder).as_posix(), path.stat().st_size

    def delete(self, sha256: str) -> None:
        for suffix in ("", SUFFIX):
            (self.folder / (path_of(sha256) + suffix)).unlink(missing_ok=True)

    def close(self) -> None:
        self._drafts.close()


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


def _raise_first(faults: list[OSError]) -> None:
    if faults:
        raise faults[0]
