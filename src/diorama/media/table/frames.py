"""Data frames and arrays as the columns of a table, exact, without importing pandas or polars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from diorama.media.core.foreign import widen
from diorama.media.table.pack import PACK_BYTES, RawColumn, note_wide
from diorama.media.table.types import GrowingColumn

FRAME_BLOCK_ROWS = 65_536


def is_frame(value: Any) -> bool:
    """Whether `value` is a DataFrame of pandas or polars."""
    return any(
        base.__name__ == "DataFrame" and base.__module__.partition(".")[0] in ("pandas", "polars")
        for base in type(value).__mro__
    )


def frame_columns(frame: Any) -> list[Any]:
    """The names of a data frame's columns."""
    return list(frame.columns)


def blocks_of_frame(frame: Any, columns: Sequence[GrowingColumn]) -> Iterator[tuple[int, list[Any]]]:
    """A data frame as blocks of (row count, columns); numbers as raw copies."""
    is_polars = _package(frame) == "polars"
    row_count = len(frame)
    series = frame.get_columns() if is_polars else [frame.iloc[:, index] for index in range(frame.shape[1])]
    rows_at_once = _rows_at_once(8 * len(series))
    for first in range(0, row_count, rows_at_once):
        count = min(rows_at_once, row_count - first)
        block: list[Any] = []
        for column, values in zip(columns, series, strict=True):
            some = values.slice(first, count) if is_polars else values.iloc[first : first + count]
            block.append(_from_polars(some, column) if is_polars else _from_pandas(some, column))
        yield count, block


def blocks_of_array(array: Any, columns: Sequence[GrowingColumn]) -> Iterator[tuple[int, list[Any]]]:
    """A numpy array of rows as blocks. Raises ValueError if the rows don't fit the columns."""
    if array.ndim < 2 or array.shape[1] != len(columns):
        found = array.shape[1] if array.ndim > 1 else "single values"
        raise ValueError(
            f"This table expects {len(columns)} columns: {[column.name for column in columns]}, found {found}"
        )
    row_bytes = int(array.nbytes // max(len(array), 1))
    rows_at_once = _rows_at_once(row_bytes)
    for first in range(0, len(array), rows_at_once):
        part = array[first : first + rows_at_once]
        yield len(part), [_cells(part[:, index], column) for index, column in enumerate(columns)]


def _rows_at_once(row_bytes: int) -> int:
    return max(1, min(FRAME_BLOCK_ROWS, PACK_BYTES // max(row_bytes, 1)))


def _package(value: Any) -> str:
    return str(type(value).__module__).partition(".")[0]


def _cells(array: Any, column: GrowingColumn, missing: Any = None) -> Any:
    """Numbers and times of a numpy array as a raw column, if the column takes them as they are."""
    if array.dtype.kind == "V":
        array = widen(array)
    if array.dtype.kind == "m":
        array = (array / array.dtype.type(1, "s")).astype("float64")
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize > 8:
        array = array.astype("float64")
    type_ = {"b": "boolean", "i": "number", "u": "number", "f": "number", "M": "timestamp"}.get(kind)
    is_array = array.ndim > 1
    wanted = ("array", tuple(int(side) for side in array.shape[1:])) if is_array else type_
    if type_ is None or column.check is not None or (is_array and (kind == "M" or not array.size)):
        return _listed(array)
    if column.type not in ("none", wanted) or not column.is_optional or column.has_nan:
        return _listed(array)
    if kind == "M":
        array = _in_known_units(array)
    if column.type == "none":
        # By one of the values, so that the column sets its `ok` as it does for cells.
        column.accept(array[0] if kind != "M" else array[:1].astype("datetime64[us]").tolist()[0], 0)
        if column.type == "none" and kind != "M":  # the first one is NaN
            column.declare(float, is_optional=True)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    note_wide(column, array)
    data = array.tobytes()
    shape = [int(side) for side in array.shape[1:]]
    return RawColumn(data, array.dtype.str, shape, missing)


def _listed(array: Any) -> list[Any]:
    if array.ndim > 1:
        return list(array)
    if array.dtype.kind == "M":
        listed: list[Any] = array.astype("datetime64[us]").tolist()
        return listed
    return list(array.tolist())


def _in_known_units(array: Any) -> Any:
    unit = array.dtype.str.partition("[")[2].rstrip("]")
    return array if unit in ("ns", "us") else array.astype("datetime64[us]")


def _from_pandas(series: Any, column: GrowingColumn) -> Any:
    dtype = series.dtype
    name = str(dtype)
    if _package(dtype) == "numpy":
        if dtype.kind in "buifmM":
            return _cells(series.to_numpy(), column)
        return series.tolist()
    if name.startswith("datetime64[") and hasattr(dtype, "tz"):
        cells = _cells(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), column)
        column.has_aware = True
        return cells
    is_masked = name in _MASKED
    missing = series.isna().to_numpy()
    if is_masked:
        target = _MASKED[name]
        plain = series.to_numpy(dtype=target, na_value=False if target == "bool" else 0)
        return _with_missing(plain, missing, column)
    if not missing.any():
        return series.tolist()
    return [None if is_gone else value for value, is_gone in zip(series.tolist(), missing, strict=True)]


_MASKED = {"boolean": "bool"} | {
    name: name.lower()
    for name in (
        "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64",
    )
}  # fmt: skip


def _with_missing(plain: Any, missing: Any, column: GrowingColumn) -> Any:
    if missing.any():
        cells = _cells(plain, column, (~missing).astype("uint8").tobytes())
        if isinstance(cells, RawColumn):
            return cells
        return [None if is_gone else value for value, is_gone in zip(cells, missing, strict=True)]
    return _cells(plain, column)


def _from_polars(series: Any, column: GrowingColumn) -> Any:
    dtype = str(series.dtype)
    if series.dtype.is_numeric() and not dtype.startswith(("Decimal", "Int128", "UInt128")):
        missing = series.is_null().to_numpy() if series.null_count() else None
        plain = series.fill_null(0).to_numpy() if missing is not None else series.to_numpy()
        return _cells(plain, column) if missing is None else _with_missing(plain, missing, column)
    if dtype == "Boolean":
        missing = series.is_null().to_numpy()
        return _with_missing(series.fill_null(False).to_numpy(), missing, column)
    if dtype.startswith("Datetime") and "ns" in dtype:
        is_aware = getattr(series.dtype, "time_zone", None) is not None
        cells = _cells(series.to_physical().fill_null(-(2**63)).to_numpy().view("M8[ns]"), column)
        column.has_aware = is_aware
        return cells
    return series.to_list()
