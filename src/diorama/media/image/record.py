"""What the store keeps of an image."""

from __future__ import annotations

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.media.image.original import OriginalValues
from diorama.media.image.overlays.layers import BoxLayer, KeypointLayer, MaskLayer, PolygonLayer
from diorama.model import BlobRef


class ImageRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="image"):
    """A picture. `thumbnail` is None when the picture itself is small enough to be one.

    width, height: pixels, as a viewer shows them (EXIF orientation applied). format: "png", "jpg", "bmp",
    "webp", "gif", "tiff" or "npy" of `blob`. mode: Pillow's name of the pixel layout (L, RGB, RGBA, P, I;16
    ...).
    normalized: how numbers became pixels: "unit" (x255), "signed" ((x+1)x127.5), "deep" (x/257), "minmax",
    "percentile" or "none"; "clip" (to 0..255) in records of version 0.1.
    shown_range: the numbers that are shown black and white, where they were found out or asked for.
    non_finite, out_of_range: how many numbers were NaN or infinite, and how many were clipped.
    preview: a full-size PNG of 8 bits, where browsers can't draw the file (tiff, npy) or would show 16-bit
    numbers too dark.
    original: the values as they were logged, when they say more than 8 bits do.
    masks, boxes, polygons, keypoints: layer name -> layer. classes: id -> name shared by all layers.
    class_colors: id -> "#rrggbb" of those that were given a colour.
    note: why the file could not be decoded; it is kept all the same.
    """

    blob: BlobRef
    width: int
    height: int
    format: str = "png"
    mode: str = "RGB"
    thumbnail: BlobRef | None = None
    normalized: str = "none"
    grouping: int | None = None
    masks: dict[str, MaskLayer] = msgspec.field(default_factory=dict)
    boxes: dict[str, BoxLayer] = msgspec.field(default_factory=dict)
    classes: dict[int, str] = msgspec.field(default_factory=dict)
    non_finite: int = 0
    out_of_range: int = 0
    preview: BlobRef | None = None
    original: OriginalValues | None = None
    shown_range: tuple[float, float] | None = None
    polygons: dict[str, PolygonLayer] = msgspec.field(default_factory=dict)
    keypoints: dict[str, KeypointLayer] = msgspec.field(default_factory=dict)
    note: str = ""
    class_colors: dict[int, str] = msgspec.field(default_factory=dict)
