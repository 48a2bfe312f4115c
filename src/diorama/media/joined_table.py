"""Two tables, seen as one."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.media.table import TableRecord


class JoinedTableRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="joined_table"):
    """Two tables whose rows belong together where left[join_key[0]] equals right[join_key[1]]."""

    left: TableRecord
    right: TableRecord
    join_key: tuple[str, str]


class JoinedTable(Media):
    """To be written."""

    KIND = "joined_table"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> JoinedTableRecord:
    raise NotImplementedError


def decode(record: JoinedTableRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="joined_table", cls=JoinedTable, record=JoinedTableRecord, encode=encode, decode=decode)
