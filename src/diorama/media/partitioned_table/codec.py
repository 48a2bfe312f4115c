"""From the snapshot of a table in parts to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.partitioned_table.record import PartitionedTableRecord
from diorama.media.table.codec import encode as encode_table
from diorama.media.table.record import TableRecord


def encode(snapshot: Snapshot, put_blob: PutBlob) -> PartitionedTableRecord:
    """The record of all parts."""
    header = snapshot.header
    parts: list[TableRecord] = []
    first = 0
    for part_header, count in header["parts"]:
        part = Snapshot("table", part_header, snapshot.buffers[first : first + count])
        parts.append(encode_table(part, put_blob))
        first += count
    return PartitionedTableRecord(
        caption=header["caption"], sample_id=header["sample_id"], parts=parts, names=header["names"]
    )


def warnings_of(record: PartitionedTableRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of cells) of what cells could not keep as it was given."""
    return [warning for part in record.parts for warning in part.warnings]
