"""Which code is ours, and which the user's: for warnings at the user's line and for the user's exceptions."""

from __future__ import annotations

import functools
import os
import signal
import sys
from types import FrameType, TracebackType

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_HAS_VARARGS = 0x04
"""`inspect.CO_VARARGS`; to import `inspect` would cost every training script 8 ms."""


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


def is_from_signal(error: BaseException) -> bool:
    """Whether a signal's handler raised `error`: a time-out, a preemption. It is for the user, wherever it
    struck, and never a fault of what was interrupted."""
    return any(_is_handler(trace.tb_frame) for trace in _traces_of(error))


def is_users_own(error: BaseException) -> bool:
    """Whether `error` was raised by the user's code that ours has called (an `__array__`, a `__str__`), or
    by a signal's handler. Not the user's: Diorama, Python's own modules, and installed libraries."""
    return is_from_signal(error) or any(
        not _is_library(trace.tb_frame.f_code.co_filename) for trace in _traces_below_ours(error)
    )


def _traces_of(error: BaseException) -> list[TracebackType]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _traces_below_ours(error: BaseException) -> list[TracebackType]:
    """The traceback from the first frame of ours on."""
    traces = _traces_of(error)
    for place, trace in enumerate(traces):
        if trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            return traces[place:]
    return traces


def _is_library(filename: str) -> bool:
    return filename.startswith((_PACKAGE, "<frozen", *_libraries()))


@functools.cache
def _libraries() -> tuple[str, ...]:
    """The folders of Python's own modules and of installed ones."""
    import sysconfig

    found = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return tuple(path + os.sep for path in found if path)


def _is_handler(frame: FrameType) -> bool:
    """Python calls a handler with the frame that it interrupted, which is its caller's: no other function
    is called so. A handler that has let go of that frame is known by being installed."""
    code = frame.f_code
    interrupted = frame.f_back
    count = code.co_argcount + bool(code.co_flags & _HAS_VARARGS) + code.co_kwonlyargcount
    for name in code.co_varnames[:count]:
        value = frame.f_locals.get(name)
        given = value if isinstance(value, tuple) else (value,)
        if interrupted is not None and any(each is interrupted for each in given):
            return True
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        handler = getattr(handler, "__func__", handler)
        if getattr(handler, "__code__", None) is code:
            return True
    return False
