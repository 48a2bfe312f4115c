"""The picture formats that are read and written, known by their first bytes.

Only the decoders named here ever run on a user's file, whatever its name says.
"""

from __future__ import annotations

import importlib
import io
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import PIL.Image

MIMES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "npy": "application/x-npy",
}
UNDRAWABLE = frozenset({"tiff", "npy"})
"""Formats that browsers don't draw."""
SIDE_LIMIT = 65_500
"""Pixels per side; what JPEG can hold, and W&B's limit too."""
PIXEL_LIMIT = 178_956_970
"""Pixels of a file that is decoded: where Pillow too calls it a decompression bomb. Larger ones are only
kept."""

_DECODERS = {
    "png": ("PIL.PngImagePlugin", "PngImageFile"),
    "jpg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
}
DECODE_ERRORS = (OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, EOFError, struct.error)
"""What Pillow's decoders raise on bytes that are not what they say."""

_EXIF_ORIENTATION = 0x0112


def sniff(data: bytes | memoryview) -> str | None:
    """The format that the first bytes tell, or None."""
    head = bytes(data[:16])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return "tiff"
    if head.startswith(b"BM"):
        return "bmp"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    return None


def known_formats() -> str:
    return ", ".join(MIMES)


def open_picture(data: bytes | memoryview, subject: str) -> tuple[PIL.Image.Image, str]:
    """A Pillow image (its pixels are not decoded yet) and its format.

    Raises ValueError, naming `subject`, for other formats, broken headers, more than SIDE_LIMIT pixels
    a side or PIXEL_LIMIT pixels in all.
    """
    picture_format = sniff(data)
    if picture_format is None:
        raise ValueError(f"{subject} is not a picture in a known format ({known_formats()})")
    if picture_format not in _DECODERS:
        raise ValueError(f"{subject} is a {picture_format}, which Pillow does not read")
    module, name = _DECODERS[picture_format]
    try:
        # The plugin's class itself, not Image.open: that would warn about size by Python's global filters.
        image: PIL.Image.Image = getattr(importlib.import_module(module), name)(io.BytesIO(data))
    except DECODE_ERRORS as error:
        raise ValueError(f"{subject} starts like a {picture_format} but can't be read: {error}") from error
    check_size(*image.size, subject=subject)
    check_pixel_count(*image.size)
    return image, picture_format


def check_pixel_count(width: int, height: int) -> None:
    """Raise ValueError for a picture that is too large to be decoded."""
    if width * height > PIXEL_LIMIT:
        raise ValueError(
            f"too large to preview: {width:,} x {height:,} pixels ({width * height / 1e9:.1f} gigapixels)"
        )


def check_size(width: int, height: int, *, subject: str) -> None:
    """Raise ValueError for a picture without pixels or with a side that is too long."""
    if width < 1 or height < 1:
        raise ValueError(f"{subject} has no pixels ({width}x{height})")
    if max(width, height) > SIDE_LIMIT:
        raise ValueError(f"{subject} is {width}x{height} pixels; the limit is {SIDE_LIMIT:,} per side")


def orientation_of(image: PIL.Image.Image) -> int:
    """The EXIF orientation, 1 (upright) when there is none or it can't be read."""
    try:
        orientation: Any = image.getexif().get(_EXIF_ORIENTATION, 1)
    except DECODE_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
