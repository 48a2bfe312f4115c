"""Copies that share the disk with what they were copied from, where the file system can.

Btrfs, XFS and bcachefs can. Such a copy is made at once, whatever its size; it is what the file held at one
moment; and it takes no room on the disk as long as neither of the two changes.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

from diorama.errors import ignored_faults

BLOCK_BYTES = 64 << 10
"""Whole blocks can be shared. No file system that shares has larger ones."""
_FICLONERANGE = 0x4020940D
_RANGE = struct.Struct("qQQQ")

try:
    import fcntl

    _ioctl: Any = fcntl.ioctl if sys.platform == "linux" else None
except ImportError:
    _ioctl = None


def clone_blocks(source_fd: int, target_fd: int, size_bytes: int, *, source_start: int = 0) -> int:
    """Let the file `target_fd` begin with what lies in `source_fd` from `source_start` on. Returns how many
    of the `size_bytes` bytes it has then: 0 where they can't be shared; the rest is to be copied."""
    whole_bytes = size_bytes - size_bytes % BLOCK_BYTES
    if _ioctl is None or not whole_bytes:
        return 0
    with (
        ignored_faults()
    ):  # another disk, a file system that can't, a source that does not begin with a block
        _ioctl(target_fd, _FICLONERANGE, _RANGE.pack(source_fd, source_start, whole_bytes, 0))
        return whole_bytes
    return 0
