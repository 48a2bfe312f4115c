"""From the record of a table in parts back to what was logged."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import GetBlob
from diorama.media.partitioned_table.record import PartitionedTableRecord
from diorama.media.table.load import LoadedTable


class LoadedPartitionedTable(LoadedTable):
    """The rows of all parts, one after another. names: of the parts. parts: one table each."""

    def __init__(self, record: PartitionedTableRecord, get_blob: GetBlob, media_from: Any = None) -> None:
        super().__init__(record.parts, get_blob, media_from)
        self._record = record
        self.names = record.names

    @property
    def parts(self) -> list[LoadedTable]:
        """The parts, each as a table."""
        return [LoadedTable([part], self._get_blob, self._media_from) for part in self._record.parts]

    def with_media(self, media_from: Any) -> LoadedPartitionedTable:
        return LoadedPartitionedTable(self._record, self._get_blob, media_from)


def decode(record: PartitionedTableRecord, get_blob: GetBlob) -> LoadedPartitionedTable:
    """The rows of all parts."""
    return LoadedPartitionedTable(record, get_blob)
