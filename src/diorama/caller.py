"""Which code is ours, and which the user's: for warnings at the user's line and for the user's exceptions."""

from __future__ import annotations

import functools
import os
import sys
from types import FrameType, TracebackType

from diorama.errors import is_interruption

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def user_frame() -> FrameType:
    """The innermost frame that is not Diorama's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame


def user_line() -> tuple[str, int]:
    """File and line of the innermost frame that is not Diorama's."""
    frame = user_frame()
    return frame.f_code.co_filename, frame.f_lineno


def is_users_own(error: BaseException) -> bool:
    """Whether `error` was raised by the user's code that ours has called (an `__array__`, a `__str__`), or
    by a signal's handler. Not the user's: Diorama, Python's own modules, and installed libraries."""
    return is_interruption(error) or any(
        not _is_library(trace.tb_frame.f_code.co_filename) for trace in _traces_below_ours(error)
    )


def _traces_below_ours(error: BaseException) -> list[TracebackType]:
    """The traceback from the first frame of ours on."""
    traces = []
    trace = error.__traceback__
    while trace is not None:
        traces.append(trace)
        trace = trace.tb_next
    for place, each in enumerate(traces):
        if each.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            return traces[place:]
    return traces


def _is_library(filename: str) -> bool:
    return filename.startswith((_PACKAGE, "<frozen", *_libraries())) or any(
        f"{os.sep}{folder}{os.sep}" in filename for folder in ("site-packages", "dist-packages")
    )


@functools.cache
def _libraries() -> tuple[str, ...]:
    """The folders of Python's own modules and of installed ones."""
    import sysconfig

    found = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return tuple(path + os.sep for path in found if path)
