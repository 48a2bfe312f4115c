"""Images, with masks, boxes, polygons and keypoints over them."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.warn import warn_user
from diorama.media.image.codec import render_pixels
from diorama.media.image.formats import SIDE_LIMIT
from diorama.media.image.overlays.boxes import BoundingBoxes2D
from diorama.media.image.overlays.keypoints import Keypoints2D
from diorama.media.image.overlays.layers import NO_CLASSES, Classes
from diorama.media.image.overlays.masks import ImageMask
from diorama.media.image.overlays.polygons import Polygons2D
from diorama.media.image.picture import Picture, picture_from
from diorama.media.image.pixels import CONVERTIBLE_MODES, RULES, Pixels, pillow_from_pixels
from diorama.model import clean_text

if TYPE_CHECKING:
    import PIL.Image

FILE_TYPES = ("png", "jpg", "jpeg", "bmp")


class Image(Media):
    """A picture to log.

    Accepts as `data_or_path`:
    * an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of any bool, integer or float type (also float16 and
      bfloat16), numpy, JAX, TensorFlow or CuPy; axes of size 1 in front are dropped; nested lists too,
    * a torch tensor (H, W) or (C, H, W) on any device, with or without gradient,
    * a PIL image in any mode that Pillow converts (L, LA, P, RGB, RGBA and I;16 stay as they are),
    * the path (or the bytes) of a png, jpg, bmp, gif, webp, tiff or npy, kept byte for byte,
    * a matplotlib figure, axes or pyplot, drawn now,
    * another `Image`: its picture, caption, grouping and classes, not what lies over it.

    `mode`: Pillow mode to convert to ("I;16" keeps 16-bit numbers). `caption`: text. `grouping`: int, kept.
    `classes`: `Classes` or a list of {"id", "name"} with perhaps a "color".
    `masks`: {layer: {"mask_data" or "path", "class_labels"}}, see `ImageMask`.
    `boxes`: {layer: {"box_data", "class_labels"}}, see `BoundingBoxes2D`.
    `polygons`: {layer: {"polygon_data", "class_labels"}}, see `Polygons2D`.
    `keypoints`: {layer: {"keypoint_data", "names", "skeleton", "class_labels"}}, see `Keypoints2D`.
    `file_type`: "png" (lossless), "jpg", "jpeg" or "bmp". `normalize`: True scales numbers to 0..255 as
    `diorama.media.image.pixels` says, "unit", "minmax" and "percentile" by that rule; False casts them.
    `keep_original`: numbers that 8 bits can't tell are kept beside the picture; the default is yes, but not
    for a jpg.
    `sample_id`: names the example across steps and runs.
    A file on disk is never converted: mode and file_type don't apply to it; normalize only to what is shown
    of a tiff or npy. Of a file only the header is read here; workers decode it later.

    A mask of another size than its picture warns, and is drawn scaled.

    Raises: ValueError for a shape, file, size (more than 65,500 pixels a side), mode, file type or URL that
    can't be, and for a mask of the unturned size of a photo that its EXIF orientation turns; TypeError for a
    batch, for values and dtypes that are no picture; FileNotFoundError.

    >>> Image([[0.0, 0.5], [0.5, 1.0]], caption="a corner").image.getpixel((1, 1))
    255
    """

    KIND = "image"
    MAX_DIMENSION = SIDE_LIMIT

    _picture: Picture
    _mode: str | None
    _file_type: str | None
    _normalize: bool | str
    _keeps_original: bool
    caption: str | None
    grouping: int | None
    classes: Classes | None

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Classes | Sequence[Mapping[str, Any]] | None = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool | str = True,
        sample_id: str | None = None,
        *,
        polygons: Mapping[str, Any] | None = None,
        keypoints: Mapping[str, Any] | None = None,
        keep_original: bool | None = None,
    ) -> None:
        if file_type is not None and file_type not in FILE_TYPES:
            raise ValueError(f"file_type must be one of {list(FILE_TYPES)}, not {file_type!r}")
        if mode is not None and mode not in CONVERTIBLE_MODES:
            raise ValueError(f"mode must be one of {list(CONVERTIBLE_MODES)}, not {mode!r}")
        if isinstance(normalize, str) and normalize not in RULES:
            raise ValueError(f"normalize must be True, False or one of {list(RULES)}, not {normalize!r}")
        if isinstance(data_or_path, Image):
            source = data_or_path
            self._picture = source._picture
            caption = source.caption if caption is None else caption
            grouping = source.grouping if grouping is None else grouping
            classes = source.classes if classes is None else classes
            mode, file_type = mode or source._mode, file_type or source._file_type
            normalize = source._normalize if normalize is True else normalize
            keep_original = source._keeps_original if keep_original is None else keep_original
        else:
            self._picture = picture_from(data_or_path)
        self.width = self._picture.width
        self.height = self._picture.height
        self._mode, self._file_type = mode, file_type
        self._normalize = normalize if isinstance(normalize, str) else bool(normalize)
        self.format = self._picture.file_format or file_type or "png"
        is_jpg = self._stored_format == "jpg"
        self._keeps_original = not is_jpg if keep_original is None else bool(keep_original)
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self.grouping = None if grouping is None else operator.index(grouping)
        self.classes = (
            Classes(classes) if classes is not None and not isinstance(classes, Classes) else classes
        )
        self.masks = {name: _mask(mask, name) for name, mask in _layers(masks, "masks")}
        self.boxes = {name: _boxes(layer, name) for name, layer in _layers(boxes, "boxes")}
        self.polygons = {
            name: layer if isinstance(layer, Polygons2D) else Polygons2D(layer, name)
            for name, layer in _layers(polygons, "polygons")
        }
        self.keypoints = {
            name: layer if isinstance(layer, Keypoints2D) else Keypoints2D(layer, name)
            for name, layer in _layers(keypoints, "keypoints")
        }
        for name, mask in self.masks.items():
            _check_mask_size(mask, f"masks[{name!r}]", self._picture)
        if is_jpg and self._picture.has_alpha and mode in (None, "RGBA", "LA"):
            warn_user("a jpg has no alpha channel: it is dropped; file_type='png' keeps it")

    @property
    def image(self) -> PIL.Image.Image:
        """The picture as a Pillow image, made when asked for. A file is decoded here, by Pillow."""
        return pillow_from_pixels(self._pixels())

    @property
    def _stored_format(self) -> str:
        """The format by its one name: "jpeg" is what a user may call it."""
        return "jpg" if self.format == "jpeg" else self.format

    def _pixels(self) -> Pixels:
        header = self._picture.header
        return render_pixels(
            header, self._picture.kept.read(), self._mode, self._normalize, self._stored_format
        )

    def snapshot(self) -> Snapshot:
        header: dict[str, Any] = {
            "picture": self._picture.header,
            "mode": self._mode,
            "file_type": self._stored_format,
            "normalize": self._normalize,
            "caption": self.caption,
            "grouping": self.grouping,
            "sample_id": self.sample_id,
            "width": self.width,
            "height": self.height,
        }
        if not self._keeps_original:
            header["keep_original"] = False
        if not (self.masks or self.boxes or self.classes or self.polygons or self.keypoints):
            return Snapshot("image", header, (self._picture.kept,))
        classes = self.classes if self.classes is not None else NO_CLASSES
        masks = [mask.snapshot() for mask in self.masks.values()]
        header["classes"] = classes.names
        if classes.colors:
            header["class_colors"] = classes.colors
        header["masks"] = dict(zip(self.masks, (mask_header for mask_header, _ in masks), strict=True))
        for part, layers in (
            ("boxes", self.boxes),
            ("polygons", self.polygons),
            ("keypoints", self.keypoints),
        ):
            if layers:
                header[part] = {
                    name: msgspec.to_builtins(layer.layer_with(classes)) for name, layer in layers.items()
                }
        return Snapshot("image", header, (self._picture.kept, *(kept for _, kept in masks)))

    def __eq__(self, other: object) -> bool:
        """Same pixels, caption, grouping, size and classes; what lies over it doesn't count, as in W&B."""
        import numpy as np

        if not isinstance(other, Image):
            return NotImplemented
        mine = (self.width, self.height, self.caption, self.grouping, self.classes)
        if mine != (other.width, other.height, other.caption, other.grouping, other.classes):
            return False
        return np.array_equal(np.asarray(self.image), np.asarray(other.image))

    __hash__ = None  # type: ignore[assignment]  # equal pictures may be different objects

    def __repr__(self) -> str:
        return f"Image({self.width}x{self.height} {self.format}, caption={self.caption!r})"


def _check_mask_size(mask: ImageMask, where: str, picture: Picture) -> None:
    """Warn of a mask that will be drawn larger or smaller; raise ValueError where it lies on its side."""
    if (mask.width, mask.height) == (picture.width, picture.height):
        return
    sizes = f"{where} is {mask.width}x{mask.height} pixels, its image {picture.width}x{picture.height}"
    # How a mask of any resolution fits the picture as it lies in the file, and as it is shown.
    is_lying = mask.width * picture.width == mask.height * picture.height
    if picture.is_turned and is_lying and mask.width * picture.height != mask.height * picture.width:
        raise ValueError(
            f"{sizes} (width x height): its EXIF orientation ({picture.orientation}) turns the picture when "
            "it is shown, and this mask fits the unturned one. Turn the mask as well "
            "(PIL.ImageOps.exif_transpose turns the picture), or log the picture as it lies in the file: "
            "Image(np.asarray(PIL.Image.open(path)), masks=...)"
        )
    warn_user(
        f"{sizes} (width x height): each of its pixels is drawn over as many of the image's as it takes; "
        "the mask is kept in its own size"
    )


def _layers(layers: Any, argument: str) -> list[tuple[str, Any]]:
    if layers is None:
        return []
    if not isinstance(layers, Mapping):
        raise ValueError(f'Images "{argument}" argument must be a dictionary, not {type(layers).__name__}')
    return [(clean_text(name), layer) for name, layer in layers.items()]


def _mask(mask: Any, name: str) -> ImageMask:
    return mask if isinstance(mask, ImageMask) else ImageMask(mask, name)


def _boxes(boxes: Any, name: str) -> BoundingBoxes2D:
    return boxes if isinstance(boxes, BoundingBoxes2D) else BoundingBoxes2D(boxes, name)
