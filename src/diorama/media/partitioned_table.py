"""A table in parts."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.media.table import TableRecord


class PartitionedTableRecord(
    MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="partitioned_table"
):
    """Tables with the same columns, one after another. names: of the parts, such as their file names."""

    parts: list[TableRecord]
    names: list[str] = []


class PartitionedTable(Media):
    """To be written."""

    KIND = "partitioned_table"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> PartitionedTableRecord:
    raise NotImplementedError


def decode(record: PartitionedTableRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(
    name="partitioned_table",
    cls=PartitionedTable,
    record=PartitionedTableRecord,
    encode=encode,
    decode=decode,
)
