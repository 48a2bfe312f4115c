"""From the record of a Plotly figure back to what was logged."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import GetBlob
from diorama.media.core.document import json_from_bytes, unpacked
from diorama.media.plotly.record import SUBJECT, PlotlyRecord


def decode(record: PlotlyRecord, get_blob: GetBlob) -> dict[str, Any]:
    """The figure as a dict with numpy arrays, which `plotly.graph_objects.Figure` takes."""
    figure: dict[str, Any] = unpacked(json_from_bytes(get_blob(record.blob), subject=SUBJECT))
    return figure
