"""Masks: a class id for every pixel of an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.base import PutBlob
from diorama.media.foreign import array_from
from diorama.media.formats import MIMES, open_picture
from diorama.media.keep import Kept, keep
from diorama.media.overlays import MaskLayer, check_class_labels, warn_of_unknown_keys
from diorama.media.picture import keep_array, read_file
from diorama.media.png import encode_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

ID_LIMIT = 65_535
_KEYS = frozenset({"mask_data", "path", "class_labels"})
_FILE_MODES = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})


class ImageMask:
    """One mask layer of an image.

    Accepts: `val`, a dict with either `mask_data` (2-D array, tensor or nested lists of class ids
    0..65535; bools and floats with whole values too) or `path` (a png, bmp, gif or tiff in grey or palette
    mode whose pixel values are class ids), and optionally `class_labels` (dict of int -> text; ids without
    a label are called class_<id>); `key`, the layer's name.
    Raises: KeyError without mask_data and path; TypeError for other shapes, other numbers or wrong
    labels; FileNotFoundError; ValueError for a file that can't hold class ids.

    >>> ImageMask({"mask_data": [[0, 1], [1, 1]], "class_labels": {1: "cat"}}, "truth").width
    2
    """

    width: int
    height: int

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        where = f"masks[{key!r}]"
        if not isinstance(val, Mapping):
            raise TypeError(f"{where} must be a dict with 'mask_data' or 'path', not {type(val).__name__}")
        self.key = key
        self.class_labels = check_class_labels(val.get("class_labels"), where)
        self._kept: Kept
        if val.get("mask_data") is not None:
            array = mask_array(val["mask_data"], where)
            self.height, self.width = array.shape
            self._source = {"dtype": array.dtype.str, "shape": list(array.shape)}
            self._kept = keep_array(array) if array.flags.c_contiguous else keep(array.tobytes())
        elif val.get("path") is not None:
            data = read_file(val["path"])
            self.width, self.height = _check_mask_file(data, f"{where}['path']")
            self._source = {}
            self._kept = keep(data)
        else:
            raise KeyError(f"'mask_data': {where} needs either 'mask_data' or 'path'")
        warn_of_unknown_keys(val, _KEYS, where)

    def snapshot(self) -> tuple[dict[str, Any], Kept]:
        """(header, buffer) for the image's snapshot."""
        return {"key": self.key, "class_labels": self.class_labels, **self._source}, self._kept

    def array(self) -> NDArray[Any]:
        """The class ids, uint8 or uint16, (height, width)."""
        return _array_of(self._source, self._kept.read())


def mask_array(mask_data: Any, where: str) -> NDArray[Any]:
    """Class ids as a 2-D uint8 or uint16 array. Raises TypeError for anything else."""
    import numpy as np

    try:
        array = array_from(mask_data)
    except ValueError as error:
        raise TypeError(f"mask_data must be a 2D array; the rows of {where} differ in length") from error
    if array.ndim != 2 or not array.size:
        raise TypeError(f"mask_data must be a 2D array of class ids; {where} has shape {list(array.shape)}")
    if array.dtype == np.uint8 or (array.dtype == np.uint16 and array.max() > 255):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if array.dtype.kind not in "uif":
        raise TypeError(
            f"Mask data must be integers between 0 and {ID_LIMIT}; {where} has dtype {array.dtype}"
        )
    low, high = array.min(), array.max()
    # The comparison is false for NaN as well.
    if not (low >= 0 and high <= ID_LIMIT):
        raise TypeError(f"Mask data must be integers between 0 and {ID_LIMIT}; {where} has {low}..{high}")
    ids = array.astype(np.uint8 if high <= 255 else np.uint16)
    if array.dtype.kind == "f" and not np.array_equal(ids, array):
        raise TypeError(f"Mask data must be integers between 0 and {ID_LIMIT}; {where} has fractions")
    return ids


def _check_mask_file(data: bytes, what: str) -> tuple[int, int]:
    image, picture_format = open_picture(data, what)
    if picture_format in ("jpg", "webp"):
        raise ValueError(f"{what} is a {picture_format}, which changes class ids; save masks as png")
    if image.mode not in _FILE_MODES:
        raise ValueError(f"{what} is a {image.mode} picture; a mask file is grey or has a palette")
    return image.size


def _array_of(source: Mapping[str, Any], data: bytes | memoryview) -> NDArray[Any]:
    import numpy as np

    if "dtype" in source:
        kept: NDArray[Any] = np.frombuffer(data, source["dtype"]).reshape(source["shape"])
        return kept
    image, picture_format = open_picture(data, "the mask")
    array: NDArray[Any] = np.asarray(image)
    if image.mode == "1":
        return array.astype(np.uint8)
    if picture_format == "png" and image.mode == "L" and data[24] < 8:
        # Pillow stretches 2- and 4-bit grey to 0..255; the ids are what was before.
        array = array // np.uint8(255 // (2 ** data[24] - 1))
    return mask_array(array, "the mask file")


def encode_mask(
    header: Mapping[str, Any], data: bytes | memoryview, classes: Mapping[int, str], put_blob: PutBlob
) -> MaskLayer:
    """The stored layer: ids as a grey PNG, areas, and a label for every id that is present."""
    import numpy as np

    ids = _array_of(header, data)
    counts = np.bincount(ids.reshape(-1))
    areas = {int(each): int(counts[each]) for each in np.flatnonzero(counts)}
    labels = dict(header["class_labels"])
    for each in areas:
        labels.setdefault(each, classes.get(each, f"class_{each}"))
    height, width = ids.shape
    return MaskLayer(
        blob=put_blob(encode_png(ids), MIMES["png"]),
        width=width,
        height=height,
        bit_depth=16 if ids.dtype.itemsize == 2 else 8,
        class_labels=labels,
        areas=areas,
    )
