"""From the record of two joined tables back to what was logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diorama.media.core.base import GetBlob
from diorama.media.joined_table.record import JoinedTableRecord
from diorama.media.table.load import LoadedTable
from diorama.media.table.load import decode as decode_table


class LoadedJoinedTable:
    """Two tables read back: `left`, `right`, `join_key`, and their joined rows."""

    def __init__(self, left: LoadedTable, right: LoadedTable, join_key: tuple[str, str]) -> None:
        self.left = left
        self.right = right
        self.join_key = join_key

    def with_media(self, media_from: Any) -> LoadedJoinedTable:
        """The same tables, their media made by `media_from(record as a dict)`."""
        return LoadedJoinedTable(
            self.left.with_media(media_from), self.right.with_media(media_from), self.join_key
        )

    def iterrows(self) -> Iterator[tuple[list[Any] | None, list[Any] | None]]:
        """(left row, right row) where the keys are equal; None for a row that has no partner.

        The right table is held in memory.
        """
        left_place = self.left.columns.index(self.join_key[0])
        right_place = self.right.columns.index(self.join_key[1])
        partners: dict[Any, list[list[Any]]] = {}
        for _, row in self.right.iterrows():
            partners.setdefault(row[right_place], []).append(row)
        met: set[Any] = set()
        for _, row in self.left.iterrows():
            key = row[left_place]
            met.add(key)
            found = partners.get(key, []) if key is not None else []
            for partner in found:
                yield row, partner
            if not found:
                yield row, None
        for key, rows in partners.items():
            if key not in met or key is None:
                for partner in rows:
                    yield None, partner


def decode(record: JoinedTableRecord, get_blob: GetBlob) -> LoadedJoinedTable:
    """Both tables."""
    return LoadedJoinedTable(
        decode_table(record.left, get_blob), decode_table(record.right, get_blob), record.join_key
    )
