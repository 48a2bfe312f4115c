"""From the snapshot of a file to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.file.record import FileRecord


def encode(snapshot: Snapshot, put_blob: PutBlob) -> FileRecord:
    header = snapshot.header
    blob = put_blob(snapshot.buffers[0].source(), header["mime"])
    return FileRecord(blob=blob, name=header["name"], caption=header["caption"])
