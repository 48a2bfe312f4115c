"""Pixels become files: the picture in the wanted format, and a small WebP to show in grids."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from diorama.media.image.formats import orientation_of
from diorama.media.image.pixels import Pixels, convert_pixels, pillow_from_pixels, pixels_from_pillow
from diorama.media.image.png import encode_png

if TYPE_CHECKING:
    import PIL.Image

THUMBNAIL_SIDE = 256
"""Longest side of a thumbnail, in pixels."""
THUMBNAIL_FROM_BYTES = 64 * 1024
"""A small picture with more bytes gets a thumbnail too."""

_PILLOW_NAMES = {"jpg": "JPEG", "bmp": "BMP"}
_MODES = {"jpg": {"LA": "L", "I;16": "L", "P": "RGB", "RGBA": "RGB"}, "bmp": {"LA": "RGBA", "I;16": "L"}}


def write_picture(pixels: Pixels, file_format: str) -> tuple[bytes, Pixels]:
    """The file's bytes, and the pixels as the format could hold them (jpg drops alpha, 16 bits become 8)."""
    if file_format == "png":
        return encode_png(pixels.array, palette=pixels.palette, transparency=pixels.transparency), pixels
    mode = _MODES[file_format].get(pixels.mode)
    if mode is not None and file_format == "jpg" and pixels.mode in ("LA", "RGBA"):
        # Cut the alpha channel off: a conversion would do the same, slower.
        array = pixels.array[:, :, 0] if mode == "L" else pixels.array[:, :, :3]
        pixels = replace(pixels, array=array, mode=mode)
    elif mode is not None:
        pixels = convert_pixels(pixels, mode)
    file = io.BytesIO()
    pillow_from_pixels(pixels).save(file, _PILLOW_NAMES[file_format])
    return file.getvalue(), pixels


def needs_thumbnail(width: int, height: int, size_bytes: int) -> bool:
    """Whether the picture is too large to stand for itself in a grid."""
    return max(width, height) > THUMBNAIL_SIDE or size_bytes > THUMBNAIL_FROM_BYTES


def thumbnail_from_pixels(pixels: Pixels) -> bytes:
    """A WebP of at most THUMBNAIL_SIDE pixels a side."""
    if pixels.mode == "I;16":
        pixels = convert_pixels(pixels, "L")
    return _webp(pillow_from_pixels(pixels))


def thumbnail_from_file(image: PIL.Image.Image) -> bytes:
    """A WebP of a user's file (its first frame, upright). Raises what its decoder raises; call it in a
    worker."""
    import PIL.ImageOps

    orientation = orientation_of(image)
    # A JPEG can be decoded at a fraction of its size.
    image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
    image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return thumbnail_from_pixels(pixels_from_pillow(PIL.ImageOps.exif_transpose(image)))
    small = _shrink(image)
    if orientation != 1:
        small.getexif()[0x0112] = orientation
        small = PIL.ImageOps.exif_transpose(small)
    return _webp(small)


def _shrink(image: PIL.Image.Image) -> PIL.Image.Image:
    import PIL.Image

    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    longest = max(image.size)
    if longest <= THUMBNAIL_SIDE:
        return image
    if longest >= 2 * THUMBNAIL_SIDE:
        image = image.reduce(longest // THUMBNAIL_SIDE)
    longest = max(image.size)
    if longest > THUMBNAIL_SIDE:
        width, height = (max(1, round(side * THUMBNAIL_SIDE / longest)) for side in image.size)
        image = image.resize((width, height), PIL.Image.Resampling.BILINEAR)
    return image


def _webp(image: PIL.Image.Image) -> bytes:
    image = _shrink(image)
    if image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA" if image.mode in ("LA", "PA") else "RGB")
    file = io.BytesIO()
    image.save(file, "WEBP", method=0, quality=80)
    return file.getvalue()
