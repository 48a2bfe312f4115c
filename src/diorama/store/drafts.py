"""Files on their way to their name.

Every process that stores blobs has a folder of its own, `tmp/<token>/`, and a lock (`tmp/<token>.lock`) that
dies with it. So whoever comes next can tell a draft that is being written from one that a crash has left, and
removes those.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from diorama.journal.lease import LOCK_SUFFIX, Lease

SWEPT_AFTER_SECS = 3600.0
"""What was touched later than this is left alone: some file systems have no locks."""


_LINK_SUFFIX = ".link"


def is_link(draft: Path) -> bool:
    """Whether a draft is a second name of somebody else's file."""
    return draft.suffix == _LINK_SUFFIX


class Drafts:
    """The drafts of this process, in a folder below `root`, which is made with the first one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._lease: Lease | None = None
        self._owner = 0

    def create(self) -> tuple[Path, int]:
        """An empty file and its descriptor, open for writing. Raises OSError."""
        name = secrets.token_hex(8)
        draft = self._own_folder() / name
        try:
            return draft, _create(draft)
        except FileNotFoundError:  # the whole store was removed
            draft = self._own_folder(is_gone=True) / name
            return draft, _create(draft)

    def link(self, path: str) -> Path | None:
        """A second name for the file at `path`; None where it can't have one: on another disk, on a file
        system without them, or if it is gone."""
        draft = self._own_folder() / (secrets.token_hex(8) + _LINK_SUFFIX)
        try:
            os.link(path, draft, follow_symlinks=False)
        except (OSError, NotImplementedError):
            return None
        return draft

    def close(self) -> None:
        """Let go of the folder; whatever lies in it is left to the next process that sweeps."""
        with self._lock:
            self._let_go()

    def _own_folder(self, *, is_gone: bool = False) -> Path:
        with self._lock:
            if self._folder is None or (is_gone and not self._folder.is_dir()):
                self._let_go()
                self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
                for left in abandoned(self._root):
                    _remove(left)
                token = f"{os.getpid()}-{secrets.token_hex(6)}"
                self._lease = Lease.acquire(self._root, token)
                self._owner = os.getpid()
                folder = self._root / token
                folder.mkdir(mode=0o700, exist_ok=True)
                self._folder = folder
            return self._folder

    def _let_go(self) -> None:
        folder, lease, self._folder, self._lease = self._folder, self._lease, None, None
        if folder is None or self._owner != os.getpid():
            return  # the folder belongs to the process that this one was forked from
        with contextlib.suppress(OSError):  # not empty, or gone
            folder.rmdir()
        if lease is not None:
            lease.release()


def abandoned(root: Path) -> Iterator[Path]:
    """Folders and files below `root` whose process has died, and that nobody touched for an hour."""
    if not root.is_dir():
        return
    before = time.time() - SWEPT_AFTER_SECS
    for path in sorted(root.iterdir()):
        try:
            is_old = path.stat().st_mtime < before
        except OSError:
            continue
        if not is_old or path.name.endswith(LOCK_SUFFIX):
            continue
        if path.is_dir():
            lease = Lease.acquire(root, path.name)
            if lease is None:
                continue
            lease.release()
        yield path


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
