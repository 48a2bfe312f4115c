"""A table in parts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.user_file import read_file
from diorama.media.table.media import Table
from diorama.model import clean_text

SUFFIXES = (".table.json", ".parquet", ".csv")


class PartitionedTable(Media):
    """Tables with the same columns, seen as one.

    Accepts: `parts_path`, a list of `Table`s, or a folder with .table.json, .parquet or .csv files, which are
    its parts in the order of their names. `names`: of the parts, where tables are given. `caption`,
    `sample_id`: text.

    Raises: ValueError for parts whose columns differ, no parts at all, and files that can't be read;
    TypeError for anything else; FileNotFoundError.

    >>> parts = [Table(columns=["id"], data=[[number]]) for number in range(3)]
    >>> [row for _, row in PartitionedTable(parts).iterrows()]
    [[0], [1], [2]]
    """

    KIND = "partitioned_table"

    def __init__(
        self,
        parts_path: Any,
        *,
        names: list[str] | None = None,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if isinstance(parts_path, (str, os.PathLike)):
            found = _parts_in(Path(parts_path))
            self.parts = [table for _, table in found]
            names = [name for name, _ in found]
        elif isinstance(parts_path, (list, tuple)) and all(isinstance(part, Table) for part in parts_path):
            self.parts = list(parts_path)
        else:
            raise TypeError(f"parts must be a list of Tables or a folder, not {type(parts_path).__name__}")
        if not self.parts:
            raise ValueError("a partitioned table needs at least one part")
        columns = self.parts[0].columns
        for part in self.parts:
            if part.columns != columns:
                raise ValueError(f"Table parts have non-matching columns. {columns} != {part.columns}")
        if names is not None and len(names) != len(self.parts):
            raise ValueError(f"there are {len(self.parts)} parts but {len(names)} names")
        self.names = [clean_text(name) for name in names or []]
        self.parts_path = parts_path
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)

    @property
    def columns(self) -> list[str | int]:
        """The names of the columns."""
        return self.parts[0].columns

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """(number, row) of each row of all parts."""
        number = 0
        for part in self.parts:
            for _, row in part.iterrows():
                yield number, row
                number += 1

    def as_table(self) -> Table:
        """One table with the rows of all parts."""
        table = Table(columns=self.columns, allow_mixed_types=False)
        for _, row in self.iterrows():
            table.add_data(*row)
        return table

    def snapshot(self) -> Snapshot:
        snapshots = [part.snapshot() for part in self.parts]
        header = {
            "parts": [[snapshot.header, len(snapshot.buffers)] for snapshot in snapshots],
            "names": self.names,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, tuple(kept for snapshot in snapshots for kept in snapshot.buffers))

    def __repr__(self) -> str:
        return f"PartitionedTable({len(self.parts)} parts, {len(self)} rows)"


def table_from_path(path: str | os.PathLike[str]) -> Table:
    """The table in a .table.json, .parquet or .csv file. Raises FileNotFoundError, ValueError."""
    name = os.fspath(path)
    data = read_file(path, subject="the table")
    try:
        if name.endswith(".json"):
            return _table_from_json(data)
        return _table_from_arrow(data, is_csv=name.endswith(".csv"))
    except (TypeError, ValueError, KeyError, AssertionError, OSError) as error:
        raise ValueError(f"the table {name!r} can't be read: {error}") from error


def _parts_in(folder: Path) -> list[tuple[str, Table]]:
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {os.fspath(folder)!r}")
    if not folder.is_dir():
        raise ValueError(f"{os.fspath(folder)!r} is no folder of tables")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())
    if not paths:
        raise ValueError(f"{os.fspath(folder)!r} holds no {', '.join(SUFFIXES)} file")
    return [(path.name, table_from_path(path)) for path in paths]


def _table_from_json(data: bytes) -> Table:
    content = json.loads(data)
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise ValueError("it has no rows under 'data'")
    # Cells of media are only named in such a file; they come as the text or dict that stands there.
    return Table(columns=content.get("columns"), data=content["data"], allow_mixed_types=True)


def _table_from_arrow(data: bytes, *, is_csv: bool) -> Table:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    buffer = pa.BufferReader(data)
    found = pyarrow.csv.read_csv(buffer) if is_csv else pyarrow.parquet.read_table(buffer)
    table = Table(columns=list(found.column_names))
    for batch in found.to_batches(8192):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            table.add_data(*row)
    return table
