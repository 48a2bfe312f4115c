"""Bytes by their SHA-256: in a local folder (`local_blobs`), or in a bucket by its URL (`remote_blobs`).

`aa/bb/<sha256>` in both. Putting the same bytes twice stores them once. When `put` returns, the bytes
are durable, so that the row that names them can follow. `put(..., is_deferred=True)` leaves the syncing to
`sync()`, which does it for many at once: a journal on its way into the store still holds what a power cut
would take. What lies in a file (an `Extent`) is read piece by piece, never as a whole.

All that is read is proven: whole blobs by their name, ranges of large ones by the hashes of their pieces
(`store.pieces`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from diorama.errors import BadRequest, NotFound
from diorama.media.core.extent import Data
from diorama.model import SHA256_TEXT
from diorama.store.incoming import Incoming


def path_of(sha256: str) -> str:
    """Where a blob lies, relative to the store of blobs. Raises BadRequest for anything but 64 hex digits."""
    if not SHA256_TEXT.fullmatch(sha256):
        raise BadRequest(f"{sha256[:80]!r} is not a SHA-256 in lower-case hex")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def not_found(sha256: str) -> NotFound:
    """The error for a blob that is not stored."""
    return NotFound(f"no blob {sha256}")


class Blobs(Protocol):
    """What both stores of blobs can do."""

    def put(self, data: Data, *, is_deferred: bool = False) -> str:
        """Store bytes durably, at the latest when `sync` returns if deferred; returns their SHA-256."""
        ...

    def receive(self) -> Incoming:
        """A draft for bytes that come piece by piece, and are stored at its end. Raises StoreError."""
        ...

    def sync(self) -> None:
        """Make all deferred puts durable. Rows may name them only then. Raises StoreError; what is `missing`
        after that has to be put again."""
        ...

    def get(self, sha256: str) -> bytes:
        """All bytes, checked against their name. Raises NotFound or Corrupt."""
        ...

    def get_range(self, sha256: str, start: int, end: int) -> bytes:
        """Bytes start..end (end excluded), checked. Raises NotFound or Corrupt.

        The first range of a large blob reads all of it; see `store.pieces`.
        """
        ...

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """All bytes, piece by piece, checked before the last piece is given. Raises NotFound or Corrupt."""
        ...

    def size_bytes(self, sha256: str) -> int | None:
        """Stored size, or None if there is no such blob."""
        ...

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        """Those that are not stored."""
        ...

    def names(self) -> Iterator[tuple[str, int]]:
        """(path, size) of everything that is stored, except drafts: `path_of` blobs, what is kept beside
        them, and whatever else lies there."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove the bytes; nothing happens if they are not there."""
        ...

    def close(self) -> None:
        """Let go of threads and of the folder for drafts."""
        ...
