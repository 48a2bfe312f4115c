"""Bytes that lie in a file, named by path, offset and length: whoever passes them on passes no bytes.

A film of gigabytes goes through the spool, a worker, an upload and a store without ever lying in the memory
of any of them. What a store or a decoder is given is `Data`: bytes in memory, or an Extent.

The creator of an Extent must keep the bytes unchanged while it is used.
"""

from __future__ import annotations

import errno
import hashlib
import io
import mmap
import os
from collections.abc import Iterator
from io import FileIO
from typing import Any, BinaryIO, NamedTuple

from diorama.errors import Corrupt

PIECE_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 16


class Extent(NamedTuple):
    """`size_bytes` bytes of the file at `path`, from `offset` on.

    is_closed: the file holds nothing else, is ours, and nobody writes to it any more. A store may give it a
    second name in place of a copy.
    """

    path: str
    offset: int
    size_bytes: int
    is_closed: bool = False

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> Extent:
        """All of a file. Raises OSError."""
        return cls(os.path.abspath(path), 0, os.stat(path).st_size)

    def open(self) -> BinaryIO:
        """The bytes as a file of their own, which begins at their start. Raises OSError."""
        return io.BufferedReader(_Part(self), _BUFFER_BYTES)


Data = bytes | bytearray | memoryview | Extent
"""What is stored or decoded."""


def size_of(data: Data) -> int:
    """How many bytes there are."""
    return data.size_bytes if isinstance(data, Extent) else memoryview(data).nbytes


def head_of(data: Data, size_bytes: int) -> bytes:
    """The first bytes. Raises OSError."""
    if not isinstance(data, Extent):
        return bytes(memoryview(data).cast("B")[:size_bytes])
    with data.open() as file:
        return file.read(size_bytes)


def pieces_of(data: Data, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
    """All bytes, piece by piece. Each piece is to be used before the next one is asked for.

    Raises OSError; Corrupt if the file has become shorter.
    """
    if not isinstance(data, Extent):
        view = memoryview(data).cast("B")
        for start in range(0, view.nbytes, piece_bytes):
            yield view[start : start + piece_bytes]
        return
    left = data.size_bytes
    room = memoryview(bytearray(min(piece_bytes, left)))
    with _Part(data) as part:
        while left:
            count = part.readinto(room)
            if not count:
                raise Corrupt(f"{data.path} has {left} bytes less than it had")
            left -= count
            yield room[:count]


def sha256_of(data: Data) -> str:
    """Raises as `pieces_of`."""
    digest = hashlib.sha256()
    for piece in pieces_of(data):
        digest.update(piece)
    return digest.hexdigest()


def is_same(one: Data, other: Data) -> bool:
    """Whether both are the same bytes. Raises as `pieces_of`."""
    if size_of(one) != size_of(other):
        return False
    if isinstance(one, Extent) or isinstance(other, Extent):
        return sha256_of(one) == sha256_of(other)
    return memoryview(one).cast("B") == memoryview(other).cast("B")


def file_of(data: Data) -> BinaryIO:
    """The bytes as an open file. Raises OSError."""
    if isinstance(data, Extent):
        return data.open()
    if isinstance(data, bytes):
        return io.BytesIO(data)
    return io.BufferedReader(_Memory(memoryview(data).cast("B")), _BUFFER_BYTES)


def view_of(data: Data) -> memoryview:
    """The bytes as memory; those of a file are mapped. Raises OSError; ValueError if it is shorter."""
    if not isinstance(data, Extent):
        return memoryview(data).cast("B")
    if not data.size_bytes:
        return memoryview(b"")
    before = data.offset % mmap.ALLOCATIONGRANULARITY
    with open(data.path, "rb") as file:
        mapped = mmap.mmap(
            file.fileno(),
            before + data.size_bytes,
            access=mmap.ACCESS_READ,
            offset=data.offset - before,
        )
    return memoryview(mapped)[before:]


class _Reading(io.RawIOBase):
    """Bytes as a file."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "there is nothing before the first byte")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(view.nbytes, self._size_bytes - self._at)
        count = self._copy(self._at, view[:wanted]) if wanted > 0 else 0
        self._at += count
        return count

    def _copy(self, start: int, room: memoryview) -> int:
        """Fill `room`, or its beginning, with the bytes from `start` on; returns how many."""
        raise NotImplementedError


class _Part(_Reading):
    """A part of a file."""

    _file: FileIO | None = None  # Python closes also what was never opened

    def __init__(self, extent: Extent) -> None:
        super().__init__(extent.size_bytes)
        self._start = extent.offset
        self._file = FileIO(extent.path)

    def _copy(self, start: int, room: memoryview) -> int:
        assert self._file is not None
        self._file.seek(self._start + start)
        return self._file.readinto(room) or 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class _Memory(_Reading):
    """Memory, which `io.BytesIO` would copy."""

    def __init__(self, view: memoryview) -> None:
        super().__init__(view.nbytes)
        self._view = view

    def _copy(self, start: int, room: memoryview) -> int:
        room[:] = self._view[start : start + room.nbytes]
        return room.nbytes
