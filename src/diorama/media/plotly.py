"""Plotly figures."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class PlotlyRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="plotly"):
    """A figure as Plotly's JSON ({"data": [...], "layout": {...}, "frames": [...]}). traces: their types."""

    blob: BlobRef
    title: str | None = None
    traces: list[str] = []


class Plotly(Media):
    """To be written."""

    KIND = "plotly"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> PlotlyRecord:
    raise NotImplementedError


def decode(record: PlotlyRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="plotly", cls=Plotly, record=PlotlyRecord, encode=encode, decode=decode)
