"""From the snapshot of a Bokeh document to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.bokeh.record import BokehRecord
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.document import JSON_MIME


def encode(snapshot: Snapshot, put_blob: PutBlob) -> BokehRecord:
    return BokehRecord(blob=put_blob(snapshot.buffers[0].source(), JSON_MIME), **snapshot.header)
