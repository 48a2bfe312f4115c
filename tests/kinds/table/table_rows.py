"""What the tests of tables log and compare: cells of all types, and the rows and types that come back."""

from __future__ import annotations

import datetime
import enum
import hashlib
import math
from typing import Any

from hypothesis import strategies as st

from diorama.media import Table
from diorama.model import BlobRef

UTC = datetime.timezone.utc
NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456)


def rows_of(trip: Any, table: Table) -> list[list[Any]]:
    return trip(table).loaded.rows()


def types_of(trip: Any, table: Table) -> dict[str, tuple[str, str | None]]:
    return {column.name: (column.type, column.dtype) for column in trip(table).record.columns}


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


class Colour(enum.Enum):
    RED = 1


def put_into(held: dict[str, bytes]) -> Any:
    """A `put_blob` that keeps blobs by their hash."""

    def put(data: Any, mime: str) -> BlobRef:
        sha256 = hashlib.sha256(data).hexdigest()
        held[sha256] = bytes(data)
        return BlobRef(sha256, len(held[sha256]), mime)

    return put


NUMBERS = st.one_of(st.integers(-(2**80), 2**80), st.floats())
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
CELLS = {
    "number": NUMBERS,
    "string": TEXTS,
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=20),
    "timestamp": st.datetimes(),
    "date": st.dates(),
    "list": st.lists(st.one_of(st.none(), NUMBERS), max_size=4),
    "dict": st.fixed_dictionaries({"a": st.one_of(st.none(), NUMBERS), "b": TEXTS}),
}
