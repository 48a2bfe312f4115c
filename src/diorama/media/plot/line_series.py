"""Several lines in one chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from diorama.media.chart.media import CustomChart
from diorama.media.core.foreign import array_from, family_of
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """A line for each of `ys`, over its own of `xs` or over the one `xs` that all share.

    keys: the lines' names ("line_0", "line_1", ... if not given). xname: the title of the x axis.

    Raises: ValueError for more or fewer xs or keys than ys, and for a line with more values than its xs.
    """
    rows, given = _values(ys, "ys"), _values(xs, "xs")
    is_shared = not given or not _is_sequence(given[0])
    if not is_shared and len(given) != len(rows):
        raise ValueError(f"Number of x-series ({len(given)}) must match y-series ({len(rows)}).")
    lines = [_values(line, "ys") for line in rows]
    places = [given] * len(lines) if is_shared else [_values(each, "xs") for each in given]
    names = [f"line_{number}" for number in range(len(lines))] if keys is None else list(keys)
    if len(names) != len(lines):
        raise ValueError(f"Number of keys ({len(names)}) must match y-series ({len(lines)}).")
    for name, place, line in zip(names, places, lines, strict=True):
        if len(line) > len(place):
            raise ValueError(
                f"the line {name!r} has {len(line)} values but only {len(place)} xs: some would be lost"
            )
    data = [
        [x, str(name), y]
        for name, place, line in zip(names, places, lines, strict=True)
        for x, y in zip(place, line, strict=False)
    ]
    table = Table(columns=["step", "lineKey", "lineVal"], data=data)
    fields = {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"}
    return plot_table("wandb/lineseries/v0", table, fields, {"title": title, "xname": xname}, split_table)


def _is_sequence(value: Any) -> bool:
    if family_of(type(value)) in ("array", "torch", "host", "cupy"):
        return bool(tuple(value.shape))
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def _values(value: Any, argument: str) -> list[Any]:
    """The items as plain Python values; rows of an array as lists."""
    if not _is_sequence(value):
        raise TypeError(f"{argument} must be sequences, not {type(value).__name__}")
    if family_of(type(value)) is not None:
        items: list[Any] = array_from(value).tolist()
        return items
    return [array_from(item).item() if family_of(type(item)) == "scalar" else _plain(item) for item in value]


def _plain(item: Any) -> Any:
    """A tensor of one number as that number."""
    is_number = family_of(type(item)) is not None and not tuple(getattr(item, "shape", (0,)))
    return array_from(item).item() if is_number else item
