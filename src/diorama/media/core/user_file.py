"""The content of a file that a user hands over, by path or as an open stream, copied once.

Only regular files are read: a folder, a FIFO or a device is refused before it can hang or flood anybody.
"""

from __future__ import annotations

import io
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from diorama.media.core.keep import FilePieces, Kept, keep, keep_pieces
from diorama.media.core.warn import warn_user
from diorama.model import clean_text

_URL = re.compile(r"^(https?|s3|gs|gcs|ftp)://", re.IGNORECASE)
_OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True)
class KeptFile:
    """The bytes of a file and the last part of its name ("" for a nameless stream)."""

    name: str
    kept: Kept


def keep_file(path: str | os.PathLike[str], *, subject: str) -> KeptFile:
    """Copy the file at `path`. `subject` names it in errors ("the video").

    Raises FileNotFoundError; ValueError for a URL, an empty file and for what is no regular file; other
    OSErrors as they come.
    """
    name = clean_text(os.path.basename(os.fspath(path)))
    with _open_file(path, subject=subject) as file:
        return KeptFile(name, _keep_open(file, os.fstat(file.fileno()).st_size, subject))


def read_file(path: str | os.PathLike[str], *, subject: str) -> bytes:
    """The bytes of a regular, non-empty file. Raises as `keep_file`."""
    with _open_file(path, subject=subject) as file:
        return file.read()


def _open_file(path: str | os.PathLike[str], *, subject: str) -> BinaryIO:
    name = os.fspath(path)
    if _URL.match(name):
        raise ValueError(
            f"{subject} is a URL ({name[:200]}); download it first: Diorama keeps bytes, not links"
        )
    descriptor = os.open(path, _OPEN_FLAGS)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size:
        return open(descriptor, "rb")  # the caller closes it
    os.close(descriptor)  # open() would refuse a folder's descriptor with another error
    if stat.S_ISREG(found.st_mode):
        raise ValueError(f"{subject} {name!r} is empty")
    raise ValueError(
        f"{subject} {name!r} is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no regular file'}"
    )


def keep_stream(stream: Any, *, subject: str) -> KeptFile:
    """Copy what an open stream (binary, or text, which becomes UTF-8) still holds.

    Raises TypeError for what has no read(), ValueError for an empty one.
    """
    read = getattr(stream, "read", None)
    if not callable(read):
        raise TypeError(f"{subject} must be a path or an open file, not {type(stream).__name__}")
    name = getattr(stream, "name", "")
    name = clean_text(os.path.basename(name)) if isinstance(name, str) else ""
    left_bytes = _left_in(stream)
    if left_bytes:
        kept = _keep_open(stream, left_bytes, subject)
        stream.seek(0, os.SEEK_END)
        return KeptFile(name, kept)
    data = read()
    data = clean_text(data).encode("utf-8") if isinstance(data, str) else bytes(data)
    if not data:
        raise ValueError(
            f"{subject} is empty: the stream has nothing left to read (seek(0) goes to its start)"
        )
    return KeptFile(name, keep(data))


def _left_in(stream: Any) -> int:
    """How many bytes a plain file that is open for reading still holds; 0 for all other streams, which have
    to be read to know. (A gzip file, too, has the descriptor of a plain one.)"""
    raw = getattr(stream, "raw", None) if type(stream) in (io.BufferedReader, io.BufferedRandom) else stream
    if type(raw) is not io.FileIO:
        return 0
    if type(stream) is io.BufferedRandom:
        stream.flush()
    found = os.fstat(stream.fileno())
    return max(0, found.st_size - stream.tell()) if stat.S_ISREG(found.st_mode) else 0


def _keep_open(file: Any, size_bytes: int, subject: str) -> Kept:
    pieces = FilePieces(file, size_bytes)
    kept = keep_pieces(pieces)
    if pieces.has_changed():
        warn_user(f"{subject} was written to while it was copied: what is kept may be partly old, partly new")
    return kept


def rewound(stream: Any) -> Any:
    """`stream` at its start, if it can go there: W&B reads HTML and molecules from the start too."""
    seek = getattr(stream, "seek", None)
    if callable(seek):
        with suppress(OSError, ValueError):  # io.UnsupportedOperation is both
            seek(0)
    return stream
