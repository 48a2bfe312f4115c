"""From the snapshot of two joined tables to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.joined_table.record import JoinedTableRecord
from diorama.media.table.codec import encode as encode_table


def encode(snapshot: Snapshot, put_blob: PutBlob) -> JoinedTableRecord:
    """The record of two tables."""
    header = snapshot.header
    split = header["left_buffers"]
    left = encode_table(Snapshot("table", header["left"], snapshot.buffers[:split]), put_blob)
    right = encode_table(Snapshot("table", header["right"], snapshot.buffers[split:]), put_blob)
    return JoinedTableRecord(
        caption=header["caption"],
        sample_id=header["sample_id"],
        left=left,
        right=right,
        join_key=(header["join_key"][0], header["join_key"][1]),
    )


def warnings_of(record: JoinedTableRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of cells) of what cells could not keep as it was given."""
    return [*record.left.warnings, *record.right.warnings]
