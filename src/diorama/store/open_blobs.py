"""Which store of blobs an address means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from diorama.store.blobs import Blobs
from diorama.store.local_blobs import LocalBlobs
from diorama.store.remote_blobs import RemoteBlobs


def open_blobs(folder: Path, url: str | None = None, environ: Mapping[str, str] | None = None) -> Blobs:
    """The store of blobs at `url` (s3://, gs://, az://), else in `folder`."""
    if not url:
        return LocalBlobs(folder)
    if url.startswith("file://"):
        return LocalBlobs(Path(url.removeprefix("file://")))
    return RemoteBlobs(url, os.environ if environ is None else environ)
