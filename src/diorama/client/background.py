"""One daemon thread of the process that does for open runs what may wait a quarter of a second."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

TICK_SECS = 0.25

_tasks: list[Callable[[], None]] = []
_thread: threading.Thread | None = None
_thread_pid = 0
_wake = threading.Event()


def add_task(task: Callable[[], None]) -> None:
    """Call `task` every quarter of a second. If it raises, that is told as for a thread, and others go on."""
    global _thread, _thread_pid
    _tasks.append(task)
    if _thread is None or _thread_pid != os.getpid():
        _wake.clear()
        _thread = threading.Thread(target=_run, name="diorama-background", daemon=True)
        _thread_pid = os.getpid()
        try:
            _thread.start()
        except RuntimeError:  # no more threads: console lines then wait for finish()
            _thread = None


def remove_task(task: Callable[[], None]) -> None:
    """Undo `add_task`. The thread ends when it has nothing left to do."""
    if task in _tasks:
        _tasks.remove(task)
    if not _tasks:
        _wake.set()


def _run() -> None:
    global _thread
    while not (_wake.wait(TICK_SECS) and not _tasks):
        _wake.clear()
        for task in list(_tasks):
            try:
                task()
            except Exception as error:  # noqa: BLE001 a fault in the task of one run must not end the thread of all
                told = (type(error), error, error.__traceback__, threading.current_thread())
                threading.excepthook(threading.ExceptHookArgs(told))
    if _thread is threading.current_thread():
        _thread = None


def _forget() -> None:
    """In a forked child there is no such thread."""
    global _thread, _wake
    _thread = None
    _tasks.clear()
    _wake = threading.Event()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
