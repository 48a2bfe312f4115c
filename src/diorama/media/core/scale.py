"""How numbers become pixels: one rule for every dtype and every container (array, tensor, PIL, file, video).

| finite values | pixel | rule |
|---|---|---|
| all in 0..1 | x * 255 | "unit" |
| all in -1..1, some at least 0.5 from 0 | (x + 1) * 127.5 | "signed" |
| in 0..255: whole numbers, or some are 128 or more | x | "none" |
| whole numbers in 0..65,535, some are 32,768 or more | x / 257 | "deep" |
| any others | from the least to the greatest | "minmax" |

A hair outside a range is rounding, not meaning: what lies beyond it by less than one grey value is clipped,
counted and does not change the rule. Fractions are cut. NaN and -inf become black, +inf white; they don't
take part in the choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HAIR = 1 / 255
"""How far beyond the range a number may lie and still count as rounding: one grey value of 256."""
SIGNED_FROM = 0.5
"""If all numbers around 0 are closer to it than this, -1..1 would show an even grey: then their own range is
stretched."""
DEEP_TOP = 65_535


@dataclass(frozen=True)
class Scale:
    """The numbers that become black and white, and the rule that says so."""

    rule: str
    black: float
    white: float

    @property
    def shown_range(self) -> tuple[float, float] | None:
        """Black and white where they were found out from the numbers: what a viewer has to be told."""
        return (self.black, self.white) if self.rule in ("minmax", "percentile") else None


def choose_scale(low: float, high: float, *, are_whole: Callable[[], bool], top: int = 255) -> Scale:
    """The scale of numbers with these least and greatest finite values.

    are_whole: asked only where it matters. top: the greatest value of a pixel, 255 or 65,535.
    """
    low, high = float(low), float(high)
    if _lies_within(low, high, 0.0, 1.0):
        return Scale("unit", 0.0, 1.0)
    if _lies_within(low, high, -1.0, 1.0) and max(-low, high) >= SIGNED_FROM:
        return Scale("signed", -1.0, 1.0)
    if _lies_within(low, high, 0.0, top) and (high > top / 2 or are_whole()):
        return Scale("none", 0.0, float(top))
    if top < DEEP_TOP and low >= 0 and DEEP_TOP / 2 < high <= DEEP_TOP and are_whole():
        return Scale("deep", 0.0, float(DEEP_TOP))
    return Scale("minmax", low, high)


def _lies_within(low: float, high: float, black: float, white: float) -> bool:
    # Relative to the spread of the numbers if that is smaller: 1e-9 around 0 is not a rounded 0..1.
    hair = HAIR * min(white - black, high - low)
    return low >= black - hair and high <= white + hair


def are_whole(numbers: NDArray[Any]) -> bool:
    """Whether all finite numbers of an array are whole."""
    import numpy as np

    if numbers.dtype.kind != "f":
        return True
    with np.errstate(invalid="ignore"):
        return bool(np.all((numbers == np.trunc(numbers)) | ~np.isfinite(numbers)))


def finite_of(array: NDArray[Any]) -> NDArray[Any]:
    """The finite numbers of an array: the array itself where all are."""
    import numpy as np

    if array.dtype.kind != "f":
        return array
    is_finite = np.isfinite(array)
    return array if is_finite.all() else array[is_finite]


def count_outside(finite: NDArray[Any], scale: Scale) -> int:
    """How many finite numbers lie beyond black and white."""
    import numpy as np

    if not finite.size or (finite.min() >= scale.black and finite.max() <= scale.white):
        return 0
    return int(np.count_nonzero((finite < scale.black) | (finite > scale.white)))


def scaled(array: NDArray[Any], scale: Scale, top: int = 255) -> NDArray[Any]:
    """The numbers as pixels 0..top, uint8 or uint16, clipped."""
    import numpy as np

    target = np.dtype(np.uint16 if top > 255 else np.uint8)
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    if scale.rule in ("none", "deep"):
        within = np.clip(array, *_limits_within(array.dtype, scale))
        return _cut(within // 257 if scale.rule == "deep" else within, target)
    with np.errstate(over="ignore", invalid="ignore"):
        if scale.rule in ("unit", "signed"):
            numbers = array.astype(_float_for(array.dtype), copy=False)
            kind = numbers.dtype.type
            pixels = numbers * kind(top) if scale.rule == "unit" else (numbers + kind(1)) * kind(top / 2)
        else:
            # Halved, so that the span of the largest and the smallest float is still finite.
            numbers = array.astype(np.float64)
            span = scale.white / 2 - scale.black / 2
            if span > 0:
                pixels = (numbers / 2 - scale.black / 2) / span * top
            else:
                pixels = np.where(numbers > scale.white, top, 0.0)
        return _cut(np.clip(pixels, 0, top), target)


def _cut(pixels: NDArray[Any], target: Any) -> NDArray[Any]:
    import numpy as np

    if pixels.dtype.kind == "f":
        pixels = np.nan_to_num(pixels, nan=0)
    return pixels.astype(target, copy=False)


def _limits_within(dtype: Any, scale: Scale) -> tuple[float, float]:
    """Black and white as numbers that the dtype has."""
    import numpy as np

    if dtype.kind == "f":
        return scale.black, scale.white
    limits = np.iinfo(dtype)
    return max(int(scale.black), int(limits.min)), min(int(scale.white), int(limits.max))


def _float_for(dtype: Any) -> Any:
    import numpy as np

    if dtype.kind == "f" and dtype.itemsize > 2:
        return dtype
    return np.float32 if dtype.itemsize <= 2 else np.float64
