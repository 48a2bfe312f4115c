"""Charts by the name of a preset alone, as older scripts have them."""

from __future__ import annotations

from diorama.errors import UsageError
from diorama.media.chart.media import CustomChart, CustomChartSpec
from diorama.media.table.media import Table


def visualize(id: str, value: Table) -> CustomChart:
    """A chart of `value` by the preset `id`; fields are the columns of their own names.

    Raises: UsageError if `value` is no `Table`.
    """
    if not isinstance(value, Table):
        raise UsageError(f"Expected `value` to be `diorama.Table` type, instead got {type(value).__name__}")
    fields = {str(name): str(name) for name in value.columns}
    return CustomChart(value, CustomChartSpec(id, fields))
