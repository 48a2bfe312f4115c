"""Tables read back."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from diorama.errors import Corrupt, UsageError
from diorama.media.core.base import GetBlob
from diorama.media.core.registry import KINDS_BY_NAME
from diorama.media.table.arrow import cells_from_arrow, columns_of_schema
from diorama.media.table.record import TableColumn, TableRecord, unified_column

BATCH_ROWS = 4096


class LoadedTable:
    """A table as it was logged.

    columns: the names. column_types: what each column holds. len(): the number of rows. Rows are read when
    they are asked for. Media in cells are decoded, or by `diorama.Api` given as LoadedMedia.

    Raises Corrupt for bytes that are no table.
    """

    def __init__(
        self,
        parts: list[TableRecord],
        get_blob: GetBlob,
        media_from: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self._parts = parts
        self._get_blob = get_blob
        self._media_from = media_from or self._decoded
        self.column_types: list[TableColumn] = [
            unified_column(list(columns)) for columns in zip(*(part.columns for part in parts), strict=True)
        ]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.column_types]

    def __len__(self) -> int:
        return sum(part.row_count for part in self._parts)

    def with_media(self, media_from: Callable[[dict[str, Any]], Any]) -> LoadedTable:
        """The same table, its media made by `media_from(record as a dict)`."""
        return LoadedTable(self._parts, self._get_blob, media_from)

    def rows(self) -> list[list[Any]]:
        """All rows, each a list of cells."""
        return [row for _, row in self.iterrows()]

    @property
    def data(self) -> list[list[Any]]:
        """All rows, each a list of cells."""
        return self.rows()

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """(number, row) of each row, some thousand in memory at a time."""
        number = 0
        for columns, batch in self._batches():
            cells = [
                cells_from_arrow(column, array, self._media_from)
                for column, array in zip(columns, batch.columns, strict=True)
            ]
            for row in zip(*cells, strict=True):
                yield number, list(row)
                number += 1

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """The values of a column as a list, or with convert_to="numpy" as an array."""
        if name not in self.columns:
            raise UsageError(f"there is no column {name!r}", hint=f"the columns are {self.columns}")
        index = self.columns.index(name)
        values = [
            value
            for columns, batch in self._batches()
            for value in cells_from_arrow(columns[index], batch.columns[index], self._media_from)
        ]
        if convert_to is None:
            return values
        import numpy as np

        dtype = self.column_types[index].dtype
        is_plain = self.column_types[index].type in ("integer", "number") and dtype not in ("text", "decimal")
        has_missing = any(value is None for value in values)
        return np.array(values, dtype if is_plain and not has_missing else None)

    def get_dataframe(self, library: str = "pandas") -> Any:
        """The table as a DataFrame of "pandas" or "polars"; numbers keep their dtypes.

        Raises UsageError if that library is not installed.
        """
        if library not in ("pandas", "polars"):
            raise UsageError(f"a data frame of {library!r} can't be made", hint='"pandas" or "polars"')
        try:
            frames = importlib.import_module(library)
        except ImportError as error:
            raise UsageError(f"{library} is not installed", hint=f"pip install {library}") from error
        cells: list[list[Any]] = [[] for _ in self.column_types]
        for columns, batch in self._batches():
            for column, array, values in zip(columns, batch.columns, cells, strict=True):
                values += cells_from_arrow(column, array, self._media_from)
        make = _pandas_series if library == "pandas" else _polars_series
        return frames.DataFrame(
            {
                column.name: make(frames, column, values)
                for column, values in zip(self.column_types, cells, strict=True)
            }
        )

    def __repr__(self) -> str:
        return f"<table of {len(self)} rows: {', '.join(self.columns)}>"

    def _batches(self) -> Iterator[tuple[list[TableColumn], Any]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        for part in self._parts:
            try:
                file = pq.ParquetFile(
                    pa.BufferReader(self._get_blob(part.blob)), page_checksum_verification=True
                )
                columns = columns_of_schema(file.schema_arrow)
                for batch in file.iter_batches(BATCH_ROWS):
                    yield columns, batch
            except (pa.ArrowException, ValueError, OSError) as error:
                raise Corrupt(f"blob {part.blob.sha256} is no table: {error}") from error

    def _decoded(self, record: dict[str, Any]) -> Any:
        kind = KINDS_BY_NAME.get(str(record["kind"]))
        if kind is None:
            return record
        import msgspec

        return kind.decode(msgspec.convert(record, kind.record, strict=False), self._get_blob)


def decode(record: TableRecord, get_blob: GetBlob) -> LoadedTable:
    """The table of a record; of an INCREMENTAL one, this part of it."""
    return LoadedTable([record], get_blob)


def _pandas_series(pandas: Any, column: TableColumn, values: list[Any]) -> Any:
    has_missing = any(value is None for value in values)
    if column.type in ("integer", "number") and column.dtype not in ("text", "decimal"):
        dtype = str(column.dtype)
        if not has_missing:
            return pandas.Series(values, dtype=dtype)
        return pandas.Series(
            values, dtype=dtype.replace("i", "I", 1).replace("u", "U", 1).replace("f", "F", 1)
        )
    if column.type == "boolean":
        return pandas.Series(values, dtype="boolean" if has_missing else "bool")
    if column.type == "string":
        return pandas.Series(values, dtype="str" if not has_missing else object)
    if column.type == "timestamp":
        return pandas.Series(pandas.to_datetime(values))
    return pandas.Series(values, dtype=object)


def _polars_series(polars: Any, column: TableColumn, values: list[Any]) -> Any:
    if column.type in ("integer", "number") and column.dtype not in ("text", "decimal"):
        name = str(column.dtype).replace("uint", "UInt").replace("int", "Int").replace("float", "Float")
        dtype = getattr(polars, name, polars.Float64)
        return polars.Series(column.name, values, dtype=dtype)
    if column.type in ("boolean", "string", "timestamp", "date", "bytes", "none"):
        return polars.Series(column.name, values)
    return polars.Series(column.name, values, dtype=polars.Object)
