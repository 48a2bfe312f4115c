"""From the snapshot of an HTML page to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.html.record import HtmlRecord

HTML_MIME = "text/html"


def encode(snapshot: Snapshot, put_blob: PutBlob) -> HtmlRecord:
    """The record of a page. What it says about itself is read in a worker: a page may be made to be slow."""
    header, data = snapshot.header, snapshot.buffers[0].source()
    blob = put_blob(data, HTML_MIME)
    found: dict[str, Any] = {}
    note = None
    try:
        found = run_limited("diorama.media.html.facts:inspect", {}, data)
    except DecodeError as error:
        note = f"its title and its links were not found: {error}"[:500]
    return HtmlRecord(
        blob=blob,
        is_styled=header["is_styled"],
        name=header["name"],
        caption=header["caption"],
        sample_id=header["sample_id"],
        title=found.get("title"),
        outside=tuple(found.get("outside", ())),
        beside=tuple(found.get("beside", ())),
        excerpt=found.get("excerpt"),
        note=note,
    )
