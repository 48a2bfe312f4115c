"""Columns of a table as Arrow arrays, both ways. For the sidecar and for readers, not for training.

Values that Arrow and Parquet lack are text: JSON for lists, dicts, mixed values and media; digits for numbers
that no dtype holds. Times are UTC without a zone; the column's dtype says whether they had one.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from diorama.media.core.base import Snapshot
from diorama.media.core.jsonable import number_from_word, to_json
from diorama.media.table.pack import RawColumn
from diorama.media.table.record import TableColumn
from diorama.media.table.types import ArrayCell

METADATA_KEY = b"diorama.table"
_PLAIN_TYPES = {"boolean": "bool", "string": "string", "bytes": "binary", "date": "date32"}
_INTEGER = re.compile(r"-?[0-9]+\Z")

MediaFrom = Callable[[dict[str, Any]], Any]


class _Metadata(msgspec.Struct):
    columns: list[TableColumn]


def arrow_type(column: TableColumn) -> Any:
    """How a column lies in Parquet."""
    import pyarrow as pa

    if column.type in _PLAIN_TYPES:
        return pa.type_for_alias(_PLAIN_TYPES[column.type])
    if column.type in ("integer", "number") and column.dtype not in ("text", "decimal"):
        return pa.type_for_alias(_stored_dtype(column))
    if column.type == "timestamp":
        return pa.timestamp("ns" if (column.dtype or "").startswith("datetime64[ns") else "us")
    if column.type == "array":
        return pa.list_(pa.type_for_alias(_stored_dtype(column)))
    return pa.string()


def _stored_dtype(column: TableColumn) -> str:
    # Readers of Parquet seldom know half floats; float32 holds them exactly.
    dtype = column.dtype or "float64"
    return "float32" if dtype == "float16" else dtype


def schema_of(columns: Sequence[TableColumn]) -> Any:
    """The Arrow schema of a table, its columns' types in the metadata."""
    import pyarrow as pa

    metadata = {METADATA_KEY: msgspec.json.encode(_Metadata(list(columns)))}
    fields = [pa.field(_stored_name(column.name), arrow_type(column)) for column in columns]
    return pa.schema(fields, metadata)


def _stored_name(name: str) -> str:
    # DuckDB gives these names to columns of its own.
    return f"{name}_" if name.lower() in ("filename", "file_row_number", "file_index") else name


def columns_of_schema(schema: Any) -> list[TableColumn]:
    """The columns of a Parquet file: as it says itself, or for one that Diorama has not written, by its
    Arrow types. Raises ValueError for metadata that don't fit the file."""
    written = (schema.metadata or {}).get(METADATA_KEY)
    if written is None:
        return [_column_of_field(field) for field in schema]
    try:
        columns = msgspec.json.decode(written, type=_Metadata).columns
        stored = [arrow_type(column) for column in columns]
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise ValueError(f"the table's columns can't be read: {error}") from error
    if [field.type for field in schema] != stored:
        raise ValueError("the table's columns are not as its metadata says")
    return columns


def _column_of_field(field: Any) -> TableColumn:
    import pyarrow.types as types

    name, kind = field.name, field.type
    if types.is_boolean(kind):
        return TableColumn(name=name, type="boolean")
    if types.is_integer(kind):
        return TableColumn(name=name, type="integer", dtype=str(kind))
    if types.is_float32(kind) or types.is_float64(kind):
        return TableColumn(name=name, type="number", dtype="float32" if types.is_float32(kind) else "float64")
    if types.is_date(kind):
        return TableColumn(name=name, type="date")
    if types.is_timestamp(kind):
        zone = ", UTC" if kind.tz is not None else ""
        return TableColumn(name=name, type="timestamp", dtype=f"datetime64[us{zone}]")
    if types.is_binary(kind) or types.is_large_binary(kind):
        return TableColumn(name=name, type="bytes")
    if types.is_decimal(kind):
        return TableColumn(name=name, type="number", dtype="decimal")
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        return TableColumn(name=name, type="string")
    return TableColumn(name=name, type="any")


# Into Arrow --------------------------------------------------------------------------------------------


def arrow_from_cells(
    column: TableColumn, values: RawColumn | list[Any], record_of: Callable[[Snapshot], dict[str, Any]]
) -> Any:
    """A column's cells as an Arrow array. record_of: the record of media, as a dict."""
    import pyarrow as pa

    target = arrow_type(column)
    if isinstance(values, RawColumn):
        if column.type in ("list", "dict", "any", "none") or column.dtype in ("text", "decimal"):
            values = _listed(values)
        else:
            return _arrow_from_raw(column, values, target)
    if column.type == "array":
        return _arrow_from_arrays(column, values, target)
    if column.type in ("integer", "number"):
        if column.dtype in ("text", "decimal"):
            digits = _decimal_text if column.dtype == "decimal" else _number_text
            return pa.array([None if value is None else digits(value) for value in values], target)
        return pa.array([_finite(value, column) for value in values], target, from_pandas=False)
    if column.type == "timestamp":
        return pa.array([_utc(value) for value in values], target)
    if column.type in _PLAIN_TYPES:
        if column.type == "string":
            values = [value if type(value) is str else None for value in values]
        elif column.type == "bytes" or column.type == "boolean":
            values = [None if isinstance(value, float) else value for value in values]
        return pa.array(values, target)
    if column.type == "none":
        return pa.nulls(len(values), target)
    texts: dict[int, str | None] = {}  # by the id of a media object, because it may come many times
    for value in values:
        if type(value) is Snapshot and id(value) not in texts:
            texts[id(value)] = _json_text(value, record_of)
    return pa.array(
        [texts[id(value)] if type(value) is Snapshot else _json_text(value, record_of) for value in values],
        target,
    )


def _finite(value: Any, column: TableColumn) -> Any:
    return int(value) if column.type == "integer" and isinstance(value, bool) else value


def _listed(raw: RawColumn) -> list[Any]:
    import numpy as np

    listed: list[Any] = np.frombuffer(raw.data, raw.dtype).reshape(-1, *raw.shape).tolist()
    if raw.validity is not None:
        return [value if there else None for value, there in zip(listed, raw.validity, strict=True)]
    return listed


def _arrow_from_raw(column: TableColumn, raw: RawColumn, target: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    numbers = np.frombuffer(raw.data, raw.dtype)
    if column.type == "array":
        flat = pa.array(numbers.astype(_stored_dtype(column), copy=False))
        size = int(np.prod(raw.shape))
        count = len(numbers) // size if size else 0
        offsets = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(size))
        return pa.ListArray.from_arrays(offsets, flat)
    if column.type == "string":
        return pa.nulls(len(numbers), target)  # NaN before the first text
    mask = None if raw.validity is None else np.frombuffer(raw.validity, np.uint8) == 0
    if column.type == "timestamp":
        return pa.array(numbers.astype(f"datetime64[{target.unit}]"), target, mask=mask)
    if column.type not in ("integer", "number", "boolean"):
        return pa.nulls(len(numbers), target)
    return pa.array(numbers.astype(_stored_dtype(column) if column.type != "boolean" else "bool"), mask=mask)


def _arrow_from_arrays(column: TableColumn, cells: list[Any], target: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    stored = _stored_dtype(column)
    flat = [cell.array().astype(stored).reshape(-1) for cell in cells if isinstance(cell, ArrayCell)]
    numbers = np.concatenate(flat) if flat else np.empty(0, stored)
    sizes = [int(np.prod(cell.shape)) if isinstance(cell, ArrayCell) else 0 for cell in cells]
    ends = np.cumsum([0, *sizes]).astype(np.int32)
    missing = np.array([not isinstance(cell, ArrayCell) for cell in cells], bool)
    return pa.ListArray.from_arrays(
        pa.array(ends), pa.array(numbers), mask=pa.array(missing) if missing.any() else None
    )


def _number_text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _decimal_text(value: Any) -> str:
    return str(value if isinstance(value, decimal.Decimal) else decimal.Decimal(value))


def _utc(value: Any) -> datetime.datetime | None:
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    return None


def _json_text(value: Any, record_of: Callable[[Snapshot], dict[str, Any]]) -> str | None:
    if value is None or (type(value) is float and value != value and record_of is None):
        return None
    return msgspec.json.encode(to_json(_plain(value, record_of))).decode()


def _plain(value: Any, record_of: Callable[[Snapshot], dict[str, Any]]) -> Any:
    if isinstance(value, Snapshot):
        return record_of(value)
    if type(value) is ArrayCell:
        return value.array().tolist()
    if type(value) is list:
        return [_plain(item, record_of) for item in value]
    if type(value) is dict:
        return {key: _plain(item, record_of) for key, item in value.items()}
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


# And back ----------------------------------------------------------------------------------------------


def cells_from_arrow(column: TableColumn, array: Any, media_from: MediaFrom) -> list[Any]:
    """A column's cells as Python values. media_from(record as a dict) makes what media become."""
    if column.type == "array":
        return _arrays_from_arrow(column, array)
    if column.type == "timestamp":
        import pyarrow as pa

        times = array.cast(pa.timestamp("us"), safe=False).to_pylist()
        if "UTC" in (column.dtype or ""):
            return [None if time is None else time.replace(tzinfo=datetime.timezone.utc) for time in times]
        return list(times)
    cells: list[Any] = array.to_pylist()
    if column.type in ("integer", "number"):
        if column.dtype == "decimal":
            return [None if cell is None else decimal.Decimal(cell) for cell in cells]
        if column.dtype == "text":
            return [None if cell is None else number_from_text(cell) for cell in cells]
        return cells
    if column.type in _PLAIN_TYPES or column.type == "none":
        return cells
    return [_from_json(cell, media_from) if type(cell) is str else cell for cell in cells]


def _from_json(text: str, media_from: MediaFrom) -> Any:
    try:
        return value_from_json(msgspec.json.decode(text), media_from)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text  # of a file that somebody else has made


def number_from_text(text: str) -> int | float:
    """Undo `_number_text`.

    >>> number_from_text("9007199254740993"), number_from_text("-0.0")
    (9007199254740993, -0.0)
    """
    return int(text) if _INTEGER.match(text) else float(text)


def value_from_json(value: Any, media_from: MediaFrom) -> Any:
    """A nested value from its JSON, media records in it by `media_from`."""
    if type(value) is dict:
        if len(value) == 1 and type(text := value.get("_number")) is str:
            return number_from_word(text)
        if type(value.get("kind")) is str:
            return media_from(value)
        return {name: value_from_json(item, media_from) for name, item in value.items()}
    if type(value) is list:
        return [value_from_json(item, media_from) for item in value]
    return value


def _arrays_from_arrow(column: TableColumn, array: Any) -> list[Any]:
    shape = column.shape or [-1]
    dtype = column.dtype or "float64"
    return [
        None if not cell.is_valid else cell.values.to_numpy(zero_copy_only=False).astype(dtype).reshape(shape)
        for cell in array
    ]
