"""From the record of a Vega chart back to what was logged."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import GetBlob
from diorama.media.core.document import json_from_bytes
from diorama.media.vega.record import SUBJECT, VegaRecord


def decode(record: VegaRecord, get_blob: GetBlob) -> dict[str, Any]:
    """The specification as a dict."""
    return json_from_bytes(get_blob(record.blob), subject=SUBJECT)
