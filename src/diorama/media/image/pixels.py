"""Numbers become pixels in a mode that a file can hold; the rule is chosen by `diorama.media.core.scale`.

`normalize=True` follows the table there. `normalize=False` never scales or clips: fractions are cut and
integers wrap around at 256, as a C cast does; non-finite numbers become 0.

A rule asked for by name instead: "unit" takes 0..1 to 0..255, "minmax" the least to the greatest finite
value, "percentile" the 1st to the 99th percentile; what lies outside is clipped. An alpha channel is not
stretched: it follows the table by itself, and what has no place in it is clipped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from diorama.media.core.scale import (
    DEEP_TOP,
    Scale,
    are_whole,
    choose_scale,
    count_outside,
    finite_of,
    scaled,
)

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

RULES = ("unit", "minmax", "percentile")
"""What `normalize` may name."""
PERCENTILES = (1.0, 99.0)
_SAMPLE_VALUES = 1 << 17
"""Percentiles of larger arrays are those of so many evenly spaced values."""

CONVERTIBLE_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "YCbCr", "HSV", "I", "F")
_STORED_AS = {
    "1": "L",
    "La": "LA",
    "RGBa": "RGBA",
    "PA": "RGBA",
    "RGBX": "RGB",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_MODE_BY_CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Pixels:
    """A picture ready to be written: uint8 (H, W) or (H, W, C), or uint16 (H, W) for "I;16".

    mode: L, LA, RGB, RGBA, I;16, or P with `palette` (RGB triples) and `transparency` (alpha per entry).
    normalized, non_finite, out_of_range: what happened to the numbers on the way. shown_range: the numbers
    that became black and white, where a rule found them out.
    """

    array: NDArray[Any]
    mode: str
    palette: bytes = b""
    transparency: bytes = b""
    normalized: str = "none"
    non_finite: int = 0
    out_of_range: int = 0
    shown_range: tuple[float, float] | None = None


def pixels_from_numbers(array: NDArray[Any], *, normalize: bool | str, top: int = 255) -> Pixels:
    """Pixels of an array (H, W) or (H, W, C) of bools, integers or floats. top: 255, or 65535 for "I;16"."""
    import numpy as np

    mode = "I;16" if top > 255 else _MODE_BY_CHANNELS[1 if array.ndim == 2 else array.shape[2]]
    if array.dtype.kind == "f" and array.dtype.itemsize < 4:
        array = array.astype(np.float32)
    if normalize is False:
        target = np.dtype(np.uint16 if top > 255 else np.uint8)
        return Pixels(_cast(array.view(np.uint8) if array.dtype.kind == "b" else array, target), mode)
    finite = finite_of(array)
    scale = scale_of(finite, normalize, top)
    has_alpha = array.ndim == 3 and array.shape[2] in (2, 4)
    if has_alpha and (scale.shown_range is not None or isinstance(normalize, str)):
        colours = array[:, :, :-1]
        found = pixels_from_numbers(colours, normalize=normalize, top=top)
        opacity = array[:, :, -1]
        scale = scale_of(finite_of(opacity), True, top)
        if scale.shown_range is not None:
            scale = Scale("none", 0.0, float(top))
        return replace(found, array=np.dstack([found.array, scaled(opacity, scale, top)]), mode=mode)
    return Pixels(
        scaled(array, scale, top),
        mode,
        normalized=scale.rule,
        non_finite=array.size - finite.size,
        out_of_range=0 if scale.rule == "percentile" else count_outside(finite, scale),
        shown_range=(scale.black, scale.white) if isinstance(normalize, str) else scale.shown_range,
    )


def sixteen_bits_of(array: NDArray[Any]) -> Pixels | None:
    """Integers (H, W) as 16-bit grey where 8 bits can't tell them and 16 can; else None."""
    import numpy as np

    if (
        array.ndim != 2
        or array.dtype.kind not in "ui"
        or array.min() < 0
        or not 255 < array.max() <= DEEP_TOP
    ):
        return None
    if scale_of(array).rule not in ("deep", "minmax"):
        return None
    return Pixels(array.astype(np.uint16), "I;16")


def drawn_pixels(array: NDArray[Any], normalize: bool | str = True) -> Pixels | None:
    """The 8 bits to draw of 16-bit numbers; None where they use their range and need no help."""
    if isinstance(normalize, str):
        return pixels_from_numbers(array, normalize=normalize)
    scale = scale_of(array)
    if scale.rule == "deep":
        return None
    mode = _MODE_BY_CHANNELS[1 if array.ndim == 2 else array.shape[2]]
    drawn = pixels_from_numbers(array, normalize=True)
    return replace(drawn, mode=mode, shown_range=drawn.shown_range or (scale.black, scale.white))


def scale_of(finite: NDArray[Any], normalize: bool | str = True, top: int = 255) -> Scale:
    """The scale of an array's finite numbers, by the table or by a rule asked for by name."""
    if isinstance(normalize, str):
        return Scale(normalize, *range_of(finite, normalize))
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    return choose_scale(low, high, are_whole=lambda: are_whole(finite), top=top)


def range_of(finite: NDArray[Any], rule: str) -> tuple[float, float]:
    """The numbers that become black and white under a rule; (0, 1) when there are none."""
    import numpy as np

    if rule == "unit" or not finite.size:
        return 0.0, 1.0
    if rule == "minmax":
        return float(finite.min()), float(finite.max())
    sample = finite.reshape(-1)[:: max(1, finite.size // _SAMPLE_VALUES)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.percentile(sample, PERCENTILES)
    # Between numbers at both ends of what a float holds, percentiles overflow.
    least, most = float(sample.min()), float(sample.max())
    return (float(low) if np.isfinite(low) else least), (float(high) if np.isfinite(high) else most)


def _cast(array: NDArray[Any], target: Any) -> NDArray[Any]:
    import numpy as np

    if array.dtype.kind == "f":
        span = float(np.iinfo(target).max) + 1
        whole = np.trunc(np.nan_to_num(array.astype(np.float64), nan=0, posinf=0, neginf=0))
        array = np.mod(whole, span)
    return array.astype(target, copy=False)


def storable(image: PIL.Image.Image) -> PIL.Image.Image:
    """The image in a mode whose pixels can be kept: L, LA, P, RGB, RGBA, I;16, I or F.

    Raises ValueError for a mode that Pillow can't convert, such as LAB.
    """
    mode = image.mode
    if mode == "P" and (image.palette is None or image.palette.mode != "RGB"):
        return image.convert("RGBA")
    if mode in ("L", "LA", "P", "RGB", "RGBA", "I", "F") or mode.startswith("I;16"):
        return image
    if mode not in _STORED_AS:
        raise ValueError(f"a picture in mode {mode!r} can't be stored; convert it first, e.g. to 'RGB'")
    return image.convert(_STORED_AS[mode])


def palette_of(image: PIL.Image.Image) -> tuple[bytes, bytes]:
    """(RGB triples, alpha per entry) of a "P" image."""
    transparency = image.info.get("transparency", b"")
    if isinstance(transparency, int):
        transparency = b"\xff" * transparency + b"\x00"
    return bytes(image.getpalette("RGB") or b""), bytes(transparency)


def pixels_from_pillow(image: PIL.Image.Image, *, normalize: bool | str = True) -> Pixels:
    """Pixels of a Pillow image, without loss where PNG can hold them; I and F are numbers."""
    import numpy as np

    image = storable(image)
    array = np.asarray(image)
    if image.mode == "P":
        return Pixels(array, "P", *palette_of(image))
    if image.mode.startswith("I;16") and not isinstance(normalize, str):
        return Pixels(array.astype(np.uint16, copy=False), "I;16")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return pixels_from_numbers(array, normalize=normalize)
    return Pixels(array, image.mode)


def pillow_from_pixels(pixels: Pixels) -> PIL.Image.Image:
    import PIL.Image

    if pixels.mode != "P":
        return PIL.Image.fromarray(pixels.array)
    height, width = pixels.array.shape
    image = PIL.Image.frombytes("P", (width, height), pixels.array.tobytes())
    image.putpalette(pixels.palette, "RGB")
    if pixels.transparency:
        image.info["transparency"] = pixels.transparency
    return image


def convert_pixels(pixels: Pixels, mode: str) -> Pixels:
    """The pixels in another mode, by Pillow's conversion; modes that PNG lacks come out as their nearest."""
    import numpy as np

    if mode == pixels.mode or (mode in ("I", "F") and pixels.mode in ("L", "I;16")):
        return pixels
    if pixels.mode == "I;16":
        pixels = replace(pixels, array=(pixels.array >> 8).astype(np.uint8), mode="L")
    image = pillow_from_pixels(pixels)
    if mode in ("I;16", "I", "F"):
        array = np.asarray(image.convert("L"))
        if mode == "I;16":
            array = array.astype(np.uint16) * np.uint16(257)
        return replace(
            pixels, array=array, mode="I;16" if mode == "I;16" else "L", palette=b"", transparency=b""
        )
    converted = pixels_from_pillow(image if image.mode == mode else image.convert(mode))
    return replace(
        converted,
        normalized=pixels.normalized,
        non_finite=pixels.non_finite,
        out_of_range=pixels.out_of_range,
        shown_range=pixels.shown_range,
    )
