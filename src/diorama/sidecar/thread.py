"""The sidecar as a thread of the training process (DIORAMA_SIDECAR=thread), where processes are forbidden.

It costs the training some time under the interpreter lock, and it dies with the process; what is not
stored by then waits in the journal for the next start.
"""

from __future__ import annotations

import threading
from pathlib import Path

from diorama.journal.lease import Lease
from diorama.model import StoreDir
from diorama.sidecar.destination import transport_to
from diorama.sidecar.leftovers import drain
from diorama.sidecar.serve import Sidecar
from diorama.sidecar.transport import Transport

SWEEP_DELAY_SECS = 1.0


class ThreadSidecar:
    """A sidecar thread. `stop` ships what is there; `is_alive` says whether it still serves."""

    def __init__(
        self, journal_root: Path, token: str, store_dir: StoreDir, transport: Transport, *, is_sweeping: bool
    ) -> None:
        self._journal_root = journal_root
        self._token = token
        self._store_dir = store_dir
        self._transport = transport
        self._is_sweeping = is_sweeping
        self._is_stopping = threading.Event()
        self._sidecar: Sidecar | None = None
        self._thread = threading.Thread(target=self._run, name="diorama-sidecar", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout_secs: float | None = None) -> bool:
        """Ship what is there and end. False if that took longer than `timeout_secs` and still goes on."""
        self._is_stopping.set()
        if self._sidecar is not None:
            self._sidecar.stop()
        self._thread.join(timeout_secs)
        return not self._thread.is_alive()

    def _run(self) -> None:
        sweep: threading.Thread | None = None
        try:
            lease = Lease.acquire_soon(self._journal_root, self._token)
            if lease is None:
                return  # somebody else serves this process
            self._sidecar = Sidecar(self._journal_root, self._token, self._transport, lease)
            if self._is_stopping.is_set():
                self._sidecar.stop()
            elif self._is_sweeping:
                sweep = threading.Thread(target=self._sweep, name="diorama-sweep", daemon=True)
                sweep.start()
            self._sidecar.run()
        finally:
            self._is_stopping.set()
            if sweep is not None:
                sweep.join()
            self._transport.close()

    def _sweep(self) -> None:
        if not self._is_stopping.wait(SWEEP_DELAY_SECS):
            drain(
                self._store_dir,
                journal_root=self._journal_root,
                transport=self._transport,
                only_dead=True,
                should_stop=self._is_stopping.is_set,
            )


def run_in_thread(
    journal_root: Path,
    token: str,
    store_dir: StoreDir,
    *,
    url: str | None = None,
    api_key: str | None = None,
    is_sweeping: bool = False,
) -> ThreadSidecar:
    """Serve `token` in a daemon thread of this process, unless a sidecar serves it already."""
    return ThreadSidecar(
        journal_root, token, store_dir, transport_to(store_dir, url, api_key), is_sweeping=is_sweeping
    )
