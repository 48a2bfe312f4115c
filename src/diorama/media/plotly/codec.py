"""From the snapshot of a Plotly figure to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.document import JSON_MIME
from diorama.media.plotly.record import PlotlyRecord


def encode(snapshot: Snapshot, put_blob: PutBlob) -> PlotlyRecord:
    return PlotlyRecord(blob=put_blob(snapshot.buffers[0].source(), JSON_MIME), **snapshot.header)
