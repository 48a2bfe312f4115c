"""What the store keeps of a Bokeh document."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef

SUBJECT = "the Bokeh document"


class BokehRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="bokeh"):
    """A Bokeh document as the JSON that BokehJS embeds. version: of the Bokeh that wrote it."""

    blob: BlobRef
    title: str | None = None
    version: str | None = None
