"""A chart of a table by a preset, or by a Vega specification of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diorama.errors import UsageError
from diorama.media.chart.media import CustomChart, CustomChartSpec
from diorama.media.core.document import document_from, standard_json, title_from
from diorama.media.table.media import Table
from diorama.media.vega.media import mode_of

_SUBJECT = "the Vega specification"
OWN_PRESET = "custom"


def plot_table(
    vega_spec_name: str | Mapping[str, Any],
    data_table: Table,
    fields: Mapping[str, Any],
    string_fields: Mapping[str, Any] | None = None,
    split_table: bool = False,
    *,
    areas: Mapping[str, float] | None = None,
) -> CustomChart:
    """A chart of `data_table`.

    vega_spec_name: a preset's name ("wandb/line/v0"), or a Vega or Vega-Lite specification as a dict or JSON
    text, in which "${field:x}" stands for the column that `fields` names for x, and "${string:title}" for a
    text of `string_fields`. The rows are its data set "table" (or "wandb", the name that W&B uses).
    areas: the area under each class's curve, for the legend.

    Raises: UsageError if `data_table` is no `Table`; ValueError for a specification that is none.
    """
    if not isinstance(data_table, Table):
        raise UsageError(
            f"Expected `data_table` to be `diorama.Table` type, instead got {type(data_table).__name__}"
        )
    name, vega = vega_spec_name, None
    if not isinstance(name, str) or name.lstrip().startswith("{"):
        document = document_from(name, subject=_SUBJECT)
        if document is None:
            raise TypeError(
                f"vega_spec_name must be a preset's name or a Vega specification, not {type(name).__name__}"
            )
        mode_of(document.content)
        vega = standard_json(document, subject=_SUBJECT)
        title = title_from(document.content.get("title"))
        name = OWN_PRESET if title is None or "${" in title else title
    spec = CustomChartSpec(
        name, fields, string_fields or {}, split_table=split_table, vega=vega, areas=areas or {}
    )
    return CustomChart(data_table, spec)
