"""Media that come back out of a pack of a table: light, their bytes stay in the pack until they are read."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.registry import KINDS_BY_NAME
from diorama.media.histogram.record import HistogramRecord
from diorama.media.image.overlays.layers import Classes
from diorama.media.image.overlays.masks import ImageMask
from diorama.media.image.picture import Picture


def thaw(snapshot: Snapshot) -> Media:
    """A media object of the snapshot's class that logs exactly what the sealed one would have.

    An image has its picture, size, caption and masks again, a histogram its counts; others have `caption`
    and `sample_id`.
    """
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
        "masks": _masks(snapshot),
        "boxes": {},
        "polygons": {},
        "keypoints": {},
        "_keeps_original": header.get("keep_original", True),
    }


def _masks(snapshot: Snapshot) -> dict[str, Any]:
    masks: dict[str, Any] = {}
    for kept, (name, header) in zip(
        snapshot.buffers[1:], snapshot.header.get("masks", {}).items(), strict=True
    ):
        source = {field: value for field, value in header.items() if field not in ("key", "class_labels")}
        mask = masks[name] = ImageMask.__new__(ImageMask)
        mask.__dict__.update(
            key=header["key"],
            class_labels=header["class_labels"],
            width=snapshot.header["width"],
            height=snapshot.header["height"],
            _source=source,
            _kept=kept,
        )
    return masks


def _histogram_fields(snapshot: Snapshot) -> dict[str, Any]:
    header = {name: value for name, value in snapshot.header.items() if name not in ("caption", "sample_id")}
    counted = None
    if "bins" in header:
        counted = HistogramRecord(bins=header["bins"], values=header["values"])
    return {"_header": header, "_kept": snapshot.buffers, "_counted": counted}
