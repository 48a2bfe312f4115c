"""PCD files of the Point Cloud Library: ASCII, binary and binary_compressed. Runs in a worker process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.object3d.ply_read import numbers_of_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER_LIMIT_BYTES = 1 << 16
_DATA_LINE = re.compile(rb"^DATA[ \t]+(\w+)[ \t]*\r?\n", re.M)
_KINDS = {"F": "f", "U": "u", "I": "i"}
_VALUES = ("intensity", "i", "reflectivity", "reflectance")
_CATEGORIES = ("label", "class", "classification")


@dataclass
class Field:
    name: str
    dtype: str
    count: int


def pcd_facts(data: memoryview) -> dict[str, Any]:
    import numpy as np

    fields, declared, encoding, start = _header(data)
    read = {"ascii": _ascii, "binary": _binary, "binary_compressed": _compressed}.get(encoding)
    if read is None:
        raise ValueError(f"its data are {encoding!r}, which is unknown")
    values = read(data, start, fields, declared)
    if not {"x", "y", "z"} <= set(values):
        raise ValueError("its points have no x, y and z")
    held = len(values["x"])
    position = np.stack([values[name][:, 0] for name in ("x", "y", "z")], axis=1)
    columns = [("position", position)]
    for name in ("rgb", "rgba"):
        if name in values and values[name].dtype.itemsize == 4:
            columns.append(("color", _unpacked(values[name])))
            break
    for kind, names in (("category", _CATEGORIES), ("value", _VALUES)):
        columns += [(kind, values[name][:, :1]) for name in names if name in values][:1]
    return {
        "form": "cloud",
        "columns": [
            {
                "name": name,
                "dtype": column.dtype.str,
                "components": column.shape[1],
                "data": column.tobytes(),
            }
            for name, column in columns
        ],
        "vertex_count": held,
        "note": None if held == declared else f"it says {declared} points, but it holds {held}",
    }


def _header(data: memoryview) -> tuple[list[Field], int, str, int]:
    head = bytes(data[:HEADER_LIMIT_BYTES])
    end = _DATA_LINE.search(head)
    if end is None:
        raise ValueError("it has no DATA line, so it is no PCD file")
    said: dict[str, list[str]] = {}
    for line in head[: end.start()].decode("latin-1").splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            said[words[0].upper()] = words[1:]
    try:
        names = said.get("FIELDS") or said["COLUMNS"]
        sizes, kinds = said["SIZE"], said["TYPE"]
        counts = said.get("COUNT", ["1"] * len(names))
        fields = [
            Field(name, f"<{_KINDS[kind]}{int(size)}", int(count))
            for name, size, kind, count in zip(names, sizes, kinds, counts, strict=True)
        ]
        points = said["POINTS"] if "POINTS" in said else [str(int(said["WIDTH"][0]) * int(said["HEIGHT"][0]))]
        declared = int(points[0])
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"its header can't be read: {type(error).__name__} {error}") from error
    if declared < 0 or not fields or any(each.count < 1 for each in fields):
        raise ValueError("its header has no fields, or a negative number")
    return fields, declared, end[1].decode().lower(), end.end()


def _ascii(data: memoryview, start: int, fields: list[Field], declared: int) -> dict[str, NDArray[Any]]:
    numbers = numbers_of_text(bytes(data[start:]))
    width = sum(each.count for each in fields)
    held = min(declared, len(numbers) // width)
    rows = numbers[: held * width].reshape(held, width)
    values, at = {}, 0
    for each in fields:
        values[each.name] = rows[:, at : at + each.count].astype(each.dtype)
        at += each.count
    return values


def _binary(data: memoryview, start: int, fields: list[Field], declared: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    # Names may come twice ("_" pads), so fields go by their place.
    row = np.dtype([(f"{i}", each.dtype, (each.count,)) for i, each in enumerate(fields)])
    held = min(declared, (len(data) - start) // row.itemsize)
    rows = np.frombuffer(data, row, held, start)
    return {each.name: rows[f"{i}"] for i, each in enumerate(fields)}


def _compressed(data: memoryview, start: int, fields: list[Field], declared: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    packed_bytes = int.from_bytes(data[start : start + 4], "little")
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    item_bytes = [np.dtype(each.dtype).itemsize * each.count for each in fields]
    needed = declared * sum(item_bytes)
    if size < needed:
        raise ValueError(f"{declared} points take {needed} bytes, but it unpacks to {size}")
    unpacked = lzf_decompress(data[start + 8 : start + 8 + packed_bytes], size)
    values, at = {}, 0
    for each, bytes_each in zip(fields, item_bytes, strict=True):
        column = np.frombuffer(unpacked, each.dtype, declared * each.count, at)
        values[each.name] = column.reshape(declared, each.count)
        at += declared * bytes_each
    return values


def lzf_decompress(packed: memoryview, size: int) -> bytearray:
    """Unpack LZF: runs of literal bytes, and references to up to 264 of the last 8,192 bytes, which may
    overlap what they make.

    Raises ValueError unless it unpacks to exactly `size` bytes.
    """
    # A reference of three bytes makes at most 264: more can't be honest, and is not even begun.
    if size > 88 * len(packed) + 264:
        raise ValueError(f"{len(packed)} packed bytes can't hold {size}")
    out = bytearray(size)
    source = bytes(packed)
    end, at, place = len(source), 0, 0
    try:
        while at < end:
            control = source[at]
            at += 1
            if control < 32:
                run = control + 1
                if at + run > end or place + run > size:
                    raise ValueError("a run reaches past the end")
                out[place : place + run] = source[at : at + run]
                at += run
            else:
                run = control >> 5
                if run == 7:
                    run += source[at]
                    at += 1
                run += 2
                back = place - ((control & 31) << 8) - source[at] - 1
                at += 1
                if back < 0 or place + run > size:
                    raise ValueError("a reference reaches outside")
                if back + run <= place:
                    out[place : place + run] = out[back : back + run]
                else:
                    pattern = bytes(out[back:place])
                    out[place : place + run] = (pattern * (run // len(pattern) + 1))[:run]
            place += run
    except IndexError as error:
        raise ValueError("its packed data end too early") from error
    if place != size:
        raise ValueError(f"its packed data make {place} bytes instead of {size}")
    return out


def _unpacked(packed: NDArray[Any]) -> NDArray[Any]:
    """Red, green and blue of 0x00RRGGBB, which PCL keeps in the bits of a float."""
    import numpy as np

    bits = np.ascontiguousarray(packed[:, 0]).view("<u4")
    return np.stack([(bits >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)
