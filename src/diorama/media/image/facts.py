"""What is made of a picture file: in a worker, because somebody else made the file.

`inspect` is called through `run_limited`, and so is `decode_pixels`, the read side. Nothing here runs in the
training process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.core.extent import Data, view_of
from diorama.media.image.formats import UNDRAWABLE, check_pixel_count, open_picture, orientation_of, sniff
from diorama.media.image.original import array_from_npy, facts_of, is_deep, pack_npy
from diorama.media.image.overlays.masks import ids_from_file
from diorama.media.image.picture import pixels_from_picture
from diorama.media.image.pixels import (
    Pixels,
    convert_pixels,
    drawn_pixels,
    pixels_from_numbers,
    pixels_from_pillow,
)
from diorama.media.image.rendition import (
    needs_thumbnail,
    thumbnail_from_file,
    thumbnail_from_pixels,
    write_picture,
)

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

_HIGH_BYTES, _LOW_BYTES = ";16B", ";16L"


def inspect(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """Everything about a picture file that has to be decoded for. header: width, height, normalize.

    Gives mode, thumbnail, preview (None where the file itself will do), original (fields of OriginalValues,
    with `data` and `mime` where it needs a blob), and how numbers became pixels.
    Raises what decoders raise, and ValueError for a file that is too large.
    """
    check_pixel_count(header["width"], header["height"])
    data = view_of(data)
    if sniff(data) == "npy":
        return _from_numbers(array_from_npy(data), header["normalize"])
    image, file_format = open_picture(data, "the picture")
    mode = image.mode
    deep = _deep_png(image, data) if file_format == "png" else None
    if deep is not None:
        found: dict[str, Any] = {"mode": mode, "original": {"form": "picture", **facts_of(deep)}}
        drawn = drawn_pixels(deep, header["normalize"])
        if drawn is not None:
            found |= {"shown_range": drawn.shown_range, "preview": write_picture(drawn, "png")[0]}
        if needs_thumbnail(header["width"], header["height"], len(data)):
            found["thumbnail"] = thumbnail_from_file(image) if drawn is None else thumbnail_from_pixels(drawn)
        return found
    if file_format not in UNDRAWABLE:
        if needs_thumbnail(header["width"], header["height"], len(data)):
            return {"mode": mode, "thumbnail": thumbnail_from_file(image)}
        image.load()
        return {"mode": mode, "thumbnail": None}
    image = _upright(image)
    if mode == "LAB":
        return {"mode": mode, **_drawn(pixels_from_pillow(_rgb_from_lab(image)))}
    if mode in ("I", "F") or mode.startswith("I;16"):
        import numpy as np

        return {**_from_numbers(np.asarray(image), header["normalize"]), "mode": mode}
    return {"mode": mode, **_drawn(pixels_from_pillow(image))}


def decode_pixels(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """The numbers of a picture file: dtype, shape and bytes. header: "want" is "shown" (8 bits, or 16 in
    grey; palettes as RGB or RGBA), "values" (all bits) or "ids" (a mask; header says whether it is "packed"
    and "has_opacity")."""
    import numpy as np

    data = view_of(data)
    if header["want"] == "ids":
        array = ids_from_file(data, is_packed=header["packed"], has_opacity=header.get("has_opacity", False))
    elif header["want"] == "values":
        array = _all_bits(data)
    else:
        file_format = sniff(data)
        pixels = pixels_from_picture({"form": "file", "format": file_format}, data, normalize=True)
        if pixels.mode == "P":
            pixels = convert_pixels(pixels, "RGBA" if pixels.transparency else "RGB")
        array = pixels.array
    array = np.ascontiguousarray(array)
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": array.tobytes()}


def _from_numbers(array: NDArray[Any], normalize: bool | str) -> dict[str, Any]:
    pixels = pixels_from_numbers(array, normalize=normalize)
    found: dict[str, Any] = {
        "mode": pixels.mode,
        "normalized": pixels.normalized,
        "non_finite": pixels.non_finite,
        "out_of_range": pixels.out_of_range,
        "shown_range": pixels.shown_range,
        **_drawn(pixels),
    }
    if is_deep(array.dtype):
        packed, mime = pack_npy(array)
        found["original"] = {"form": "npy", **facts_of(array), "data": packed, "mime": mime}
    return found


def _drawn(pixels: Pixels) -> dict[str, Any]:
    return {"preview": write_picture(pixels, "png")[0], "thumbnail": thumbnail_from_pixels(pixels)}


def _upright(image: PIL.Image.Image) -> PIL.Image.Image:
    import PIL.ImageOps

    return PIL.ImageOps.exif_transpose(image)


def _rgb_from_lab(image: PIL.Image.Image) -> PIL.Image.Image:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    found = ImageCms.applyTransform(image, transform)
    assert found is not None
    return found


def _all_bits(data: memoryview) -> NDArray[Any]:
    import numpy as np

    if sniff(data) == "npy":
        return array_from_npy(data)
    image, _ = open_picture(data, "the picture")
    deep = _deep_png(image, data)
    return np.asarray(_upright(image)) if deep is None else deep


def _deep_png(image: Any, data: memoryview) -> NDArray[Any] | None:
    """The 16-bit numbers of a PNG; None for other pictures and layouts.

    Pillow keeps only the upper byte of 16-bit colours; so it decodes twice, once for each byte.
    """
    import numpy as np

    if image.format != "PNG" or len(data) < 25 or data[24] != 16:
        return None
    # Without Exif data Pillow would decode the picture to look for some behind it.
    if "exif" in image.info and orientation_of(image) != 1:
        return None
    if image.mode.startswith("I;16") or image.mode == "I":
        grey, _ = open_picture(data, "the picture")
        return np.asarray(grey).astype(np.uint16)
    layouts = [tile[3] for tile in image.tile]
    if layouts not in (["RGB;16B"], ["RGBA;16B"]):
        return None
    halves = []
    for ending in (_HIGH_BYTES, _LOW_BYTES):
        copy: Any
        copy, _ = open_picture(data, "the picture")
        with contextlib.closing(copy):
            decoder, extents, offset, layout = image.tile[0]
            copy.tile = [(decoder, extents, offset, layout.replace(_HIGH_BYTES, ending))]
            halves.append(np.asarray(copy).astype(np.uint16))
    deep: NDArray[Any] = halves[0] << 8 | halves[1]
    return deep
