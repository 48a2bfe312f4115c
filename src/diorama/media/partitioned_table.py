"""A table in parts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot, clean_text
from diorama.media.table import LoadedTable, Table, TableRecord
from diorama.media.table import encode as encode_table
from diorama.media.user_file import read_file

SUFFIXES = (".table.json", ".parquet", ".csv")


class PartitionedTableRecord(
    MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="partitioned_table"
):
    """Tables with the same columns, one after another. names: of the parts, such as their file names."""

    parts: list[TableRecord]
    names: list[str] = msgspec.field(default_factory=list)


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


def decode(record: PartitionedTableRecord, get_blob: GetBlob) -> LoadedPartitionedTable:
    """The rows of all parts."""
    return LoadedPartitionedTable(record, get_blob)


def warnings_of(record: PartitionedTableRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of cells) of what cells could not keep as it was given."""
    return [warning for part in record.parts for warning in part.warnings]


KIND = Kind(
    name="partitioned_table",
    cls=PartitionedTable,
    record=PartitionedTableRecord,
    encode=encode,
    decode=decode,
    warnings=warnings_of,
)
