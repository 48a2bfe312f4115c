"""Proven ranges of large blobs.

A blob is proven by the hash that names it, which needs all of it. So that a range of a film can be proven
too, the hashes of its pieces are kept beside it, in `<sha256>.pieces`: made when a range is read for the
first time, from bytes whose own hash was right, and sealed. Whoever reads a range later reads whole pieces
and compares.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Protocol

from diorama.errors import Corrupt, StoreError
from diorama.lru import Lru
from diorama.store.seal import seal, unseal

PIECE_BYTES = 1 << 20
WHOLE_BYTES = 4 << 20
"""Blobs up to this size are read whole for a range."""
SUFFIX = ".pieces"
_HASH_BYTES = 32
_KNOWN_LIMIT = 256


class Bytes(Protocol):
    """Where blobs lie: what is read here is not proven.

    section_bytes: how much is read at once of a blob that is read whole; a multiple of PIECE_BYTES.
    """

    section_bytes: int

    def read(self, sha256: str, start: int, end: int) -> bytes:
        """Bytes start..end. Raises NotFound."""
        ...

    def read_beside(self, sha256: str) -> bytes | None:
        """What was written beside the blob."""
        ...

    def write_beside(self, sha256: str, data: bytes) -> None:
        """Keep something beside the blob. Raises StoreError."""
        ...


class Pieces:
    """Reads ranges of blobs that are right. Safe to use from several threads."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        self._known: Lru[str, bytes] = Lru(_KNOWN_LIMIT)

    def range(self, sha256: str, size_bytes: int, start: int, end: int) -> bytes:
        """Bytes start..end of a blob of `size_bytes`, proven. Raises NotFound, Corrupt."""
        end = min(end, size_bytes)
        if start >= end:
            return b""
        if size_bytes <= WHOLE_BYTES:
            return check_bytes(sha256, self._source.read(sha256, 0, size_bytes))[start:end]
        first, last = start // PIECE_BYTES, (end - 1) // PIECE_BYTES
        hashes = self._hashes(sha256, size_bytes)
        origin = first * PIECE_BYTES
        data = self._source.read(sha256, origin, min((last + 1) * PIECE_BYTES, size_bytes))
        view = memoryview(data)
        for number in range(first, last + 1):
            at = number * PIECE_BYTES - origin
            found = hashlib.sha256(view[at : at + PIECE_BYTES]).digest()
            if found != hashes[number * _HASH_BYTES : (number + 1) * _HASH_BYTES]:
                raise damaged(sha256)
        return data[start - origin : end - origin]

    def whole(self, sha256: str, size_bytes: int) -> Iterator[bytes]:
        """All bytes, piece by piece; the last one is held back until the hash of all is known to be right."""
        hasher = hashlib.sha256()
        held = b""
        step = self._source.section_bytes
        for start in range(0, size_bytes, step):
            section = self._source.read(sha256, start, min(start + step, size_bytes))
            for at in range(0, len(section), PIECE_BYTES):
                if held:
                    yield held
                held = section[at : at + PIECE_BYTES]
                hasher.update(held)
        if hasher.hexdigest() != sha256:
            raise damaged(sha256)
        yield held

    def _hashes(self, sha256: str, size_bytes: int) -> bytes:
        """The hashes of all pieces, one after the other."""
        known = self._known.get(sha256)
        if known is not None:
            return known
        hashes = self._stored(sha256, size_bytes)
        if hashes is None:
            hashes = b"".join(hashlib.sha256(piece).digest() for piece in self.whole(sha256, size_bytes))
            with contextlib.suppress(StoreError):  # a full or read-only disk: they are made again next time
                self._source.write_beside(sha256, seal(hashes))
        self._known.put(sha256, hashes)
        return hashes

    def _stored(self, sha256: str, size_bytes: int) -> bytes | None:
        data = self._source.read_beside(sha256)
        if data is None:
            return None
        try:
            hashes = bytes(unseal(data))
        except Corrupt:
            return None
        return hashes if len(hashes) == -(-size_bytes // PIECE_BYTES) * _HASH_BYTES else None


def check_bytes(sha256: str, data: bytes) -> bytes:
    """Return `data` if it hashes to `sha256`, else raise Corrupt."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise damaged(sha256)
    return data


def damaged(sha256: str) -> Corrupt:
    """What is said of a blob that is not what its name says."""
    return Corrupt(
        f"blob {sha256} does not match its checksum",
        hint="restore it from a backup; `diorama doctor` lists all damaged blobs",
    )
