"""Where a snapshot's bytes wait: in memory, or already in the spool of a running journal.

A media object must copy what it was given. Writing that one copy straight into the spool saves a
second copy at `log()`; so the journal of a running run installs a keeper here, and media code only
calls `keep()`. The arrow still points down: media knows the interface, not the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, Protocol, runtime_checkable

from diorama.errors import is_interruption
from diorama.media.core.extent import Data, Extent, head_of, view_of
from diorama.media.core.scratch import Scratch

SPOOL_FROM_BYTES = 8 * 1024
"""Smaller buffers travel inside the journal's frame."""
SCRATCH_FROM_BYTES = 8 << 20
"""Files from this size on are copied to a file where there is no keeper."""
COPY_BYTES = 1 << 20


@runtime_checkable
class Kept(Protocol):
    """Bytes that nobody can change any more."""

    @property
    def size_bytes(self) -> int: ...

    def read(self) -> bytes | memoryview:
        """The bytes, in memory."""
        ...

    def head(self, size_bytes: int) -> bytes:
        """The first bytes, or all if there are fewer; not checked."""
        ...

    def source(self) -> Data:
        """The bytes, or where they lie if they are many. For whoever hands them on: a store, a worker."""
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

    def head(self, size_bytes: int) -> bytes:
        return head_of(self.data, size_bytes)

    def source(self) -> Data:
        return self.data


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
        self.start = file.tell()
        self._file = file
        self._found = self._look()

    def fileno(self) -> int:
        return self._file.fileno()

    def has_changed(self) -> bool:
        """Whether somebody has written to the file since this was made: what was read may be partly old,
        partly new."""
        return self._look() != self._found

    def _look(self) -> tuple[int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns

    def __getitem__(self, part: slice, /) -> memoryview:
        wanted = min(part.stop, self.nbytes) - part.start
        self._file.seek(self.start + part.start)
        piece = self._file.read(wanted)
        if len(piece) != wanted:
            raise ValueError("the file became shorter while it was read")
        return memoryview(piece)


class InScratch:
    """Bytes in a file that is there as long as this object. Raises OSError, and what `pieces` raise."""

    __slots__ = ("_extent", "_scratch")

    def __init__(self, pieces: FilePieces) -> None:
        self._scratch = Scratch()
        self._extent = Extent(self._scratch.path, 0, pieces.nbytes)
        with open(self._scratch.path, "r+b") as target:
            for start in range(0, pieces.nbytes, COPY_BYTES):
                target.write(pieces[start : start + COPY_BYTES])

    @property
    def size_bytes(self) -> int:
        return self._extent.size_bytes

    def read(self) -> bytes | memoryview:
        return view_of(self._extent)

    def head(self, size_bytes: int) -> bytes:
        return head_of(self._extent, size_bytes)

    def source(self) -> Data:
        return self._extent

    def open(self) -> IO[bytes]:
        """The file, open for reading."""
        return open(self._extent.path, "rb")

    def __reduce__(self) -> tuple[type[InMemory], tuple[bytes]]:
        return InMemory, (bytes(self.read()),)  # another process has not got the file


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


def keep_pieces(pieces: FilePieces) -> Kept:
    """Keep bytes of an open file, piece by piece: no large video lies in memory as a whole. Where no keeper
    takes them (there is no run), they are copied to a file; to memory if they are few, or no disk has room.

    Raises ValueError if the file is shorter.
    """
    if _keeper is not None and pieces.nbytes >= SPOOL_FROM_BYTES:
        kept = _keeper(pieces)
        if kept is not None:
            return kept
    if pieces.nbytes >= SCRATCH_FROM_BYTES:
        try:
            return InScratch(pieces)
        except OSError as error:
            if is_interruption(error):
                raise
    return InMemory(pieces[0 : pieces.nbytes].tobytes())
