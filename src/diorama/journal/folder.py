"""The folder of a journal: how it is made and brought to disk, and the notes that lie in it.

"ack": up to which entry all is stored. "busy": touched while somebody is at work on the rest. "parked": why
the store does not take the rest now; it is there only as long as that is so.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from struct import Struct

from diorama.errors import is_interruption

ACK = Struct("<Q")
BUSY = "busy"
PARKED = "parked"


def read_ack(directory: Path) -> int:
    """The highest seq that is stored for good, as the sidecar noted it; 0 if none is."""
    try:
        noted = (directory / "ack").read_bytes()
    except OSError as error:
        if is_interruption(error):
            raise
        return 0
    return ack_in(noted)


def ack_in(noted: bytes) -> int:
    return int(ACK.unpack_from(noted)[0]) if len(noted) >= ACK.size else 0


def note_busy(directory: Path) -> None:
    """Note that somebody works on what is not stored yet, so that slow work is not taken for a standstill."""
    with contextlib.suppress(OSError):
        (directory / BUSY).touch()


def busy_at(directory: Path) -> float:
    """When that was noted last, Unix seconds; 0 if never."""
    try:
        return (directory / BUSY).stat().st_mtime
    except OSError:
        return 0.0


def note_parked(directory: Path, reason: str) -> None:
    """Note why the store does not take the rest now."""
    with contextlib.suppress(OSError):
        (directory / PARKED).write_text(f"{reason}\n")


def note_taken(directory: Path) -> None:
    """Remove the note of `note_parked`: the store takes entries again."""
    with contextlib.suppress(OSError):
        (directory / PARKED).unlink(missing_ok=True)


def parked_reason(directory: Path) -> str:
    """Why the store does not take the rest now; empty if nothing is known to stand in the way."""
    try:
        return (directory / PARKED).read_text(errors="replace").strip()
    except OSError as error:
        if is_interruption(error):
            raise
        return ""


def make_folders(directory: Path) -> None:
    """`os.makedirs` for what a training may interrupt: that one drops every OSError that strikes in it, also
    that of a signal's handler. Raises OSError."""
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        if not os.path.lexists(directory.parent):  # else a link leads nowhere, or another process was quicker
            make_folders(directory.parent)
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            return


def sync_folder(directory: Path) -> None:
    """Bring the names in `directory` to disk. A new file may otherwise be gone after a power loss although
    its bytes were synced. Raises OSError; a folder that can't be opened or synced at all is left alone.

    Unlike a file's, a folder's sync may be tried again and believed: names go through the file system's own
    journal, and a file system that could not write that one takes nothing more until it is mounted anew.
    """
    if os.name != "posix":
        return
    try:
        fd = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)
