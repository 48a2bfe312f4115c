"""From the record of a Bokeh document back to what was logged."""

from __future__ import annotations

from typing import Any

from diorama.media.bokeh.record import SUBJECT, BokehRecord
from diorama.media.core.base import GetBlob
from diorama.media.core.document import json_from_bytes


def decode(record: BokehRecord, get_blob: GetBlob) -> dict[str, Any]:
    """The document as a dict, which `bokeh.document.Document.from_json` takes."""
    return json_from_bytes(get_blob(record.blob), subject=SUBJECT)
