"""How a process ends becomes how its runs end.

normal end, sys.exit(0)      finished, 0
sys.exit(n), exit(n)         failed, n; what is caught on its way does not count
uncaught exception           failed, 1
KeyboardInterrupt            killed, 255
SIGTERM                      killed, 143; then the process dies of it as it would have without us
kill -9, os._exit, a crash   nothing is written here; the sidecar notices and says "crashed"

`raise SystemExit(n)` without sys.exit() can't be seen: Python forgets the exception before it calls the
functions registered with atexit. Inside `with diorama.init()` it is seen.
"""

from __future__ import annotations

import builtins
import functools
import opcode
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from diorama.journal.entry import RunState

EXIT_INTERRUPTED = 255
EXIT_TERMINATED = 143


class ExitHooks:
    """Installed once per process. end(exit_code, state) ends all runs that are open."""

    def __init__(self, end: Callable[[int, RunState], None]) -> None:
        self._end = end
        self._pid = os.getpid()
        self._asked: SystemExit | None = None
        """The newest SystemExit. Its traceback grows while it passes through the frames of the program."""
        self._exit_code = 0
        self._state: RunState = "finished"
        self._next_excepthook = sys.excepthook

    def install(self) -> None:
        sys.exit = self._noting(sys.exit)
        for quitter in {type(getattr(builtins, name, None)) for name in ("exit", "quit")}:
            if quitter.__module__ == "_sitebuiltins":
                quitter.__call__ = self._noting(quitter.__call__)  # type: ignore[method-assign]
        sys.excepthook = self._on_exception
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        ):
            signal.signal(signal.SIGTERM, self._on_terminate)

    def end_at_exit(self) -> None:
        """The process ends now."""
        asked, self._asked = self._asked, None
        if asked is not None and not _was_caught(asked):
            self._exit_code = exit_code_from(asked.code)
            self._state = "failed" if self._exit_code else "finished"
        self._end(self._exit_code, self._state)

    def _noting(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """A function that asks for an exit, and tells us."""

        @functools.wraps(ask)
        def exit(*args: Any, **kwargs: Any) -> Any:
            try:
                return ask(*args, **kwargs)
            except SystemExit as error:
                self._asked = error
                raise

        return exit

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._asked = None
        is_interrupt = issubclass(kind, KeyboardInterrupt)
        self._exit_code = EXIT_INTERRUPTED if is_interrupt else 1
        self._state = "killed" if is_interrupt else "failed"
        self._next_excepthook(kind, error, trace)

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._pid:
            self._end(EXIT_TERMINATED, "killed")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def exit_code_from(code: object) -> int:
    """The exit code of a process that leaves by SystemExit(code): 0 for None, 1 for what is no such code."""
    if code is None:
        return 0
    return int(code) if isinstance(code, int) and -(2**31) <= code < 2**32 else 1


def _was_caught(asked: SystemExit) -> bool:
    """Whether an exit was caught on its way out, and not raised again. The traceback begins with the last
    frame that has caught it, or, if it got that far, with the outermost one (before Python 3.12: with ours).
    That frame is over: it has returned, or was left by the exception."""
    trace = asked.__traceback__
    if trace is None:
        return False
    frame = trace.tb_frame
    return opcode.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")
