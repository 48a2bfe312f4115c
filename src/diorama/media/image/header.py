"""Size, pixel layout and orientation of a picture file, read from its header by this module alone.

The training process must not decode what others made, and opening a file with a decoder's library already
unpacks text chunks, colour profiles or whole frames. These few bytes are all that an `Image` needs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from diorama.media.image.formats import check_size, known_formats, sniff

PARTS_LIMIT = 10_000
"""Chunks, segments or tags of a file that are looked at."""
_ORIENTATION = 0x0112
LYING_ORIENTATIONS = frozenset({5, 6, 7, 8})
"""EXIF orientations by which width and height change places."""

_PNG_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}


@dataclass(frozen=True)
class PictureHeader:
    """width, height: pixels as a viewer shows them. mode: Pillow's name of the layout, as far as it can be
    told. orientation: of EXIF, 1 where it is upright."""

    format: str
    width: int
    height: int
    mode: str
    orientation: int = 1


@dataclass(frozen=True)
class _Found:
    width: int
    height: int
    mode: str
    orientation: int = 1


def read_header(data: bytes | memoryview, subject: str) -> PictureHeader:
    """The header of a file in a known format.

    Raises ValueError, naming `subject`, for other formats, headers that make no sense, and sides that are too
    long.
    """
    file_format = sniff(data)
    if file_format is None:
        raise ValueError(f"{subject} is not a picture in a known format ({known_formats()})")
    try:
        found = _READERS[file_format](memoryview(data))
    except (struct.error, IndexError, ValueError, KeyError) as error:
        raise ValueError(f"{subject} starts like a {file_format} but can't be read: {error}") from error
    width, height = found.width, found.height
    if found.orientation in LYING_ORIENTATIONS:
        width, height = height, width
    check_size(width, height, subject=subject)
    return PictureHeader(file_format, width, height, found.mode, found.orientation)


def _png(data: memoryview) -> _Found:
    at, orientation = 8, 1
    found: _Found | None = None
    for _ in range(PARTS_LIMIT):
        length, name = struct.unpack_from(">I4s", data, at)
        if found is None:
            if name != b"IHDR":
                raise ValueError("its first chunk is no header")
            width, height, bits, kind = struct.unpack_from(">IIBB", data, at + 8)
            mode = "1" if (bits, kind) == (1, 0) else "I;16" if (bits, kind) == (16, 0) else _PNG_MODES[kind]
            found = _Found(width, height, mode)
        elif name == b"eXIf":
            orientation = _exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
        if name in (b"IDAT", b"IEND") or at + 8 > len(data):
            break
    if found is None:
        raise ValueError("it has no header")
    return _Found(found.width, found.height, found.mode, orientation)


def _jpg(data: memoryview) -> _Found:
    at, orientation = 2, 1
    for _ in range(PARTS_LIMIT):
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise ValueError("its segments are out of order")
        marker = data[at + 1]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or marker in (0xD9, 0xDA):
            break
        if marker in _JPEG_FRAMES:
            height, width, components = struct.unpack_from(">HHB", data, at + 5)
            return _Found(width, height, _JPEG_MODES[components], orientation)
        if marker == 0xE1 and bytes(data[at + 4 : at + 10]) == b"Exif\x00\x00":
            orientation = _exif_orientation(data[at + 10 : at + 2 + length])
        at += 2 + length
    raise ValueError("it has no frame")


def _gif(data: memoryview) -> _Found:
    width, height, _ = struct.unpack_from("<HHB", data, 6)
    return _Found(width, height, "P")


def _bmp(data: memoryview) -> _Found:
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    elif header_bytes >= 40:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    else:
        raise ValueError(f"a header of {header_bytes} bytes")
    return _Found(width, abs(height), "P" if bits <= 8 else "RGBA" if bits == 32 else "RGB")


def _webp(data: memoryview) -> _Found:
    name = bytes(data[12:16])
    if name == b"VP8X":
        flags, *bytes_of_size = struct.unpack_from("<B3x6B", data, 20)
        width = 1 + (bytes_of_size[0] | bytes_of_size[1] << 8 | bytes_of_size[2] << 16)
        height = 1 + (bytes_of_size[3] | bytes_of_size[4] << 8 | bytes_of_size[5] << 16)
        mode = "RGBA" if flags & 0x10 else "RGB"
        return _Found(width, height, mode, _webp_orientation(data) if flags & 0x08 else 1)
    if name == b"VP8L":
        mark, bits = struct.unpack_from("<BI", data, 20)
        if mark != 0x2F:
            raise ValueError("its lossless part has no signature")
        return _Found(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), "RGBA" if bits >> 28 & 1 else "RGB")
    if name == b"VP8 ":
        mark, width, height = struct.unpack_from("<3x3sHH", data, 20)
        if mark != b"\x9d\x01\x2a":
            raise ValueError("its first frame has no signature")
        return _Found(width & 0x3FFF, height & 0x3FFF, "RGB")
    raise ValueError(f"its first part is {name!r}")


def _webp_orientation(data: memoryview) -> int:
    at = 12
    for _ in range(PARTS_LIMIT):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            body = data[at + 8 : at + 8 + length]
            return _exif_orientation(body[6:] if bytes(body[:4]) == b"Exif" else body)
        at += 8 + length + (length & 1)
    return 1


def _tiff(data: memoryview) -> _Found:
    tags = _tiff_tags(data)
    if 256 not in tags or 257 not in tags:
        raise ValueError("it does not say its size")
    samples, bits = tags.get(277, 1), tags.get(258, 1)
    kind, numbers = tags.get(262, 1), tags.get(339, 1)
    if kind == 3:
        mode = "P"
    elif samples == 1:
        mode = (
            "1" if bits == 1 else "L" if bits <= 8 else "F" if numbers == 3 else "I;16" if bits == 16 else "I"
        )
    elif kind == 8:
        mode = "LAB"
    elif kind == 5:
        mode = "CMYK"
    else:
        mode = {2: "LA", 3: "RGB"}.get(samples, "RGBA")
    orientation = tags.get(_ORIENTATION, 1)
    return _Found(tags[256], tags[257], mode, orientation if 1 <= orientation <= 8 else 1)


def _tiff_tags(data: memoryview) -> dict[int, int]:
    """Tag -> its first number, of the first directory; only numbers that lie in the directory or the file."""
    order: Literal["<", ">"] = "<" if bytes(data[:2]) == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    tags: dict[int, int] = {}
    for number in range(min(count, PARTS_LIMIT)):
        place = at + 2 + 12 * number
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, place)
        code = _TIFF_NUMBERS.get(kind)
        if code is None or values < 1:
            continue
        where = place + 8
        if struct.calcsize(code) * values > 4:
            (where,) = struct.unpack_from(f"{order}I", data, where)
        if where + struct.calcsize(code) <= len(data):
            tags[tag] = struct.unpack_from(f"{order}{code}", data, where)[0]
    return tags


def _exif_orientation(data: memoryview) -> int:
    """1 (upright) when there is none or it can't be read."""
    try:
        orientation = _tiff_tags(data).get(_ORIENTATION, 1) if sniff(data) == "tiff" else 1
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1


def _npy(data: memoryview) -> _Found:
    shape, dtype, _, _ = npy_header(data)
    if dtype.kind not in "buif":
        raise ValueError(f"it holds {dtype}, not numbers")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise ValueError(
            f"its shape is {list(shape)}; a picture is (H, W) or (H, W, C) with 1, 3 or 4 channels"
        )
    channels = 1 if len(shape) == 2 else shape[2]
    mode = (
        "F" if dtype.kind == "f" else "L" if dtype.itemsize == 1 else "I;16" if dtype.itemsize == 2 else "I"
    )
    return _Found(shape[1], shape[0], {3: "RGB", 4: "RGBA"}.get(channels, mode))


def npy_header(data: memoryview):  # type: ignore[no-untyped-def]  # numpy's dtype is not imported at the top
    """(shape, dtype, whether columns come first, where the numbers begin) of a .npy file."""
    import io
    import tokenize

    from numpy.lib import format as npy

    head = io.BytesIO(bytes(data[: 128 * 1024]))
    version = npy.read_magic(head)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        shape, is_fortran, dtype = read(head, max_header_size=10_000)
    except tokenize.TokenError as error:
        # numpy reads the header of a damaged file a second time, as text of Python 2.
        raise ValueError(f"its header can't be read: {error}") from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return shape, dtype, is_fortran, head.tell()


_READERS: dict[str, Callable[[memoryview], _Found]] = {
    "png": _png,
    "jpg": _jpg,
    "gif": _gif,
    "bmp": _bmp,
    "webp": _webp,
    "tiff": _tiff,
    "npy": _npy,
}
