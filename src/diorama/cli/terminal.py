"""Writing to a terminal: nothing that was logged may command it."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from diorama.model import StoreDir

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """`text` with control and bidirectional characters shown as escapes (\\x1b, \\u202e)."""
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _UNPRINTABLE and char != "\u200d"
        else char
        for char in text
    )


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the last one is not padded."""
    cells = [[printable(cell) for cell in row] for row in [header, *rows]]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def _width(text: str) -> int:
    """Terminal cells: wide characters (Korean, Chinese, emoji) take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def format_age(secs: float) -> str:
    """How long ago, in one unit: "12 s", "5 min", "3 h", "8 d"."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if secs < limit:
            return f"{max(0, secs) / divisor:.0f} {unit}"
    return f"{secs / 86_400:.0f} d"


def format_time(timestamp: float) -> str:
    """A point in time in the local time zone, to the minute; "?" when no calendar has it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))
    except (OverflowError, ValueError, OSError):
        return "?"


def format_size(size_bytes: float) -> str:
    """Bytes in decimal units: "512 B", "3.4 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def store_from_option(option: str | None) -> StoreDir:
    """The store that --store names, else the one of the environment."""
    if option is None:
        return StoreDir.from_environ()
    return StoreDir(Path(option).expanduser().absolute())
