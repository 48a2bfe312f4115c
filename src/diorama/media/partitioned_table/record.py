"""What the store keeps of a table in parts."""

from __future__ import annotations

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.media.table.record import TableRecord


class PartitionedTableRecord(
    MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="partitioned_table"
):
    """Tables with the same columns, one after another. names: of the parts, such as their file names."""

    parts: list[TableRecord]
    names: list[str] = msgspec.field(default_factory=list)
