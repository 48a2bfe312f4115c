"""What the store keeps of an image, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from diorama.media.base import MediaRecord
from diorama.media.overlays import BoxLayer, MaskLayer
from diorama.model import BlobRef

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ImageRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="image"):
    """A picture. `thumbnail` is None when the picture itself is small enough to be one.

    width, height: pixels, as a viewer shows them (EXIF orientation applied). format: "png", "jpg", "bmp",
    "webp", "gif" or "tiff" of `blob`. mode: Pillow's name of the pixel layout (L, RGB, RGBA, P, I;16 ...).
    normalized: how numbers became pixels: "unit" (x255), "signed" ((x+1)x127.5), "clip", or "none".
    non_finite, out_of_range: how many numbers were NaN or infinite, and how many were clipped.
    preview: a full-size PNG when browsers can't draw the format (tiff).
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
    masks: dict[str, MaskLayer] = msgspec.field(default_factory=dict)
    boxes: dict[str, BoxLayer] = msgspec.field(default_factory=dict)
    classes: dict[int, str] = msgspec.field(default_factory=dict)
    non_finite: int = 0
    out_of_range: int = 0
    preview: BlobRef | None = None


@dataclass(frozen=True)
class LoadedImage:
    """An image read back.

    array: uint8 (H, W) or (H, W, C), or uint16 (H, W). masks: layer -> class ids (H, W).
    mask_labels: layer -> {class id: name}.
    boxes: layer -> {"box_data": [...], "class_labels": {...}}, as they are logged.
    """

    array: NDArray[Any]
    caption: str | None = None
    masks: dict[str, NDArray[Any]] = field(default_factory=dict)
    mask_labels: dict[str, dict[int, str]] = field(default_factory=dict)
    boxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    classes: dict[int, str] = field(default_factory=dict)
