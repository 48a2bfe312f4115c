"""Bytes on their way into a store of blobs, piece by piece: an upload never lies in memory as a whole.

They are written to a draft, and hashed while they are written. Until `keep` has returned nothing is stored;
whoever leaves before that leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from diorama.errors import StoreError
from diorama.media.core.extent import Extent

SYNC_EVERY_BYTES = 64 << 20
"""So often the draft is brought to disk, so that the end of a long one is not one long wait, behind which a
client has given up."""
_fdatasync = getattr(os, "fdatasync", os.fsync)

Take = Callable[[str, Extent], None]
"""take(sha256, draft) stores what lies in the draft, for good. The file is the store's from then on."""


class Incoming:
    """A draft at `path`, whose `descriptor` is open for writing. To be used in a `with` block.

    >>> with store.receive() as incoming:                                       # doctest: +SKIP
    ...     for piece in body:
    ...         incoming.write(piece)
    ...     incoming.keep()
    """

    def __init__(self, path: Path, descriptor: int, take: Take) -> None:
        self.size_bytes = 0
        self._path = path
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._take: Take | None = take
        self._hasher = hashlib.sha256()
        self._synced_bytes = 0

    @property
    def sha256(self) -> str:
        """Of all that was written so far."""
        return self._hasher.hexdigest()

    def write(self, data: bytes | memoryview) -> None:
        """Raises StoreError."""
        try:
            rest = memoryview(data).cast("B")
            while rest:
                rest = rest[self._file.write(rest) :]
            self._hasher.update(data)
            self.size_bytes += len(data)
            if self.size_bytes - self._synced_bytes >= SYNC_EVERY_BYTES:
                _fdatasync(self._file.fileno())
                self._synced_bytes = self.size_bytes
        except OSError as error:
            raise StoreError(
                f"can't store a blob: {error.strerror or error}",
                hint=f"check the space and permissions of {self._path.parent}",
            ) from error

    def keep(self) -> str:
        """Store all that was written, for good; returns its SHA-256. Raises StoreError."""
        self._file.close()
        take, self._take = self._take, None
        assert take is not None, "it is kept already"
        take(self.sha256, Extent(str(self._path), 0, self.size_bytes))
        return self.sha256

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._take is not None:
            self._path.unlink(missing_ok=True)
