"""How a process ends becomes how its runs end.

normal end, sys.exit(0)      finished, 0
sys.exit(n)                  failed, n
uncaught exception           failed, 1
KeyboardInterrupt            killed, 255
SIGTERM                      killed, 143; then the process dies of it as it would have without us
kill -9, os._exit, a crash   nothing is written here; the sidecar notices and says "crashed"
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from diorama.journal.entry import RunState

EXIT_INTERRUPTED = 255
EXIT_TERMINATED = 143


class ExitHooks:
    """Installed once per process. end(exit_code, state) ends all runs that are open."""

    def __init__(self, end: Callable[[int, RunState], None]) -> None:
        self._end = end
        self._pid = os.getpid()
        self._exit_code = 0
        self._state: RunState = "finished"
        self._next_exit: Callable[..., NoReturn] = sys.exit
        self._next_excepthook = sys.excepthook

    def install(self) -> None:
        sys.exit = self._on_exit
        sys.excepthook = self._on_exception
        atexit.register(self._at_exit)
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        ):
            signal.signal(signal.SIGTERM, self._on_terminate)

    def _on_exit(self, code: Any = None, /) -> NoReturn:
        number = code if isinstance(code, int) else 0 if code is None else 1
        self._exit_code = int(number)
        self._state = "finished" if number == 0 else "failed"
        self._next_exit(code)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        is_interrupt = issubclass(kind, KeyboardInterrupt)
        self._exit_code = EXIT_INTERRUPTED if is_interrupt else 1
        self._state = "killed" if is_interrupt else "failed"
        self._next_excepthook(kind, error, trace)

    def _at_exit(self) -> None:
        self._end(self._exit_code, self._state)

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._pid:
            self._end(EXIT_TERMINATED, "killed")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
