"""Segments that are no longer written to, and copies of them."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from diorama.journal.frame import HEADER_BYTES, scan

COPY_BYTES = 1 << 20


class Segment:
    """A segment that is no longer written to, and not yet safe from power loss."""

    __slots__ = ("fd", "last_seq", "number", "size_bytes")

    def __init__(self, number: int, fd: int, size_bytes: int, last_seq: int) -> None:
        self.number = number
        self.fd = fd
        self.size_bytes = size_bytes
        self.last_seq = last_seq


def copy_segment(segment: Segment, path: Path, *, after_seq: int) -> int:
    """Put a copy of a segment, read from its open file, at `path`, and bring it to disk. Returns how many
    entries behind `after_seq` can't be read any more: after a sync that failed the kernel may have dropped
    what it could not write. Raises OSError; then nothing has changed."""
    with open(segment.fd, "rb", closefd=False) as source, draft_of(path) as copy:
        source.seek(0)
        left = segment.size_bytes
        while left:
            piece = source.read(min(left, COPY_BYTES))
            if not piece:
                raise OSError(errno.EIO, f"segment {segment.number} became shorter")
            left -= copy.write(piece)
        copy.seek(0)
        return _missing_in(copy.read(), after_seq, segment.last_seq)


@contextlib.contextmanager
def draft_of(path: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name when the block ends well, and its bytes are on disk."""
    draft = path.with_suffix(".new")
    with open(draft, "w+b", opener=_private) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _missing_in(data: bytes, after_seq: int, last_seq: int) -> int:
    seqs: set[int] = set()
    whole_bytes = 0
    for frame in scan(data):
        whole_bytes += HEADER_BYTES + len(frame.payload)
        seqs.add(frame.seq)
    if whole_bytes == len(data):
        return 0  # numbers that are not there were dropped while the disk was full, and counted then
    return sum(seq not in seqs for seq in range(after_seq + 1, last_seq + 1))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
