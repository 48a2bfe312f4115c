"""The content of a file that a user hands over, by path or as an open stream, copied once.

Only regular files are read: a folder, a FIFO or a device is refused before it can hang or flood anybody.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from diorama.media.core.keep import Kept, keep, keep_open_file
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
        return KeptFile(name, keep_open_file(file, os.fstat(file.fileno()).st_size))


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
    data = read()
    data = clean_text(data).encode("utf-8") if isinstance(data, str) else bytes(data)
    if not data:
        raise ValueError(
            f"{subject} is empty: the stream has nothing left to read (seek(0) goes to its start)"
        )
    name = getattr(stream, "name", "")
    return KeptFile(clean_text(os.path.basename(name)) if isinstance(name, str) else "", keep(data))


def rewound(stream: Any) -> Any:
    """`stream` at its start, if it can go there: W&B reads HTML and molecules from the start too."""
    seek = getattr(stream, "seek", None)
    if callable(seek):
        with suppress(OSError, ValueError):  # io.UnsupportedOperation is both
            seek(0)
    return stream
