"""Where to ship: the one place that knows every kind of transport."""

from __future__ import annotations

from diorama.model import StoreDir
from diorama.sidecar.local import LocalTransport
from diorama.sidecar.transport import Transport


def transport_to(store_dir: StoreDir, url: str | None, api_key: str | None = None) -> Transport:
    """HTTP to the server at `url`, or without one straight into `store_dir`."""
    if not url:
        return LocalTransport(store_dir)
    from diorama.sidecar.remote import HttpTransport  # urllib3 costs a local run nothing

    return HttpTransport(url, api_key)
