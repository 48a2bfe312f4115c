"""Cells of tables as JSON for a page: what is large is shown by its beginning, and says so."""

from __future__ import annotations

import base64
import csv
import datetime
import decimal
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from diorama.errors import BadRequest
from diorama.media.jsonable import to_json
from diorama.media.table import TableColumn
from diorama.media.table_arrow import cells_from_arrow

TEXT_LIMIT_CHARS = 20_000
ARRAY_LIMIT = 64
BYTES_LIMIT = 768


def cells_as_json(column: TableColumn, array: Any) -> list[Any]:
    """A column of an answer as JSON values. Media are their records; other forms:

    numbers that JSON lacks   {"_number": "NaN"}
    bytes                     {"_bytes": base64 of the first ones, "size_bytes": n}
    text over 20,000 chars    {"_text": the first ones, "char_count": n}
    arrays over 64 numbers    {"_array": the first ones, flat, "shape": [...], "dtype": "float32"}
    times                     "2024-01-31T12:00:00.123456Z"; dates "2024-01-31"
    """
    import pyarrow as pa

    try:
        return _as_json(column, array)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise BadRequest(f"the column {column.name[:200]!r} can't be read: {str(error)[:200]}") from error


def cells_as_text(column: TableColumn, array: Any) -> list[str]:
    """A column of an answer as the text of CSV cells, in full. None is empty, media are the SHA-256 of their
    file, or their caption; lists and dicts are JSON."""
    import pyarrow as pa

    try:
        if column.type == "timestamp":
            return [time or "" for time in _as_json(column, array)]
        return [_text(value) for value in cells_from_arrow(column, array, lambda record: record)]
    except (pa.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise BadRequest(f"the column {column.name[:200]!r} can't be read: {str(error)[:200]}") from error


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180, UTF-8)."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if type(value) is dict and type(value.get("kind")) is str:
        blob = value.get("blob")
        return str(blob["sha256"] if type(blob) is dict and "sha256" in blob else value.get("caption") or "")
    if hasattr(value, "shape"):
        value = value.tolist()
    return msgspec.json.encode(to_json(value)).decode() if isinstance(value, list | dict) else str(value)


def _as_json(column: TableColumn, array: Any) -> list[Any]:
    if column.type == "timestamp" and (column.dtype or "").startswith("datetime64[ns"):
        return [None if time is None else _time_text(time) for time in array.cast("int64").to_pylist()]
    cells = cells_from_arrow(column, array, lambda record: record)
    if column.type == "timestamp":
        return [None if time is None else f"{time.replace(tzinfo=None).isoformat()}Z" for time in cells]
    return [_cell(value) for value in cells]


def _time_text(nanoseconds: int) -> str:
    secs, rest = divmod(nanoseconds, 10**9)
    begin = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=secs)
    return f"{begin.isoformat()}.{rest:09d}Z"


def _cell(value: Any) -> Any:
    if type(value) is str:
        if len(value) <= TEXT_LIMIT_CHARS:
            return value
        return {"_text": value[:TEXT_LIMIT_CHARS], "char_count": len(value)}
    if value is None or type(value) is bool:
        return value
    if isinstance(value, bytes):
        return {"_bytes": base64.b64encode(value[:BYTES_LIMIT]).decode(), "size_bytes": len(value)}
    if isinstance(value, decimal.Decimal):
        return to_json(float(value)) if math.isfinite(value) else to_json(float(str(value)))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if hasattr(value, "shape"):
        if value.size <= ARRAY_LIMIT:
            return to_json(value.tolist())
        head = to_json(value.reshape(-1)[:ARRAY_LIMIT].tolist())
        return {"_array": head, "shape": list(value.shape), "dtype": str(value.dtype)}
    return to_json(value)
