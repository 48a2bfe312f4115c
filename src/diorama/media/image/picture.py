"""The source of an image, as it was given: checked and copied once, not yet encoded.

A `Picture` travels in an image's snapshot; `pixels_from_picture` turns it into pixels, in the sidecar
or when somebody asks an `Image` for its pixels. Forms of the header:

    array    dtype, shape, and is_final (pixels as they are) or not (numbers, see pixels.py);
             channels_first: the buffer is (C, H, W), the shape still (H, W, C);
             flipped: axes along which the buffer runs backwards
    palette  shape, palette, transparency: indices into a palette
    file     format, mode; is_final: the user's file, kept byte for byte and decoded by workers only; or else
             one that we drew ourselves, to be encoded again
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.foreign import array_from, family_of, figure_from
from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import read_file
from diorama.media.image.formats import check_size, open_picture
from diorama.media.image.header import LYING_ORIENTATIONS, read_header
from diorama.media.image.original import array_from_npy
from diorama.media.image.pixels import (
    Pixels,
    palette_of,
    pixels_from_numbers,
    pixels_from_pillow,
    sixteen_bits_of,
    storable,
)

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Picture:
    """What an image was made of: a small header, the bytes, and the size in pixels as shown."""

    header: dict[str, Any]
    kept: Kept
    width: int
    height: int

    @property
    def file_format(self) -> str | None:
        """The format of the user's own file that is kept unchanged; None for anything else."""
        return self.header["format"] if self.header["form"] == "file" and self.header["is_final"] else None

    @property
    def orientation(self) -> int:
        """The EXIF orientation of a file, 1 (upright) for anything else."""
        orientation: int = self.header.get("orientation", 1)
        return orientation

    @property
    def is_turned(self) -> bool:
        """Whether width and height change places when the file is shown."""
        return self.orientation in LYING_ORIENTATIONS

    @property
    def has_alpha(self) -> bool:
        shape = self.header.get("shape", ())
        return len(shape) == 3 and shape[2] in (2, 4)


def picture_from(value: Any) -> Picture:
    """The picture of anything that `Image` accepts. Raises as `Image` says."""
    if isinstance(value, (str, os.PathLike)):
        return _picture_from_path(value)
    if isinstance(value, (bytes, bytearray)):
        return _picture_from_file(bytes(value), "the encoded picture", is_final=True)
    family = family_of(type(value))
    if family == "pillow":
        return _picture_from_pillow(value)
    if family in (None, "figure", "axes"):
        figure = figure_from(value)
        if figure is not None:
            return _picture_from_figure(figure)
        if not isinstance(value, (list, tuple)) and not hasattr(value, "__array__"):
            raise TypeError(
                f"can't make an image of {type(value).__name__}; give an array, a tensor, nested lists, "
                "a PIL image, a matplotlib figure or the path of a picture"
            )
    try:
        array = array_from(value)
    except ValueError as error:
        if isinstance(value, (list, tuple)):
            raise ValueError(f"the rows of the picture differ in length: {error}") from error
        raise
    return _picture_from_array(array, is_channels_first=family == "torch")


def _picture_from_array(array: NDArray[Any], *, is_channels_first: bool) -> Picture:
    if array.dtype.kind not in "buif":
        raise TypeError(f"an image needs numbers or bools, not an array of dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype("float64")
    array = _as_channels_last(array, is_channels_first=is_channels_first)
    height, width = array.shape[:2]
    check_size(width, height, subject="the image")
    header = {"form": "array", "dtype": array.dtype.str, "shape": list(array.shape), "is_final": False}
    if not array.flags.c_contiguous and min(array.strides) < 0:
        # BGR turned to RGB, or upside down: the memory is kept as it lies and turned when it is encoded.
        header["flipped"] = [axis for axis, stride in enumerate(array.strides) if stride < 0]
        array = array[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)]
    if array.flags.c_contiguous:
        kept = keep_array(array)
    elif array.ndim == 3 and (planes := array.transpose(2, 0, 1)).flags.c_contiguous:
        # A channels-first tensor is kept as it lies in memory: turning it costs more than copying it.
        header["channels_first"] = True
        kept = keep_array(planes)
    else:
        kept = keep(array.tobytes())
    return Picture(header, kept, width, height)


def keep_array(array: NDArray[Any]) -> Kept:
    """Keep one copy of a C-contiguous array's bytes."""
    return keep(array.reshape(-1).view("u1").data) if array.size else keep(b"")


def _as_channels_last(array: NDArray[Any], *, is_channels_first: bool) -> NDArray[Any]:
    """The array as (H, W) or (H, W, C), C 3 or 4. Sizes of 1 go only where they can't be pixels."""
    given = list(array.shape)
    while array.ndim > 3 and 1 in array.shape:
        array = array.squeeze(axis=array.shape.index(1))
    if array.ndim > 3:
        raise TypeError(
            f"Un-supported shape for image conversion {given}: a batch; log a list of images instead"
        )
    if array.ndim == 3:
        first, _, last = array.shape
        if is_channels_first and (first in _CHANNELS or last not in _CHANNELS):
            array = array.transpose(1, 2, 0)
        elif not is_channels_first and last not in _CHANNELS and first == 1:
            array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _CHANNELS):
        raise ValueError(
            f"Un-supported shape for image conversion {given}: {_shape_hint(given, is_channels_first)}"
        )
    return array


def _shape_hint(shape: list[int], is_channels_first: bool) -> str:
    if is_channels_first:
        return "a tensor must be (H, W) or (C, H, W) with 1, 3 or 4 channels"
    if len(shape) == 3 and shape[0] in _CHANNELS:
        return f"the channels come first; use array.transpose(1, 2, 0) for shape {[*shape[1:], shape[0]]}"
    return "an array must be (H, W) or (H, W, C) with 1, 3 or 4 channels"


def _picture_from_pillow(image: PIL.Image.Image) -> Picture:
    width, height = image.size
    check_size(width, height, subject="the PIL image")
    image.load()
    image = storable(image)
    if image.mode == "P":
        palette, transparency = palette_of(image)
        header = {
            "form": "palette",
            "shape": [height, width],
            "palette": palette,
            "transparency": transparency,
        }
        return Picture(header, keep(image.tobytes()), width, height)
    if image.mode in ("I", "F"):
        import numpy as np

        return _picture_from_array(np.asarray(image), is_channels_first=False)
    if image.mode.startswith("I;16"):
        array = pixels_from_pillow(image).array
        return _final_array(keep_array(array), array.dtype.str, (height, width))
    channels = len(image.getbands())
    shape = (height, width) if channels == 1 else (height, width, channels)
    return _final_array(keep(image.tobytes()), "|u1", shape)


def _final_array(kept: Kept, dtype: str, shape: tuple[int, ...]) -> Picture:
    header = {"form": "array", "dtype": dtype, "shape": list(shape), "is_final": True}
    return Picture(header, kept, shape[1], shape[0])


def _picture_from_figure(figure: Any) -> Picture:
    # Stored, not deflated: the training process should draw the figure, not compress it.
    png = io.BytesIO()
    figure.savefig(png, format="png", pil_kwargs={"compress_level": 0})
    return _picture_from_file(png.getvalue(), "the figure", is_final=False)


def _picture_from_path(path: str | os.PathLike[str]) -> Picture:
    return _picture_from_file(read_file(path, subject="the picture"), repr(str(path)), is_final=True)


def _picture_from_file(data: bytes, subject: str, *, is_final: bool) -> Picture:
    found = read_header(data, subject)
    header = {"form": "file", "format": found.format, "mode": found.mode, "is_final": is_final}
    if found.orientation != 1:
        header["orientation"] = found.orientation
    return Picture(header, keep(data), found.width, found.height)


def pixels_from_picture(
    header: Mapping[str, Any], data: bytes | memoryview, *, normalize: bool | str, bits: int | None = 8
) -> Pixels:
    """The pixels of a picture. bits: 8; 16 makes numbers 16-bit grey; None: as many as they need.

    A file is decoded here and now: whoever calls runs in a worker, decodes what we drew, or was asked to.
    """
    import numpy as np

    if header["form"] == "file":
        if header.get("format") == "npy":
            return pixels_from_numbers(array_from_npy(data), normalize=normalize)
        import PIL.ImageOps

        image, _ = open_picture(data, "the picture")
        return pixels_from_pillow(PIL.ImageOps.exif_transpose(image), normalize=normalize)
    if header["form"] == "palette":
        indices = np.frombuffer(data, np.uint8).reshape(header["shape"])
        return Pixels(indices, "P", header["palette"], header["transparency"])
    array = numbers_of(header, data)
    if not header["is_final"] or isinstance(normalize, str):
        if bits is None and normalize is True and (deep := sixteen_bits_of(array)) is not None:
            return deep
        return pixels_from_numbers(
            array, normalize=normalize, top=65535 if bits == 16 and array.ndim == 2 else 255
        )
    if array.dtype.itemsize == 2:
        return Pixels(array, "I;16")
    return Pixels(array, {2: "LA", 3: "RGB", 4: "RGBA"}[array.shape[2]] if array.ndim == 3 else "L")


def numbers_of(header: Mapping[str, Any], data: bytes | memoryview) -> NDArray[Any]:
    """The array of a picture of the form "array", as it was given."""
    import numpy as np

    shape = tuple(header["shape"])
    array: NDArray[Any] = np.frombuffer(data, header["dtype"])
    if header.get("channels_first"):
        array = array.reshape(shape[2], *shape[:2]).transpose(1, 2, 0)
    else:
        array = array.reshape(shape)
    return np.flip(array, header["flipped"]) if "flipped" in header else array
