"""Two tables, seen as one."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.partitioned_table.media import PartitionedTable, table_from_path
from diorama.media.table.media import Table
from diorama.model import clean_text


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
