"""Scatter plots."""

from __future__ import annotations

from diorama.media.chart.media import CustomChart
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def scatter(
    table: Table,
    x: str,
    y: str,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Points: column `y` over column `x`.

    Raises: UsageError if `table` is no `Table`; ValueError for a column that it does not have.
    """
    return plot_table("wandb/scatter/v0", table, {"x": x, "y": y}, {"title": title}, split_table)
