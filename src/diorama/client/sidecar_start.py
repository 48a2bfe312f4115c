"""Starts the sidecar that stores what this process journals, and starts it again if it dies.

One sidecar serves all runs of a process that go to the same place. It is started without waiting for it
and in a session of its own, so that Ctrl-C does not reach it; it outlives this process and drains what
is left. If none can be started, entries stay in the journal until the next start or `diorama sync`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diorama.client.channel import process_token
from diorama.client.settings import Settings
from diorama.interpreter import command_for, python_path_from

STARTS_LIMIT = 5
STARTS_WITHIN_SECS = 600.0
"""A sidecar that was started so often within so long is given up, until the first of those starts is so
long ago, or the run ends."""
CHECK_EVERY_SECS = 1.0
THREAD_STOP_SECS = 5.0


class SidecarHandle:
    """The sidecar of one (journal root, store, URL). `is_needed` says whether runs are open."""

    def __init__(self, settings: Settings, tell: Callable[[str, str], None]) -> None:
        self._kind: str = settings.sidecar
        self._store_dir = settings.store_dir
        self._journal_root = settings.journal_root
        self._url: str | None = settings.url
        self._api_key: str | None = settings.api_key
        self._interval_secs: float | None = settings.stats_interval_secs
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._former: subprocess.Popen[bytes] | None = None
        self._thread: Any = None
        self._started_at: deque[float] = deque(maxlen=STARTS_LIMIT)
        self._is_given_up = False
        self._check_at = 0.0
        self._lock = threading.RLock()  # a signal's handler may end a run while another one starts
        self._pid = os.getpid()

    @property
    def is_thread(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        """Start it unless it runs. Failing is told, not raised: the journal keeps everything."""
        with self._lock:
            if self._kind == "none" or self.is_alive():
                return
            self._started_at.append(time.monotonic())
            try:
                if self._kind == "thread" or not sys.executable:
                    self._start_thread()
                else:
                    self._start_process()
            except (OSError, ImportError, RuntimeError) as error:
                self._tell(
                    "sidecar",
                    f"the sidecar can't be started ({error}); everything stays in {self._journal_root} "
                    "until `diorama sync`",
                )

    def use_key(self, key: str | None) -> None:
        """Use another API key from now on. A running sidecar is replaced by one that has the new key."""
        if key == self._api_key:
            return
        self._api_key = key
        self.stop_thread(0.0)
        self._thread = None
        if self._process is not None:
            # It stores what it can and ends. The next sidecar waits until it has let go of its lease.
            self._process.terminate()
            self._former, self._process = self._process, None

    def is_alive(self) -> bool:
        """Whether somebody stores entries now."""
        if self._thread is not None:
            return bool(self._thread.is_alive())
        return self._process is not None and self._process.poll() is None

    def tend(self) -> None:
        """Look after it, at most once a second, while runs are open."""
        now = time.monotonic()
        if now < self._check_at or self._kind == "none" or os.getpid() != self._pid:
            return
        self._check_at = now + CHECK_EVERY_SECS
        if self.is_alive():
            return
        code = None if self._process is None else self._process.returncode
        if code == 0:  # it had nothing to do for a while, or another one took over
            self._started_at.clear()
            self._check_at = now + 5 * CHECK_EVERY_SECS
        if len(self._started_at) == STARTS_LIMIT and now - self._started_at[0] < STARTS_WITHIN_SECS:
            if not self._is_given_up:
                self._is_given_up = True
                self._tell(
                    "sidecar",
                    f"the sidecar died {STARTS_LIMIT} times (see {self.log_path}); it is tried again later, "
                    f"and everything stays in {self._journal_root} until then or until `diorama sync`",
                )
            return
        self._is_given_up = False
        self.start()

    def stop_thread(self, timeout_secs: float) -> None:
        """A thread dies with this process: let it store what is there."""
        if self._thread is not None:
            self._thread.stop(timeout_secs)

    def let_go(self) -> None:
        """This process ends; the sidecar goes on, a thread can't."""
        self.stop_thread(THREAD_STOP_SECS)
        for process in (self._process, self._former):
            if process is not None and process.returncode is None:
                # Popen's destructor warns of a child that still runs. This child is meant to go on running.
                process.returncode = 0

    @property
    def log_path(self) -> Path:
        return self._journal_root / f"{process_token()}.sidecar.log"

    def _start_process(self) -> None:
        journal_root = self._journal_root
        os.makedirs(journal_root, mode=0o700, exist_ok=True)
        command = command_for("diorama.sidecar", "--journal-root", str(journal_root))
        command += ["--token", process_token(), "--store", str(self._store_dir.root), "--sweep"]
        if self._url:
            command += ["--url", self._url]
        more: dict[str, Any] = {}
        if sys.platform == "win32":
            more["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        else:
            more["start_new_session"] = True
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                command,
                # Not the user's folder: a random.py in it would be imported instead of Python's own.
                cwd=journal_root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                close_fds=True,
                **more,
            )

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        environment |= python_path_from(os.environ)
        if self._api_key:
            environment["DIORAMA_API_KEY"] = self._api_key
        if self._interval_secs is not None:
            environment["DIORAMA_STATS_INTERVAL_SECS"] = str(self._interval_secs)
        return environment

    def _start_thread(self) -> None:
        # By name: the client must not depend on the sidecar, which stands above it; it only starts it.
        sidecar = importlib.import_module("diorama.sidecar")
        self._thread = sidecar.run_in_thread(
            self._journal_root,
            process_token(),
            self._store_dir,
            url=self._url,
            api_key=self._api_key,
            is_sweeping=True,
        )


_handles: dict[tuple[str, str | None], SidecarHandle] = {}


def sidecar_for(settings: Settings, tell: Callable[[str, str], None]) -> SidecarHandle:
    """The handle for where `settings` send a run to; its sidecar is started."""
    where = (str(settings.store_dir.root), settings.url)
    handle = _handles.get(where)
    if handle is None or handle._pid != os.getpid():
        handle = _handles[where] = SidecarHandle(settings, tell)
    handle.use_key(settings.api_key)
    handle.start()
    return handle


def let_all_go() -> None:
    """At the end of the process."""
    for handle in _handles.values():
        with contextlib.suppress(AttributeError):
            handle.let_go()
