"""Bokeh documents."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class BokehRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="bokeh"):
    """A Bokeh document as the JSON that BokehJS embeds. version: of the Bokeh that wrote it."""

    blob: BlobRef
    title: str | None = None
    version: str | None = None


class Bokeh(Media):
    """To be written."""

    KIND = "bokeh"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> BokehRecord:
    raise NotImplementedError


def decode(record: BokehRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="bokeh", cls=Bokeh, record=BokehRecord, encode=encode, decode=decode)
