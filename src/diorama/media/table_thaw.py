"""Media that come back out of a pack of a table: light, their bytes stay in the pack until they are read."""

from __future__ import annotations

from typing import Any

from diorama.media.base import Media, Snapshot


def thaw(snapshot: Snapshot) -> Media:
    """A media object of the snapshot's class that logs exactly what the sealed one would have.

    An image has its picture, size and caption again; other kinds have `caption` and `sample_id`.
    """
    from diorama.media import KINDS_BY_NAME

    cls = KINDS_BY_NAME[snapshot.kind].cls
    media = cls.__new__(cls)
    fields: dict[str, Any] = {
        "caption": snapshot.header.get("caption"),
        "sample_id": snapshot.header.get("sample_id"),
        "snapshot": lambda: snapshot,
    }
    if snapshot.kind == "image":
        fields |= _image_fields(snapshot)
    elif snapshot.kind == "histogram":
        fields |= _histogram_fields(snapshot)
    media.__dict__.update(fields)
    return media


def _image_fields(snapshot: Snapshot) -> dict[str, Any]:
    from diorama.media.overlays import Classes
    from diorama.media.picture import Picture

    header = snapshot.header
    classes = header.get("classes")
    return {
        "_picture": Picture(header["picture"], snapshot.buffers[0], header["width"], header["height"]),
        "_mode": header["mode"],
        "_file_type": header["file_type"],
        "_normalize": header["normalize"],
        "format": header["file_type"],
        "width": header["width"],
        "height": header["height"],
        "grouping": header["grouping"],
        "classes": Classes([{"id": id_, "name": name} for id_, name in classes.items()]) if classes else None,
        "masks": {},
        "boxes": {},
    }


def _histogram_fields(snapshot: Snapshot) -> dict[str, Any]:
    header = {name: value for name, value in snapshot.header.items() if name not in ("caption", "sample_id")}
    counted = None
    if "bins" in header:
        from diorama.media.histogram import HistogramRecord

        counted = HistogramRecord(bins=header["bins"], values=header["values"])
    return {"_header": header, "_kept": snapshot.buffers[0], "_counted": counted}
