"""The binary body of series and tracks ("application/x-diorama-columns").

u32 little-endian: length of the head
head: JSON, padded with spaces so that the columns begin at a multiple of 8
columns: float64 little-endian; the head says where each begins (in bytes after the head) and its length
"""

from __future__ import annotations

import msgspec
import numpy as np

from diorama.store.columns import Floats

MIME = "application/x-diorama-columns"
_encode = msgspec.json.Encoder().encode


class ColumnBody:
    """Columns being laid out one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def add(self, column: Floats) -> tuple[int, int]:
        """Append a column; returns (byte offset, number of float64s)."""
        data = np.ascontiguousarray(column, dtype="<f8").tobytes()
        place = (self._size_bytes, len(column))
        self._parts.append(data)
        self._size_bytes += len(data)
        return place

    def with_head(self, head: msgspec.Struct) -> bytes:
        """The whole body."""
        text = _encode(head)
        text += b" " * (-(4 + len(text)) % 8)
        return b"".join([len(text).to_bytes(4, "little"), text, *self._parts])
