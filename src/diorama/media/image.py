"""Images, with masks and boxes over them."""

from __future__ import annotations

from diorama.media.base import MediaRecord
from diorama.media.overlays import BoxLayer, MaskLayer
from diorama.model import BlobRef


class ImageRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="image"):
    """A picture. `thumbnail` is None when the picture itself is small enough to be one.

    width, height: pixels. format: "png", "jpg", "bmp", "webp", "gif" ... of `blob`.
    mode: Pillow's name of the pixel layout (L, RGB, RGBA, P, I;16 ...).
    normalized: how numbers became pixels: "unit" (x255), "signed" ((x+1)x127.5), "clip", or "none".
    masks, boxes: layer name -> layer. classes: id -> name shared by all layers.
    """

    blob: BlobRef
    width: int
    height: int
    format: str = "png"
    mode: str = "RGB"
    thumbnail: BlobRef | None = None
    normalized: str = "none"
    grouping: int | None = None
    masks: dict[str, MaskLayer] = {}
    boxes: dict[str, BoxLayer] = {}
    classes: dict[int, str] = {}
