"""The content of a file that a user hands over, by path or as an open stream, copied once.

Only regular files are read: a folder, a FIFO or a device is refused before it can hang or flood anybody.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import Any

from diorama.media.base import clean_text
from diorama.media.keep import Kept, keep

_URL = re.compile(r"^(https?|s3|gs|gcs|ftp)://", re.IGNORECASE)
_OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True)
class FileSource:
    """The bytes of a file and the last part of its name ("" for a nameless stream)."""

    name: str
    kept: Kept


def keep_file(path: str | os.PathLike[str], *, what: str) -> FileSource:
    """Copy the file at `path`. `what` names it in errors ("the video").

    Raises FileNotFoundError; ValueError for a URL, an empty file and for what is no regular file; other
    OSErrors as they come.
    """
    name = os.fspath(path)
    return FileSource(clean_text(os.path.basename(name)), keep(read_file(path, what=what)))


def read_file(path: str | os.PathLike[str], *, what: str) -> bytes:
    """The bytes of a regular, non-empty file. Raises as `keep_file`."""
    name = os.fspath(path)
    if _URL.match(name):
        raise ValueError(f"{what} is a URL ({name[:200]}); download it first: Diorama keeps bytes, not links")
    descriptor = os.open(path, _OPEN_FLAGS)
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise ValueError(f"{what} {name!r} is {kind}")
        data = file.read()
    if not data:
        raise ValueError(f"{what} {name!r} is empty")
    return data


def keep_stream(stream: Any, *, what: str) -> FileSource:
    """Copy what an open stream (binary, or text, which becomes UTF-8) still holds.

    Raises TypeError for what has no read(), ValueError for an empty one.
    """
    read = getattr(stream, "read", None)
    if not callable(read):
        raise TypeError(f"{what} must be a path or an open file, not {type(stream).__name__}")
    data = read()
    data = clean_text(data).encode("utf-8") if isinstance(data, str) else bytes(data)
    if not data:
        raise ValueError(f"{what} is empty: the stream has nothing left to read (seek(0) goes to its start)")
    name = getattr(stream, "name", "")
    return FileSource(clean_text(os.path.basename(name)) if isinstance(name, str) else "", keep(data))
