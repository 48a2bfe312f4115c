"""What the store keeps of a table."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.media.table.types import GrowingColumn
from diorama.model import BlobRef

LogMode = Literal["IMMUTABLE", "MUTABLE", "INCREMENTAL"]


class TableColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table.

    type: "none", "boolean", "integer", "number", "string", "bytes", "timestamp" (UTC), "date", "list",
    "dict", "array" (numbers, of the same shape in every row), "any" (JSON), or a media kind ("image" ...):
    its cells are records. is_nullable: whether cells may be None. shape: of an array. is_key: the primary
    key. dtype: of numbers and arrays, as numpy names it; "text" where numbers are kept as their digits,
    because no dtype holds them all, "decimal" of decimal numbers; of timestamps "datetime64[us]" or
    "datetime64[ns]", with ", UTC" if they were logged with a time zone. references: the column of another
    table that these values are keys of; "index" for row numbers.
    """

    name: str
    type: str
    is_nullable: bool = True
    shape: list[int] | None = None
    dtype: str | None = None
    is_key: bool = False
    references: str | None = None


class TableRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="table"):
    """Rows as Parquet. Media cells are the JSON of their records in a string column.

    media: a manifest blob (MANIFEST_MIME) that names every blob that cells name; None without any.
    log_mode: of the logging. first_row: the number of this part's first row in the whole table, and
    increment: which part it is (0, 1, ...), both of an INCREMENTAL table, whose parts of all steps up to one
    make the table of that step; a part 0 after others is of another process, and goes on below them.
    warnings: (code, text, how many) of what cells could not keep as it was given.
    """

    blob: BlobRef
    columns: list[TableColumn]
    row_count: int
    log_mode: LogMode = "IMMUTABLE"
    first_row: int = 0
    increment: int | None = None
    media: BlobRef | None = None
    warnings: list[tuple[str, str, int]] = msgspec.field(default_factory=list)


def columns_from(columns: list[GrowingColumn]) -> list[TableColumn]:
    """What the record says of columns. Names are text, and differ: the second "a" is "a (2)"."""
    specs: list[TableColumn] = []
    taken: set[str] = set()
    for column in columns:
        base = name = str(column.name)
        number = 2
        while name in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name)
        specs.append(_column_from(name, column))
    return specs


def _column_from(name: str, column: GrowingColumn) -> TableColumn:
    base, detail = (column.type, ()) if isinstance(column.type, str) else column.type
    shape: list[int] | None = None
    dtype: str | None = None
    if base == "none" and column.has_nan:
        base, dtype = "number", "float64"
    elif base == "number":
        base, dtype = _number_type(column)
    elif base == "timestamp":
        unit = "ns" if "datetime64[ns]" in column.dtypes else "us"
        dtype = f"datetime64[{unit}{', UTC' if column.has_aware else ''}]"
    elif base == "array":
        shape, dtype = list(detail), _array_dtype(column.dtypes)
    return TableColumn(
        name=name,
        type=base,
        is_nullable=column.is_optional,
        shape=shape,
        dtype=dtype,
        is_key=column.is_key,
        references=column.references,
    )


def _number_type(column: GrowingColumn) -> tuple[str, str]:
    floats = {name for name in column.dtypes if name.startswith("float")}
    integers = {name for name in column.dtypes if name.startswith(("int", "uint"))}
    if "decimal" in column.dtypes:
        return "number", "decimal"
    if not floats:
        is_unsigned = all(name.startswith("uint") for name in integers)
        if "integer" in integers or ("uint64" in integers and not is_unsigned):
            return "integer", "text"
        if len(integers) == 1:
            return "integer", next(iter(integers))
        return "integer", "uint64" if integers and is_unsigned else "int64"
    if not integers:
        return "number", max(floats, key=lambda name: int(name[5:]))
    return "number", "text" if column.is_wide or "integer" in integers else "float64"


def _array_dtype(dtypes: set[str]) -> str:
    if len(dtypes) == 1:
        return next(iter(dtypes))
    if not dtypes:
        return "float64"
    import numpy as np

    return str(np.result_type(*dtypes))


def plain_columns(specs: list[TableColumn]) -> list[dict[str, Any]]:
    """Columns as a snapshot's header carries them."""
    plain: list[dict[str, Any]] = msgspec.to_builtins(specs)
    return plain


def unified_column(columns: list[TableColumn]) -> TableColumn:
    """One column for those of all parts: a later part may have found floats where the first had integers."""
    types = {column.type for column in columns if column.type != "none"}
    if not types:
        return columns[0]
    first = next(column for column in columns if column.type != "none")
    if len(types) == 1:
        return first
    if types <= {"integer", "number"}:
        return next(column for column in columns if column.type == "number")
    if types <= {"timestamp", "date"}:
        return next(column for column in columns if column.type == "timestamp")
    return TableColumn(name=first.name, type="any")
