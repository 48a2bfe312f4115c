"""Doing several things at once that wait for a disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from diorama.errors import is_interruption

THREADS = 16
"""Syncs that run at once are merged by the journal of the file system."""


def all_at_once(
    jobs: Sequence[Callable[[], object]], *, mine: Callable[[], object] | None = None
) -> list[OSError]:
    """Do all `jobs`, side by side as far as threads can be started; returns the faults of the disk. None is
    left out because another one failed. Raises whatever else a job raises, after all of them are done.

    `jobs` may take no lock: the caller may be a signal's handler that has interrupted whoever holds it. What
    needs one is `mine`, which the calling thread does itself meanwhile.

    >>> all_at_once([lambda: None, lambda: None])
    []
    """
    queue = deque(jobs)
    failures: list[BaseException] = []

    def work() -> None:
        while queue:
            try:
                job = queue.popleft()
            except IndexError:
                return  # another thread has the last one
            attempt(job)

    def attempt(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 the caller raises it; a thread would only print it
            failures.append(error)

    threads = _started(min(len(jobs) - (mine is None), THREADS - 1), work)
    if mine is not None:
        attempt(mine)
    work()
    for thread in threads:
        thread.join()
    faults: list[OSError] = []
    for error in failures:
        if not isinstance(error, OSError) or is_interruption(error):
            raise error
        faults.append(error)
    return faults


def _started(count: int, work: Callable[[], None]) -> list[threading.Thread]:
    """As many threads as can be started: there may be no more, or the interpreter is going down."""
    started: list[threading.Thread] = []
    for _ in range(count):
        thread = threading.Thread(target=work, name="diorama-sync", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if is_interruption(error):
                raise
            break
        started.append(thread)
    return started
