"""Histograms of a column."""

from __future__ import annotations

from diorama.media.chart.media import CustomChart
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def histogram(
    table: Table,
    value: str,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """How the numbers of the column `value` are distributed. The viewer counts them, in any number of bins.

    Raises: UsageError if `table` is no `Table`; ValueError for a column that it does not have.
    """
    return plot_table("wandb/histogram/v0", table, {"value": value}, {"title": title}, split_table)
