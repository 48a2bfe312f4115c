"""What the store keeps of an image, and what it gives back."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from diorama.media.base import GetBlob, MediaRecord
from diorama.media.boxes import boxes_as_given
from diorama.media.image_original import OriginalValues, unpack_original
from diorama.media.keypoints import keypoints_as_given
from diorama.media.limited import run_limited
from diorama.media.overlays import BoxLayer, KeypointLayer, MaskLayer, PolygonLayer
from diorama.media.polygons import polygons_as_given
from diorama.model import BlobRef

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


class LoadedImage:
    """An image read back. What has to be decoded is decoded (in a worker) when it is first asked for.

    array: the picture as it is shown, uint8 (H, W) or (H, W, C), or uint16 (H, W).
    original: the values as they were logged, their dtype included; None where `array` is all there is.
    file: the bytes of the picture's file. note: why it can't be decoded.
    masks: layer -> class ids (H, W), of the layers that can be decoded. mask_labels: layer -> {class id:
    name}.
    boxes, polygons, keypoints: layer -> {"box_data": [...], "class_labels": {...}} and so on, as they are
    logged.

    Raises (when asked for pixels): ValueError for a file that can't be decoded.
    """

    def __init__(self, record: ImageRecord, get_blob: GetBlob) -> None:
        self._record, self._get_blob = record, get_blob
        self.caption = record.caption
        self.classes = dict(record.classes)
        self.note = record.note
        self.mask_labels = {name: dict(mask.class_labels) for name, mask in record.masks.items()}
        self.boxes = {name: boxes_as_given(layer) for name, layer in record.boxes.items()}
        self.polygons = {name: polygons_as_given(layer) for name, layer in record.polygons.items()}
        self.keypoints = {name: keypoints_as_given(layer) for name, layer in record.keypoints.items()}

    @cached_property
    def array(self) -> NDArray[Any]:
        record = self._record
        # Of deep values the preview is what is shown, but a PNG's 16-bit grey is given as it is. Of 8 bits
        # the preview is the same as the file.
        is_deep_grey = record.format == "png" and record.mode.startswith("I")
        is_drawn = record.preview is not None and (record.original is not None or record.format == "npy")
        is_drawn = is_drawn and not is_deep_grey
        return _decoded(
            self._get_blob(record.preview if is_drawn and record.preview else record.blob), "shown"
        )

    @cached_property
    def original(self) -> NDArray[Any] | None:
        original = self._record.original
        if original is None:
            return None
        if original.form == "npy":
            assert original.blob is not None
            return unpack_original(original, self._get_blob(original.blob), None)
        return unpack_original(original, None, _decoded(self.file, "values"))

    @cached_property
    def file(self) -> bytes:
        return self._get_blob(self._record.blob)

    @cached_property
    def masks(self) -> dict[str, NDArray[Any]]:
        return {
            name: _decoded(self._get_blob(mask.blob), "ids", packed=mask.bit_depth == 32)
            for name, mask in self._record.masks.items()
            if not mask.note
        }


def _decoded(data: bytes, want: str, **header: Any) -> NDArray[Any]:
    import numpy as np

    found = run_limited("diorama.media.image_file:decode_pixels", {"want": want, **header}, data)
    # A copy, because what numpy makes of bytes can't be written to.
    array: NDArray[Any] = np.frombuffer(found["data"], found["dtype"]).reshape(found["shape"]).copy()
    return array
