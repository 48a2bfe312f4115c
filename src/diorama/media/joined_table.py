"""Two tables, seen as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot, clean_text
from diorama.media.partitioned_table import PartitionedTable, table_from_path
from diorama.media.table import LoadedTable, Table, TableRecord
from diorama.media.table import decode as decode_table
from diorama.media.table import encode as encode_table


class JoinedTableRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="joined_table"):
    """Two tables whose rows belong together where left[join_key[0]] equals right[join_key[1]]."""

    left: TableRecord
    right: TableRecord
    join_key: tuple[str, str]


class JoinedTable(Media):
    """Two tables whose rows belong together where a column of each has the same value.

    Accepts: `table1` and `table2`: each a `Table`, a `PartitionedTable`, or the path of a .table.json (also
    .csv or .parquet) file; `join_key`: the name of a column that both have, or a list of two. `caption`,
    `sample_id`: text. The tables are stored with it; nothing else has to be logged before.

    Raises: ValueError for other tables, a key that is neither, and columns that are not there;
    FileNotFoundError.

    >>> truth = Table(columns=["id", "label"], data=[["a", "cat"], ["b", "dog"]])
    >>> guess = Table(columns=["id", "label"], data=[["a", "cat"], ["b", "cat"]])
    >>> JoinedTable(truth, guess, "id").join_key
    ('id', 'id')
    """

    KIND = "joined_table"

    def __init__(
        self,
        table1: Any,
        table2: Any,
        join_key: str | list[str],
        *,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if isinstance(join_key, str):
            join_key = [join_key, join_key]
        if (
            not isinstance(join_key, (list, tuple))
            or len(join_key) != 2
            or not all(isinstance(key, str) for key in join_key)
        ):
            raise ValueError("JoinedTable join_key should be a string or a list of two strings")
        self.left = _table_from(table1, "table1")
        self.right = _table_from(table2, "table2")
        self.join_key: tuple[str, str] = (clean_text(join_key[0]), clean_text(join_key[1]))
        for table, key, name in zip(
            (self.left, self.right), self.join_key, ("table1", "table2"), strict=True
        ):
            names = [str(column) for column in table.columns]
            if key not in names:
                raise ValueError(f"{name} has no column {key!r} to join on; it has {names}")
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)

    def snapshot(self) -> Snapshot:
        left, right = self.left.snapshot(), self.right.snapshot()
        header = {
            "left": left.header,
            "right": right.header,
            "left_buffers": len(left.buffers),
            "join_key": list(self.join_key),
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, left.buffers + right.buffers)

    def __repr__(self) -> str:
        return f"JoinedTable({self.left!r}, {self.right!r}, {list(self.join_key)})"


def _table_from(table: Any, name: str) -> Table:
    if isinstance(table, Table):
        return table
    if isinstance(table, PartitionedTable):
        return table.as_table()
    if isinstance(table, str) and table.endswith((".table.json", ".csv", ".parquet")):
        return table_from_path(table)
    raise ValueError(
        f"JoinedTable {name} should be a Table, a PartitionedTable or the path of a .table.json file, "
        f"not {type(table).__name__}"
    )


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


def decode(record: JoinedTableRecord, get_blob: GetBlob) -> LoadedJoinedTable:
    """Both tables."""
    return LoadedJoinedTable(
        decode_table(record.left, get_blob), decode_table(record.right, get_blob), record.join_key
    )


def warnings_of(record: JoinedTableRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of cells) of what cells could not keep as it was given."""
    return [*record.left.warnings, *record.right.warnings]


KIND = Kind(
    name="joined_table",
    cls=JoinedTable,
    record=JoinedTableRecord,
    encode=encode,
    decode=decode,
    warnings=warnings_of,
)
