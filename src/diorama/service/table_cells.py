"""Cells of tables as JSON for a page: what is large is shown by its beginning, and says so."""

from __future__ import annotations

import base64
import csv
import datetime
import decimal
import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from diorama.errors import BadRequest
from diorama.media import KINDS_BY_NAME
from diorama.media.core.encoding import FAILED
from diorama.media.core.jsonable import to_json
from diorama.media.table.arrow import cells_from_arrow
from diorama.media.table.record import TableColumn
from diorama.service.table_sql import Cut

TEXT_LIMIT_CHARS = 20_000
LEAST_CHARS = 100
RECORD_LIMIT_CHARS = 1 << 20
LEAST_RECORD_CHARS = 16 << 10
ARRAY_LIMIT = 64
BYTES_LIMIT = 768
ANSWER_CHARS = 64 << 20
"""About the largest page of a table. The more cells a page has, the less of each is shown."""


def cut_for(cell_count: int) -> Cut:
    """How many characters or bytes each cell of unlimited length may show, if there are so many of them."""
    share = ANSWER_CHARS // max(cell_count, 1)
    return Cut(
        chars=min(max(share, LEAST_CHARS), TEXT_LIMIT_CHARS),
        bytes=BYTES_LIMIT,
        numbers=ARRAY_LIMIT,
        record_chars=min(max(share, LEAST_RECORD_CHARS), RECORD_LIMIT_CHARS),
    )


def cells_as_json(column: TableColumn, array: Any, sizes: Any, begins: Any) -> list[Any]:
    """A column of an answer as JSON values. Media are their records; other forms:

    numbers that JSON lacks   {"_number": "NaN"}
    bytes                     {"_bytes": base64 of the first ones, "size_bytes": n}
    text over 20,000 chars    {"_text": the first ones, "char_count": n}; lists and dicts too, as JSON
    arrays over 64 numbers    {"_array": the first ones, flat, "shape": [...], "dtype": "float32"}
    times                     "2024-01-31T12:00:00.123456Z"; dates "2024-01-31"

    sizes, begins: of cells that are too large to be in `array`, see `table_sql`.
    """
    import pyarrow as pa

    try:
        cells = _as_json(column, array)
        for at, size in enumerate(sizes.to_pylist()) if sizes.null_count < len(sizes) else ():
            if size is not None:
                cells[at] = _beginning(column, begins[at].as_py(), size)
        return cells
    except (pa.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise BadRequest(f"the column {column.name[:200]!r} can't be read: {str(error)[:200]}") from error


def cells_as_text(column: TableColumn, array: Any) -> list[str]:
    """A column of an answer as the text of CSV cells, in full. None is empty, media are the SHA-256 of their
    file, or their caption; lists and dicts are JSON."""
    import pyarrow as pa

    try:
        if column.type == "timestamp":
            return [time or "" for time in _as_json(column, array)]
        texts = [_text(value) for value in cells_from_arrow(column, array, lambda record: record)]
        return texts if column.type in _NEVER_FORMULAS else [plain_for_spreadsheets(text) for text in texts]
    except (pa.ArrowException, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise BadRequest(f"the column {column.name[:200]!r} can't be read: {str(error)[:200]}") from error


_FORMULA = re.compile(r"[=+\-@\t\r]")


def plain_for_spreadsheets(text: str) -> str:
    """A text that a spreadsheet would take for a formula is made plain text with an apostrophe.

    The page does the same with what it saves (`csvField`): one rule for both.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180, UTF-8)."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode()


_NEVER_FORMULAS = frozenset({"integer", "number", "boolean", "date"})


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


def _beginning(column: TableColumn, begin: Any, size: int) -> Any:
    """A cell that is too large to be shown in full."""
    if column.type == "bytes":
        return {"_bytes": base64.b64encode(begin).decode(), "size_bytes": size}
    if column.type == "array":
        import numpy as np

        numbers = np.array(begin).astype(column.dtype or "float64")
        return {
            "_array": to_json(numbers.tolist()),
            "shape": column.shape or [size],
            "dtype": str(numbers.dtype),
        }
    if column.type in KINDS_BY_NAME:
        reason = f"its record of {size:,} characters is too large for a page of a table"
        return {"kind": FAILED, "of": column.type, "reason": reason}
    return {"_text": begin, "char_count": size}


def _cell(value: Any) -> Any:
    if type(value) is str or value is None or type(value) is bool:
        return value
    if isinstance(value, bytes):
        return {"_bytes": base64.b64encode(value).decode(), "size_bytes": len(value)}
    if isinstance(value, decimal.Decimal):
        return to_json(float(value)) if math.isfinite(value) else to_json(float(str(value)))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return to_json(value.tolist() if hasattr(value, "shape") else value)
