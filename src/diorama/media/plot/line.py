"""Line charts of a table."""

from __future__ import annotations

from diorama.media.chart import CustomChart
from diorama.media.plot.plot_table import plot_table
from diorama.media.table import Table


def line(
    table: Table,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Lines: column `y` over column `x`, one line for each value of the column `stroke`.

    Raises: UsageError if `table` is no `Table`; ValueError for a column that it does not have.
    """
    return plot_table(
        "wandb/line/v0", table, {"x": x, "y": y, "stroke": stroke}, {"title": title}, split_table
    )
