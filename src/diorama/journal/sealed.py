"""Files that are closed to change: ours, written once, and never again.

A film goes into a file of the spool that holds nothing else and is not used a second time. When it is
written, the file loses its right to be written to. Whoever finds a file so may give it a second name in place
of a copy. The right comes back when a sync of the file has failed: then its bytes may never have reached the
disk, although the next sync says so, and only a copy of what can still be read is to be trusted.
"""

from __future__ import annotations

import os
import stat

from diorama.errors import ignored_faults

_SEALED = 0o400
"""Just these rights: where a file system gives all files the same ones, none is taken for a closed one."""
CAN_SEAL = hasattr(os, "fchmod") and os.name != "nt"
"""Windows deletes no file that can't be written to."""


def seal_file(descriptor: int) -> None:
    """Say that nobody writes to this file any more. Where that can't be said, copies are made."""
    if CAN_SEAL:
        with ignored_faults():
            os.fchmod(descriptor, _SEALED)


def unseal_file(descriptor: int) -> None:
    """Take that back."""
    if CAN_SEAL:
        with ignored_faults():
            os.fchmod(descriptor, 0o600)


def is_sealed(found: os.stat_result) -> bool:
    """Whether a file with this status is closed to change."""
    return CAN_SEAL and stat.S_IMODE(found.st_mode) == _SEALED
