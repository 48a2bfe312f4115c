"""The values of a PLY file, ASCII or binary, by element and property. Runs in a worker process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER_LIMIT_BYTES = 1 << 20
_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
}
_FORMATS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_END = re.compile(rb"^[ \t]*end_header[ \t]*(?:\r\n|\n|\r)", re.M)


@dataclass
class Property:
    name: str
    dtype: str
    count_dtype: str | None = None
    """Of a list: the dtype of the number before it."""


@dataclass
class Element:
    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        return any(each.count_dtype for each in self.properties)


@dataclass
class Ragged:
    """The lists of an element: their lengths, and all their items one after another."""

    lengths: NDArray[Any]
    items: NDArray[Any]


def read_header(data: memoryview) -> tuple[str, list[Element], int]:
    head = bytes(data[:HEADER_LIMIT_BYTES])
    end = _END.search(head)
    if not head.startswith(b"ply") or end is None:
        raise ValueError("it does not begin as a PLY file does")
    byte_order = None
    elements: list[Element] = []
    for line in head[: end.start()].decode("latin-1").splitlines()[1:]:
        words = line.split()
        try:
            if words[:1] == ["format"]:
                byte_order = _FORMATS[words[1]]
            elif words[:1] == ["element"]:
                elements.append(Element(words[1], max(0, int(words[2]))))
            elif words[:2] == ["property", "list"]:
                elements[-1].properties.append(Property(words[4], _TYPES[words[3]], _TYPES[words[2]]))
            elif words[:1] == ["property"]:
                elements[-1].properties.append(Property(words[2], _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"its header has a line that is no PLY: {line[:100]!r}") from error
    if byte_order is None:
        raise ValueError("its header does not say which format it has")
    return byte_order, elements, end.end()


_Reading = Iterator[tuple[Element, dict[str, Any], int]]


def read_elements(data: memoryview, elements: list[Element], start: int, byte_order: str) -> _Reading:
    """Each element, its columns by property name (lists as Ragged), and how many of it are there."""
    return _binary(data, elements, start, byte_order) if byte_order else _text(data, elements, start)


def _binary(data: memoryview, elements: list[Element], start: int, byte_order: str) -> _Reading:
    import numpy as np

    for element in elements:
        if element.has_lists:
            columns, held, start = _binary_lists(data, element, start, byte_order)
        else:
            row = np.dtype([(f"{i}", byte_order + p.dtype) for i, p in enumerate(element.properties)])
            held = min(element.count, (len(data) - start) // row.itemsize) if row.itemsize else 0
            rows = np.frombuffer(data, row, held, start)
            columns = {p.name: rows[f"{i}"] for i, p in enumerate(element.properties)}
            start += held * row.itemsize
        yield element, columns, held
        if held < element.count:
            return


def _binary_lists(
    data: memoryview, element: Element, start: int, byte_order: str
) -> tuple[dict[str, Any], int, int]:
    """Columns, rows held, and where the next element begins."""
    import numpy as np

    regular = _regular_row(data, element, start, byte_order)
    if regular is not None and start + element.count * regular.itemsize <= len(data):
        rows = np.frombuffer(data, regular, element.count, start)
        sizes = [name for name in regular.names or () if name.startswith("n")]
        if all(bool((rows[name] == rows[name][:1]).all()) for name in sizes):
            columns: dict[str, Any] = {}
            for i, each in enumerate(element.properties):
                items = rows[f"{i}"]
                if each.count_dtype:
                    lengths = np.full(element.count, items.shape[1] if items.ndim == 2 else 1, np.int64)
                    columns[each.name] = Ragged(lengths, items.reshape(-1))
                else:
                    columns[each.name] = items
            return columns, element.count, start + element.count * regular.itemsize
    return _walk(data, element, start, byte_order)


def _regular_row(data: memoryview, element: Element, start: int, byte_order: str) -> Any:
    """The dtype of a row if all rows have lists as long as the first one has; None if there is no row."""
    import numpy as np

    fields: list[Any] = []
    offset = start
    for i, each in enumerate(element.properties):
        length: tuple[int, ...] = ()
        if each.count_dtype:
            kind = np.dtype(byte_order + each.count_dtype)
            if offset + kind.itemsize > len(data):
                return None
            length = (int(np.frombuffer(data, kind, 1, offset)[0]),)
            if not 0 <= length[0] <= len(data):
                return None
            fields.append((f"n{i}", kind))
            offset += kind.itemsize
        kind = np.dtype(byte_order + each.dtype)
        fields.append((f"{i}", kind, length))
        offset += kind.itemsize * (length[0] if length else 1)
        if offset > len(data):
            return None
    return np.dtype(fields)


def _walk(data: memoryview, element: Element, start: int, byte_order: str) -> tuple[dict[str, Any], int, int]:
    """Rows of different lengths, one by one. Only lists are kept."""
    import numpy as np

    order: Literal["big", "little"] = "big" if byte_order == ">" else "little"
    sizes = [
        (each, np.dtype(each.count_dtype).itemsize if each.count_dtype else 0, np.dtype(each.dtype).itemsize)
        for each in element.properties
    ]
    lengths: dict[str, list[int]] = {each.name: [] for each in element.properties if each.count_dtype}
    pieces: dict[str, list[memoryview]] = {name: [] for name in lengths}
    held, offset = 0, start
    for _ in range(element.count):
        row: list[tuple[str, int, memoryview]] = []
        for each, count_bytes, item_bytes in sizes:
            length = int.from_bytes(data[offset : offset + count_bytes], order) if count_bytes else 1
            offset += count_bytes
            if count_bytes:
                row.append((each.name, length, data[offset : offset + length * item_bytes]))
            offset += length * item_bytes
        if offset > len(data):
            break
        held, start = held + 1, offset
        for name, length, piece in row:
            lengths[name].append(length)
            pieces[name].append(piece)
    return (
        {
            each.name: Ragged(
                np.array(lengths[each.name], np.int64),
                np.frombuffer(b"".join(pieces[each.name]), byte_order + each.dtype),
            )
            for each in element.properties
            if each.count_dtype
        },
        held,
        start,
    )


def _text(data: memoryview, elements: list[Element], start: int) -> _Reading:
    numbers = numbers_of_text(bytes(data[start:]))
    at = 0
    for element in elements:
        if element.has_lists:
            columns, held, at = _text_lists(numbers, element, at)
        else:
            width = len(element.properties)
            held = min(element.count, (len(numbers) - at) // width) if width else 0
            rows = numbers[at : at + held * width].reshape(held, width)
            columns = {p.name: rows[:, i].astype(p.dtype) for i, p in enumerate(element.properties)}
            at += held * width
        yield element, columns, held
        if held < element.count:
            return


def numbers_of_text(text: bytes) -> NDArray[Any]:
    """Numbers between white space, as float64. Raises ValueError for anything else."""
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.fromstring(text, np.float64, sep=" ") if text.strip() else np.empty(0)
        except DeprecationWarning as error:
            raise ValueError("there is something among its numbers that is no number") from error


def _text_lists(numbers: NDArray[Any], element: Element, at: int) -> tuple[dict[str, Any], int, int]:
    import numpy as np

    names = [each.name for each in element.properties]
    if len(names) == 1 and element.count and at < len(numbers):
        width = int(numbers[at]) + 1
        block = numbers[at : at + element.count * width] if 1 < width <= len(numbers) else numbers[:0]
        if len(block) == element.count * width:
            rows = block.reshape(element.count, width)
            if (rows[:, 0] == width - 1).all():
                lengths = np.full(element.count, width - 1, np.int64)
                return {names[0]: Ragged(lengths, rows[:, 1:].reshape(-1))}, element.count, at + block.size
    sizes: dict[str, list[int]] = {each.name: [] for each in element.properties if each.count_dtype}
    pieces: dict[str, list[NDArray[Any]]] = {name: [] for name in sizes}
    held = 0
    for _ in range(element.count):
        row, offset = [], at
        for each in element.properties:
            length = 1
            if each.count_dtype:
                length = int(numbers[offset]) if offset < len(numbers) and numbers[offset] >= 0 else 0
                offset += 1
                row.append((each.name, length, numbers[offset : offset + length]))
            offset += length
        if offset > len(numbers):
            break
        held, at = held + 1, offset
        for name, length, piece in row:
            sizes[name].append(length)
            pieces[name].append(piece)
    joined = {
        name: Ragged(np.array(sizes[name], np.int64), np.concatenate(pieces[name] or [np.empty(0)]))
        for name in sizes
    }
    return joined, held, at
