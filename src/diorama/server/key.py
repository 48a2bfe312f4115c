"""The store's API key: 256 random bits in a file that only its owner can read."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from diorama.errors import Unauthorized, UsageError

_KEY_SHAPE = re.compile(r"[0-9A-Za-z_\-]{40,256}")


def read_key(path: Path) -> str | None:
    """The key in `path`, or None when there is no such file.

    UsageError when others could have read or replaced it: a symlink, a foreign owner, a mode wider
    than 0600, or contents that are no key.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            f"can't read the key file {path}: {error.strerror}", hint="it must be a plain file of yours"
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        check_key_file(path, os.fstat(file.fileno()))
        text = file.read(1024).decode("ascii", "replace").strip()
    if not _KEY_SHAPE.fullmatch(text):
        raise UsageError(
            f"{path} does not hold a key (40 to 256 letters and digits)",
            hint="`diorama key --rotate` writes a new one",
        )
    return text


def check_key_file(path: Path, found: os.stat_result) -> None:
    """Raise UsageError unless only its owner, who is us, can read the key file."""
    if os.name == "nt":
        return
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a plain file")
    if found.st_uid != os.geteuid():
        raise UsageError(f"{path} belongs to another user", hint="`diorama key --rotate` after removing it")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(
            f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"`chmod 600 {path}`, and `diorama key --rotate` if others may have read it",
        )


def ensure_key(path: Path) -> str:
    """The key in `path`; a new one is written there when the file is missing."""
    key = read_key(path)
    if key is not None:
        return key
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    candidate = _write_beside(path, secrets.token_hex(32))
    try:
        # link() never replaces: of two processes that start at once, one wins and both read its key.
        os.link(candidate, path)
    except FileExistsError:
        pass
    finally:
        candidate.unlink()
    written = read_key(path)
    if written is None:
        raise UsageError(f"{path} vanished while it was written")
    return written


def rotate_key(path: Path) -> str:
    """Replace the key in `path`. A running server notices within a second and ends all sessions."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_hex(32)
    _write_beside(path, key).replace(path)
    return key


def _write_beside(path: Path, key: str) -> Path:
    """A new 0600 file next to `path`, on disk before anybody can see it under its real name."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink()
        raise
    return beside


class KeyRing:
    """The key that requests are compared with. A key file is looked at again when it changed."""

    def __init__(self, source: str | Path) -> None:
        self._path = source if isinstance(source, Path) else None
        self._key = source if isinstance(source, str) else ""
        self._seen: tuple[int, int, int] | None = None

    def current(self) -> str:
        """The key as it is now; Unauthorized when its file is gone or no longer private."""
        if self._path is None:
            return self._key
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            raise Unauthorized("the server has no key", hint="`diorama key` makes one") from None
        seen = (found.st_mtime_ns, found.st_ino, found.st_mode)
        if seen != self._seen:
            try:
                key = read_key(self._path)
            except UsageError as error:
                raise Unauthorized(
                    "the server's key file is not private", hint="see `diorama doctor`"
                ) from error
            if key is None:
                raise Unauthorized("the server has no key", hint="`diorama key` makes one")
            self._key, self._seen = key, seen
        return self._key
