"""Where a snapshot's bytes wait: in memory, or already in the spool of a running journal.

A media object must copy what it was given. Writing that one copy straight into the spool saves a
second copy at `log()`; so the journal of a running run installs a keeper here, and media code only
calls `keep()`. The arrow still points down: media knows the interface, not the journal.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from typing import IO, Protocol, runtime_checkable

SPOOL_FROM_BYTES = 8 * 1024
"""Smaller buffers travel inside the journal's frame."""


@runtime_checkable
class Kept(Protocol):
    """Bytes that nobody can change any more."""

    @property
    def size_bytes(self) -> int: ...

    def read(self) -> bytes | memoryview:
        """The bytes."""
        ...


class InMemory:
    """Bytes kept as a private copy in this process."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self) -> bytes | memoryview:
        return self.data


class MappedFile(mmap.mmap):
    """The first bytes of a file, mapped into memory. It knows its path, so that another process can map the
    same bytes instead of having them sent. Whoever makes one sees to it that the file stays as it is.

    >>> view = memoryview(MappedFile.of(file, path, size_bytes))     # doctest: +SKIP
    """

    path: str

    @classmethod
    def of(cls, file: IO[bytes], path: str | os.PathLike[str], size_bytes: int) -> MappedFile:
        """Map the first `size_bytes` of `file`, which lies at `path`. Raises OSError and ValueError."""
        mapped = cls(file.fileno(), size_bytes, access=mmap.ACCESS_READ)
        mapped.path = os.path.abspath(path)
        return mapped


class Pieces(Protocol):
    """Bytes that can be had piece by piece, in order: a memoryview, or a file that is too large to be read
    as a whole."""

    @property
    def nbytes(self) -> int: ...

    def __getitem__(self, part: slice, /) -> memoryview: ...


class FilePieces:
    """The next `nbytes` bytes of an open file. Raises ValueError if it turns out to be shorter."""

    def __init__(self, file: IO[bytes], nbytes: int) -> None:
        self.nbytes = nbytes
        self._file = file

    def __getitem__(self, part: slice, /) -> memoryview:
        wanted = min(part.stop, self.nbytes) - part.start
        piece = self._file.read(wanted)
        if len(piece) != wanted:
            raise ValueError("the file became shorter while it was read")
        return memoryview(piece)


Keeper = Callable[[Pieces], "Kept | None"]

_keeper: Keeper | None = None


def set_keeper(keeper: Keeper | None) -> None:
    """Install (or with None remove) the function that keeps large buffers."""
    global _keeper
    _keeper = keeper


def keep(data: bytes | bytearray | memoryview) -> Kept:
    """Keep a private, frozen copy of `data` (contiguous). `bytes` are immutable and not copied.

    Large buffers go to the installed keeper; if there is none, or it declines, to memory.
    """
    view = memoryview(data).cast("B")
    if _keeper is not None and view.nbytes >= SPOOL_FROM_BYTES:
        kept = _keeper(view)
        if kept is not None:
            return kept
    return InMemory(data if isinstance(data, bytes) else bytes(view))


def keep_open_file(file: IO[bytes], size_bytes: int) -> Kept:
    """Keep the `size_bytes` bytes that `file` (open, at its start) holds: piece by piece where a keeper takes
    them, so that a large video does not lie in memory as a whole; else in memory.

    Raises ValueError if the file is shorter.
    """
    if _keeper is not None and size_bytes >= SPOOL_FROM_BYTES:
        kept = _keeper(FilePieces(file, size_bytes))
        if kept is not None:
            return kept
        file.seek(0)
    return InMemory(FilePieces(file, size_bytes)[0:size_bytes].tobytes())
