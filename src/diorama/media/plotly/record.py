"""What the store keeps of a Plotly figure."""

from __future__ import annotations

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef

SUBJECT = "the Plotly figure"


class PlotlyRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="plotly"):
    """A figure as Plotly's JSON ({"data": [...], "layout": {...}, "frames": [...]}). traces: their types."""

    blob: BlobRef
    title: str | None = None
    traces: list[str] = msgspec.field(default_factory=list)
