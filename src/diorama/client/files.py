"""The files that a script has written into `run.dir`: they become files of the run when it ends."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diorama.journal.entry import File, Warn
from diorama.media.core.keep import SPOOL_FROM_BYTES, FilePieces, InMemory, Kept
from diorama.media.file.media import RunFile
from diorama.model import clean_text

if TYPE_CHECKING:
    from diorama.client.channel import Channel

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def keep_files(folder: Path, channel: Channel) -> None:
    """Put all regular files below `folder`, a run's `run.dir`, into the run, under their paths below it. What
    there is no room for, or can't be read, is named in the run; it stays where it is."""
    for path in _files_below(folder):
        name = clean_text(path.relative_to(folder).as_posix())
        try:
            kept, is_torn = _keep(path, channel)
        except (OSError, ValueError) as error:
            _tell(channel, f"{name} in run.dir can't be read, and is not kept: {error}")
            continue
        if kept is None:
            _tell(channel, f"there is no room to keep {name}; it stays in {folder}")
            continue
        if is_torn:
            _tell(channel, f"{name} in run.dir was written to while it was copied")
        encoding = channel.encoding()
        content = encoding.plain(RunFile.from_kept(name, kept))
        channel.send_encoded(encoding, File(name, content))


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(parent) / name


def _keep(path: Path, channel: Channel) -> tuple[Kept | None, bool]:
    """What was kept, and whether it may be partly old, partly new."""
    descriptor = os.open(path, _OPEN_FLAGS)  # a pipe must not hold us up
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no regular file")
        if found.st_size < SPOOL_FROM_BYTES:
            return InMemory(file.read()), False
        pieces = FilePieces(file, found.st_size)
        return channel.spool.keep(pieces), pieces.has_changed()


def _tell(channel: Channel, text: str) -> None:
    channel.send(Warn(time.time(), "file", clean_text(text)))
