"""Gives memory that is not used any more back to the system.

The C library of most Linux systems keeps what a thread has freed in a heap of that thread's, up to eight
heaps for each processor, and gives nearly nothing of it back. A server whose many threads each answer a large
question once would grow for hours, though little of it is in use. Elsewhere nothing has to be done.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import anyio

HEAPS = 2
LARGE_BYTES = 128 * 1024
TOP_BYTES = 2 * 1024 * 1024
EVERY_SECS = 30.0

# Numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def limit_heaps() -> None:
    """Let all threads share a few heaps, and no large array lie in them: it is given back when it is freed.
    (As it comes, glibc takes the first large ones that are freed as a sign to keep all later ones.)

    To be called before there are threads.
    """
    library = _library()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, HEAPS)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, TOP_BYTES)


def give_back() -> None:
    """Give what was freed back to the system now: of the C library, and of Arrow if it is loaded."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()


async def keep_small() -> None:
    """Give memory back from time to time; runs until cancelled."""
    while True:
        await anyio.sleep(EVERY_SECS)
        await anyio.to_thread.run_sync(give_back, abandon_on_cancel=True)  # a stop does not wait for it


def _library() -> Any:
    """The C library, if it gives memory back only when it is asked to (glibc); else None."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
