"""Files for bytes that are too many for memory and have no other place. Each is gone with the object that
stands for it.

They lie in a folder of this process, which is removed when the process ends. A process that is killed leaves
its folder behind; the next process that needs one finds that its lock is free, and removes it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from diorama.errors import ignored_faults

try:
    import fcntl

    _flock: Any = fcntl.flock
    _ALONE, _AT_ONCE = fcntl.LOCK_EX, fcntl.LOCK_NB
except ImportError:  # Windows: what a killed process leaves stays
    _flock = None

_PREFIX = "diorama-media-"
_LOCK = "lock"
_LARGE_HOME = "/var/tmp"
"""Where Unix wants large files to be: its /tmp is often a part of memory."""


class Scratch:
    """An empty file of its own, at `path`. Raises OSError."""

    __slots__ = ("__weakref__", "path")

    def __init__(self) -> None:
        fd, self.path = tempfile.mkstemp(dir=_state.folder())
        os.close(fd)
        removal = weakref.finalize(self, _remove, self.path, os.getpid(), _state.forks)
        removal.atexit = False  # the folder goes then


class _State:
    """The folder of this process. forks: how often the process has forked."""

    def __init__(self) -> None:
        self.forks = 0
        self._pid = 0
        self._folder = ""

    def folder(self) -> str:
        """The folder, made when it is first needed. Raises OSError."""
        if self._pid != os.getpid() or not os.path.isdir(self._folder):
            self._folder, self._pid = _make_folder(_home()), os.getpid()
        return self._folder

    def note_fork(self) -> None:
        """What there is now is kept until this process ends: the child may use it."""
        self.forks += 1

    def close(self) -> None:
        if self._pid == os.getpid():
            shutil.rmtree(self._folder, ignore_errors=True)


_state = _State()
atexit.register(_state.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_state.note_fork)


def _remove(path: str, pid: int, forks: int) -> None:
    if os.getpid() == pid and _state.forks == forks:
        with ignored_faults():
            os.unlink(path)


def _home() -> str:
    if "TMPDIR" not in os.environ and os.access(_LARGE_HOME, os.W_OK | os.X_OK):
        return _LARGE_HOME
    return tempfile.gettempdir()


def _make_folder(home: str) -> str:
    _sweep(home)
    draft = tempfile.mkdtemp(prefix=".diorama-", dir=home)
    if _flock is not None:
        lock = os.open(os.path.join(draft, _LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        _flock(lock, _ALONE)  # held until this process and all its forks have ended
    folder = os.path.join(home, _PREFIX + os.path.basename(draft)[-8:])
    os.rename(draft, folder)
    return folder


def _sweep(home: str) -> None:
    """Remove what processes of ours that were killed have left."""
    if _flock is None:
        return
    for folder in Path(home).glob(f"{_PREFIX}*"):
        with ignored_faults():
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                _flock(lock, _ALONE | _AT_ONCE)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
