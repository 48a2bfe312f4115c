"""The sidecar as a thread of the training process (DIORAMA_SIDECAR=thread), where processes are forbidden.

It costs the training some time under the interpreter lock, and it dies with the process; what is not
stored by then waits in the journal for the next start.
"""

from __future__ import annotations

import threading
from pathlib import Path

from diorama.model import StoreDir
from diorama.sidecar.lease import Lease
from diorama.sidecar.leftovers import drain
from diorama.sidecar.serve import Sidecar
from diorama.sidecar.ship import Transport, transport_to


class ThreadSidecar:
    """A running sidecar thread. `stop` ships what is there; `is_alive` says whether it still serves."""

    def __init__(
        self, sidecar: Sidecar, transport: Transport, store_dir: StoreDir, *, is_sweeping: bool
    ) -> None:
        self._sidecar = sidecar
        self._transport = transport
        self._store_dir = store_dir
        self._is_sweeping = is_sweeping
        self._thread = threading.Thread(target=self._run, name="diorama-sidecar", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout_secs: float | None = None) -> bool:
        """Ship what is there and end. False if that took longer than `timeout_secs` and still goes on."""
        self._sidecar.stop()
        self._thread.join(timeout_secs)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            if self._is_sweeping:
                drain(
                    self._store_dir,
                    journal_root=self._sidecar.journal_root,
                    transport=self._transport,
                    only_dead=True,
                )
            self._sidecar.run()
        finally:
            self._transport.close()


def run_in_thread(
    journal_root: Path,
    token: str,
    store_dir: StoreDir,
    *,
    url: str | None = None,
    api_key: str | None = None,
    is_sweeping: bool = False,
) -> ThreadSidecar | None:
    """Serve `token` in a daemon thread; None if a sidecar serves it already."""
    lease = Lease.acquire(journal_root, token)
    if lease is None:
        return None
    transport = transport_to(store_dir, url, api_key)
    sidecar = Sidecar(journal_root, token, transport, lease)
    return ThreadSidecar(sidecar, transport, store_dir, is_sweeping=is_sweeping)
