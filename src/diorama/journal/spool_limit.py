"""How many bytes a spool may take, and whether the disk has room for more than that."""

from __future__ import annotations

import shutil
from pathlib import Path

from diorama.errors import is_interruption

LIMIT_BYTES = 8 << 30
LIMIT_SHARE_OF_FREE_DISK = 0.10
LEAST_FREE_DISK_BYTES = 256 << 20


class SpoolLimit:
    """The bound of a spool whose folder lies in `directory`.

    limit_bytes: None takes a share of what is free on the disk when the bound is first asked for.
    """

    def __init__(self, directory: Path, limit_bytes: int | None) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes

    def allows(self, size_bytes: int) -> bool:
        """Whether all slots together may take so many bytes."""
        if self._limit_bytes is None:
            self._limit_bytes = _default_limit_bytes(self._directory)
        return size_bytes <= self._limit_bytes

    def disk_has(self, size_bytes: int) -> bool:
        """Whether the disk has room for so many more bytes, and for what others need."""
        return _free_disk_bytes(self._directory) > LEAST_FREE_DISK_BYTES + size_bytes


def _free_disk_bytes(directory: Path) -> int:
    try:
        return shutil.disk_usage(directory).free
    except OSError as error:
        if is_interruption(error):
            raise
        return 0


def _default_limit_bytes(directory: Path) -> int:
    return min(LIMIT_BYTES, int(_free_disk_bytes(directory) * LIMIT_SHARE_OF_FREE_DISK))
