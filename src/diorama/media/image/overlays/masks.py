"""Masks: a class or instance id for every pixel of an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import PutBlob
from diorama.media.core.foreign import array_from, without_leading_ones
from diorama.media.core.keep import Kept, keep
from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.core.user_file import read_file
from diorama.media.image.formats import MIMES, check_pixel_count, open_picture, sniff
from diorama.media.image.header import read_header
from diorama.media.image.original import array_from_npy
from diorama.media.image.overlays.layers import MaskLayer, class_labels_from, colors_for, warn_of_unknown_keys
from diorama.media.image.picture import keep_array
from diorama.media.image.png import encode_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

ID_LIMIT = 2**32 - 1
LISTED_IDS_LIMIT = 4096
"""A layer with more ids lists only the largest areas, and only labels that were given."""
_KEYS = frozenset({"mask_data", "path", "class_labels", "packed"})
_FILE_MODES = frozenset({"1", "L", "P", "I", "I;16", "F"})
_PACKED_MODES = frozenset({"RGB", "RGBA"})


class ImageMask:
    """One mask layer of an image.

    Accepts: `val`, a dict with either `mask_data` (2-D array, tensor or nested lists of class or instance ids
    0..4,294,967,295; bools and floats with whole values too) or `path` (a png, bmp, gif or tiff in grey or
    palette mode, or a .npy, whose values are ids), and optionally `class_labels` (dict of int -> text, or
    `Classes`; ids without a label are called class_<id>) and `packed` (True: the file at `path` is RGB, and
    an id is R + 256 G + 65,536 B, as in COCO's panoptic files); `key`, the layer's name.
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
        self._classes = class_labels_from(val.get("class_labels"), where)
        self._kept: Kept
        self._source: dict[str, Any]
        if val.get("mask_data") is not None:
            array = mask_array(val["mask_data"], where)
            self.height, self.width = array.shape
            self._source = {"dtype": array.dtype.str, "shape": list(array.shape)}
            self._kept = keep_array(array) if array.flags.c_contiguous else keep(array.tobytes())
        elif val.get("path") is not None:
            data = read_file(val["path"], subject="the mask")
            is_packed = bool(val.get("packed", False))
            self.width, self.height = _check_mask_file(data, f"{where}['path']", is_packed=is_packed)
            self._source = {"packed": is_packed, "shape": [self.height, self.width]}
            self._kept = keep(data)
        else:
            raise KeyError(f"'mask_data': {where} needs either 'mask_data' or 'path'")
        warn_of_unknown_keys(val, _KEYS, where)

    def snapshot(self) -> tuple[dict[str, Any], Kept]:
        """(header, buffer) for the image's snapshot."""
        header = {"key": self.key, "class_labels": self.class_labels, **self._source}
        if self._classes.colors:
            header["class_colors"] = self._classes.colors
        return header, self._kept

    @property
    def class_labels(self) -> dict[int, str]:
        """Class id -> name, as they were given."""
        return self._classes.names

    def array(self) -> NDArray[Any]:
        """The class ids, uint8, uint16 or uint32, (height, width). Raises ValueError for a broken file."""
        return _array_of(self._source, self._kept.read())


def mask_array(mask_data: Any, where: str) -> NDArray[Any]:
    """Class ids as a 2-D uint8, uint16 or uint32 array. Raises TypeError for anything else."""
    import numpy as np

    try:
        array = array_from(mask_data)
    except ValueError as error:
        raise TypeError(f"mask_data must be a 2D array; the rows of {where} differ in length") from error
    given = array.shape
    array = without_leading_ones(array, 2)
    if array.ndim != 2 or not array.size:
        raise TypeError(f"mask_data must be a 2D array of class ids; {where} has shape {list(given)}")
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
    ids = array.astype(np.uint8 if high <= 255 else np.uint16 if high <= 65_535 else np.uint32)
    if array.dtype.kind == "f" and not np.array_equal(ids, array):
        raise TypeError(f"Mask data must be integers between 0 and {ID_LIMIT}; {where} has fractions")
    return ids


def _check_mask_file(data: bytes, subject: str, *, is_packed: bool) -> tuple[int, int]:
    header = read_header(data, subject)
    if header.format in ("jpg", "webp"):
        raise ValueError(f"{subject} is a {header.format}, which changes class ids; save masks as png")
    if is_packed != (header.mode in _PACKED_MODES) or header.mode not in _FILE_MODES | _PACKED_MODES:
        hint = "; if an id is R + 256 G + 65536 B, say 'packed': True" if header.mode in _PACKED_MODES else ""
        wanted = "a packed mask file is RGB" if is_packed else "a mask file is grey or has a palette"
        raise ValueError(f"{subject} is a {header.mode} picture; {wanted}{hint}")
    return header.width, header.height


def ids_from_file(data: bytes | memoryview, *, is_packed: bool, has_opacity: bool) -> NDArray[Any]:
    """The ids of a mask's file; decodes it, so call it in a worker. Raises what decoders raise.

    has_opacity: the fourth channel of a packed file is opacity, as in other people's files; in ours it is the
    fourth byte of the id.
    """
    import numpy as np

    if sniff(data) == "npy":
        return mask_array(array_from_npy(data), "the mask file")
    image, picture_format = open_picture(data, "the mask")
    array: NDArray[Any] = np.asarray(image)
    if is_packed:
        if array.ndim != 3 or array.shape[2] not in (3, 4):
            raise ValueError(f"a {image.mode} picture holds no packed ids")
        used = 3 if has_opacity else array.shape[2]
        packed = np.zeros((*array.shape[:2], 4), np.uint8)
        packed[:, :, :used] = array[:, :, :used]
        return packed.view("<u4")[:, :, 0]
    if image.mode == "1":
        return array.astype(np.uint8)
    if picture_format == "png" and image.mode == "L" and data[24] < 8:
        # Pillow stretches 2- and 4-bit grey to 0..255; the ids are what was before.
        array = array // np.uint8(255 // (2 ** data[24] - 1))
    return mask_array(array, "the mask file")


def _array_of(source: Mapping[str, Any], data: bytes | memoryview) -> NDArray[Any]:
    import numpy as np

    if "dtype" in source:
        kept: NDArray[Any] = np.frombuffer(data, source["dtype"]).reshape(source["shape"])
        return kept
    # Journals of older versions say neither.
    if "shape" in source:
        check_pixel_count(*source["shape"])
    header = {"want": "ids", "packed": source.get("packed", False), "has_opacity": True}
    found = run_limited("diorama.media.image.facts:decode_pixels", header, data)
    ids: NDArray[Any] = np.frombuffer(found["data"], found["dtype"]).reshape(found["shape"])
    return ids


def encode_mask(
    header: Mapping[str, Any],
    data: bytes | memoryview,
    classes: Mapping[int, str],
    put_blob: PutBlob,
    colors: Mapping[int, str],
) -> MaskLayer:
    """The stored layer: ids as a PNG, areas, and a label for every id that is present.

    classes, colors: names and colours of classes that all layers of the image share.
    """
    try:
        ids = _array_of(header, data)
    except (DecodeError, ValueError) as error:
        height, width = header.get("shape", (0, 0))
        mime = MIMES.get(sniff(data) or "", "application/octet-stream")
        return MaskLayer(
            blob=put_blob(data, mime),
            width=width,
            height=height,
            class_labels=dict(header["class_labels"]),
            class_colors=dict(header.get("class_colors", {})),
            note=f"the mask can't be decoded: {str(error).partition(': ')[2] or error}"[:300],
        )
    areas, id_count = _areas_of(ids)
    labels = dict(header["class_labels"])
    if id_count == len(areas):
        for each in areas:
            labels.setdefault(each, classes.get(each, f"class_{each}"))
    height, width = ids.shape
    return MaskLayer(
        blob=put_blob(encode_png(_packed(ids)), MIMES["png"]),
        width=width,
        height=height,
        bit_depth={1: 8, 2: 16, 4: 32}[ids.dtype.itemsize],  # type: ignore[arg-type]  # one of the three
        class_labels=labels,
        class_colors=colors_for(header.get("class_colors", {}), colors, labels),
        areas=areas,
        id_count=id_count if id_count > len(areas) else 0,
    )


def _areas_of(ids: NDArray[Any]) -> tuple[dict[int, int], int]:
    """(id -> pixels in the order of ids, of the largest areas; how many ids there are)."""
    import numpy as np

    if ids.dtype.itemsize < 4:
        all_counts = np.bincount(ids.reshape(-1))
        present = np.flatnonzero(all_counts)
        counts = all_counts[present]
    else:
        present, counts = np.unique(ids, return_counts=True)
    if len(present) > LISTED_IDS_LIMIT:
        largest = np.sort(np.argsort(-counts, kind="stable")[:LISTED_IDS_LIMIT])
        return dict(zip(present[largest].tolist(), counts[largest].tolist(), strict=True)), len(present)
    return dict(zip(present.tolist(), counts.tolist(), strict=True)), len(present)


def _packed(ids: NDArray[Any]) -> NDArray[Any]:
    """Ids as the numbers of a PNG: grey, or bytes in RGB (RGBA) with the least first."""
    import numpy as np

    if ids.dtype.itemsize < 4:
        return ids
    parts = np.ascontiguousarray(ids, "<u4").view(np.uint8).reshape(*ids.shape, 4)
    return parts if parts[:, :, 3].any() else np.ascontiguousarray(parts[:, :, :3])
