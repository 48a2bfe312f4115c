"""Line charts of a table."""

from __future__ import annotations

from collections.abc import Sequence

from diorama.media.chart.media import CustomChart
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def line(
    table: Table,
    x: str,
    y: str | Sequence[str],
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Lines: column `y` over column `x`, one line for each value of the column `stroke`, or one for each of
    several columns `y`.

    Raises: UsageError if `table` is no `Table`; ValueError for a column that it does not have.
    """
    if not isinstance(y, str) and isinstance(table, Table):
        table, y, stroke = _one_below_another(table, x, list(y)), "value", "line"
    return plot_table(
        "wandb/line/v0", table, {"x": x, "y": y, "stroke": stroke}, {"title": title}, split_table
    )


def _one_below_another(table: Table, x: str, columns: list[str]) -> Table:
    """A row for each value of each column: x, line (the column's name) and value."""
    missing = [name for name in (x, *columns) if name not in table.columns]
    if missing:
        raise ValueError(f"the table has no column {missing[0]!r}; it has {list(table.columns)}")
    places = table.get_column(x)
    data = [
        [place, name, value]
        for name in columns
        for place, value in zip(places, table.get_column(name), strict=True)
    ]
    return Table(columns=[x, "line", "value"], data=data)
