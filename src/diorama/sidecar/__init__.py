"""The process beside a training process: it encodes and stores what `log()` has written.

    python -m diorama.sidecar --journal-root DIR --token TOKEN --store DIR [--url URL]

serves the journals of one training process (`serve.py`); `run_in_thread` does the same inside it, where
processes are forbidden; `drain` brings in what earlier processes have left.
"""

from __future__ import annotations

from diorama.sidecar.leftovers import DrainReport, drain, wait_until_stored
from diorama.sidecar.thread import ThreadSidecar, run_in_thread

__all__ = ["DrainReport", "ThreadSidecar", "drain", "run_in_thread", "wait_until_stored"]
