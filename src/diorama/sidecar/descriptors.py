"""How many files this process may have open."""

from __future__ import annotations

import contextlib

WANTED = 65_536


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files as far as the hard one lets us. Only in processes of our own: a
    training may rely on its limit (`select` takes no descriptor above 1,023)."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has one more limit, which it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
