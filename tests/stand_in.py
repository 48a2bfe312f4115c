"""A module of Python's with some of its parts replaced, for one module of ours only.

Whoever replaces `time.monotonic` itself replaces it for all threads of the process: an event loop in another
one that falls asleep by the false clock may never wake up. So a test gives the module that it is about a
stand-in: `monkeypatch.setattr(spool, "time", stand_in(time, sleep=sleep))`.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any


def stand_in(module: ModuleType, **parts: Any) -> ModuleType:
    """A copy of `module` that has `parts` instead of its own. AttributeError for a part that it lacks."""
    for name in parts:
        getattr(module, name)
    copy = ModuleType(module.__name__, module.__doc__)
    vars(copy).update({**vars(module), **parts})
    return copy
