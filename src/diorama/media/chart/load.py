"""From the record of a chart of a table back to what was logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diorama.media.chart.record import ChartRecord
from diorama.media.core.base import GetBlob
from diorama.media.core.document import json_from_bytes
from diorama.media.table.load import LoadedTable
from diorama.media.table.load import decode as decode_table


@dataclass(frozen=True)
class LoadedChart:
    """A chart that was read back. spec: the Vega specification, if it has one of its own."""

    preset: str
    table: LoadedTable
    fields: dict[str, str]
    strings: dict[str, str]
    spec: dict[str, Any] | None


def decode(record: ChartRecord, get_blob: GetBlob) -> LoadedChart:
    """The chart's table, as reading a table back gives it, and how it is drawn."""
    spec = None if record.spec is None else json_from_bytes(get_blob(record.spec), subject="the chart's Vega")
    table = decode_table(record.table, get_blob)
    return LoadedChart(record.preset, table, record.fields, record.strings, spec)
