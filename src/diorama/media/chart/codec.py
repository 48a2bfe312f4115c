"""From the snapshot of a chart of a table to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.chart.record import ChartRecord
from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.document import JSON_MIME
from diorama.media.table.codec import encode as encode_table
from diorama.media.table.media import Table


def encode(snapshot: Snapshot, put_blob: PutBlob) -> ChartRecord:
    header = dict(snapshot.header)
    buffers = snapshot.buffers
    spec = None
    if header.pop("has_spec"):
        spec = put_blob(buffers[0].source(), JSON_MIME)
        buffers = buffers[1:]
    table = encode_table(Snapshot(Table.KIND, header.pop("table"), buffers), put_blob)
    return ChartRecord(table=table, spec=spec, **header)
