"""From the snapshot of a Vega chart to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.document import JSON_MIME
from diorama.media.vega.record import VegaRecord


def encode(snapshot: Snapshot, put_blob: PutBlob) -> VegaRecord:
    return VegaRecord(blob=put_blob(snapshot.buffers[0].source(), JSON_MIME), **snapshot.header)


def warnings_of(record: VegaRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of addresses) of data that is not inside."""
    if not record.outside:
        return []
    text = (
        "a Vega chart loads data from an address, which is never loaded: put the data into the specification"
    )
    return [("vega.outside", text, len(record.outside))]
