"""Who serves a training process: exactly one sidecar per token, held by a lock that dies with its holder.

The lock is the operating system's (`flock`, on Windows `msvcrt.locking`) on
`<journal root>/<token>.lock`: a killed sidecar lets go of it at once, and nobody has to guess from
process ids whether it still lives. The file's content (a process id) is for people only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from diorama.errors import is_of_the_moment

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # A file system without locks: two sidecars would cost double work, never data,
            # because ingest is idempotent; no sidecar at all would be worse.
            return error.errno in _NO_LOCKS_HERE
        return True

    _NO_LOCKS_HERE = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


LOCK_SUFFIX = ".lock"
PATIENCE_SECS = 3.0


class Lease:
    """The exclusive right to read a token's journals, acknowledge entries and remove what is stored.

    >>> lease = Lease.acquire(root, "20260101T000000-42-1a2b3c")     # doctest: +SKIP
    >>> if lease is not None:                                        # doctest: +SKIP
    ...     with lease: ...
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd: int | None = fd

    @classmethod
    def acquire(cls, journal_root: Path, token: str) -> Lease | None:
        """The lease of `token`, or None while somebody else holds it. Never waits."""
        path = journal_root / f"{token}{LOCK_SUFFIX}"
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            if not _try_lock(fd):
                os.close(fd)
                return None
            if _is_same_file(path, fd):
                break
            os.close(fd)  # its last holder removed the file between our open and our lock
        with contextlib.suppress(OSError):  # only people read it: on a full disk the lock holds without it
            os.ftruncate(fd, 0)
            os.write(fd, f"{os.getpid()}\n".encode())
        return cls(path, fd)

    @classmethod
    def acquire_soon(
        cls, journal_root: Path, token: str, *, patience_secs: float = PATIENCE_SECS
    ) -> Lease | None:
        """The lease, waiting a little: a drain that looks whether somebody serves the token, or stores
        what it finds, may hold it for a moment; and a machine may lack descriptors for one.

        Raises OSError."""
        until = time.monotonic() + patience_secs
        while True:
            try:
                lease = cls.acquire(journal_root, token)
            except OSError as error:
                if not is_of_the_moment(error) or time.monotonic() > until:
                    raise
            else:
                if lease is not None or time.monotonic() > until:
                    return lease
            time.sleep(0.05)

    def release(self) -> None:
        """Let go; the lock file goes too."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        if sys.platform != "win32":  # Windows removes no open file; the empty file stays there
            self.path.unlink(missing_ok=True)
        os.close(fd)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(journal_root: Path, token: str) -> bool:
    """Whether a living sidecar serves `token` now."""
    if not (journal_root / f"{token}{LOCK_SUFFIX}").exists():
        return False
    lease = Lease.acquire(journal_root, token)
    if lease is None:
        return True
    lease.release()
    return False


def _is_same_file(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:
        return False
