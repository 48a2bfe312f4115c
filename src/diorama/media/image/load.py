"""From the record of an image back to what was logged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import GetBlob
from diorama.media.core.limited import run_limited
from diorama.media.image.original import unpack_original
from diorama.media.image.overlays.boxes import boxes_as_given
from diorama.media.image.overlays.keypoints import keypoints_as_given
from diorama.media.image.overlays.polygons import polygons_as_given
from diorama.media.image.record import ImageRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    found = run_limited("diorama.media.image.facts:decode_pixels", {"want": want, **header}, data)
    # A copy, because what numpy makes of bytes can't be written to.
    array: NDArray[Any] = np.frombuffer(found["data"], found["dtype"]).reshape(found["shape"]).copy()
    return array


def decode(record: ImageRecord, get_blob: GetBlob) -> LoadedImage:
    """The pixels, values, masks and shapes of a record. Palettes come back as RGB or RGBA."""
    return LoadedImage(record, get_blob)
