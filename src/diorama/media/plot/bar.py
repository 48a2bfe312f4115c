"""Bar charts."""

from __future__ import annotations

from diorama.media.chart.media import CustomChart
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def bar(
    table: Table,
    label: str,
    value: str,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """A bar as long as `value` for each `label`.

    Raises: UsageError if `table` is no `Table`; ValueError for a column that it does not have.
    """
    return plot_table("wandb/bar/v0", table, {"label": label, "value": value}, {"title": title}, split_table)
