"""Logged numbers become frames of 8-bit pixels, one after another: a video is never converted as a whole.

| numbers | pixel | `normalized` |
|---|---|---|
| uint8 | x, always | "none" |
| bools, floats and other integers in 0..1 | x * 255 | "unit" |
| in -1..1 | (x + 1) * 127.5 | "signed" |
| integers in 0..255 | x | "none" |
| uint16 beyond 255 | x / 257 | "deep" |
| others | x clipped to 0..255 | "clip" |

One rule holds for all frames. Fractions are cut. NaN and -inf become 0, +inf becomes 255; they don't take
part in the choice and are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.video_frames import grid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scaling:
    """How the numbers of a video become pixels, and how many could not be kept."""

    normalized: str
    non_finite: int = 0
    out_of_range: int = 0


def choose_scaling(videos: NDArray[Any]) -> Scaling:
    """The rule for an array (videos, frames, height, width, channels)."""
    import numpy as np

    if videos.dtype == np.uint8:
        return Scaling("none")
    if videos.dtype.kind == "b":
        return Scaling("unit")
    low, high, non_finite, out_of_range = np.inf, -np.inf, 0, 0
    for frame in _each_frame(videos):
        finite = frame
        if frame.dtype.kind == "f":
            is_finite = np.isfinite(frame)
            missing = frame.size - int(np.count_nonzero(is_finite))
            if missing:
                non_finite += missing
                finite = frame[is_finite]
        if finite.size:
            low, high = min(low, finite.min()), max(high, finite.max())
            if low < 0 or high > 255:
                out_of_range += int(np.count_nonzero((finite < 0) | (finite > 255)))
    if low >= 0 and high <= 1:
        return Scaling("unit", non_finite)
    if low >= -1 and high <= 1:
        return Scaling("signed", non_finite)
    if videos.dtype == np.uint16 and high > 255:
        return Scaling("deep")
    if low < 0 or high > 255 or videos.dtype.kind == "f":
        return Scaling("clip", non_finite, out_of_range)
    return Scaling("none", non_finite)


def _each_frame(videos: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for video in videos:
        yield from video


def tiled_frames(videos: NDArray[Any], normalized: str) -> Iterator[NDArray[Any]]:
    """The frames as uint8 (height, width, 1 or 3): a batch side by side, its empty places black, no alpha."""
    import numpy as np

    count, frames, height, width, channels = videos.shape
    rows, columns = grid_of(count)
    kept = 3 if channels == 4 else channels
    for at in range(frames):
        tiled = np.zeros((rows * height, columns * width, kept), np.uint8)
        for number in range(count):
            top, left = number // columns * height, number % columns * width
            pixels = pixels_of(videos[number, at, :, :, :kept], normalized)
            tiled[top : top + height, left : left + width] = pixels
        yield tiled


def pixels_of(frame: NDArray[Any], normalized: str) -> NDArray[Any]:
    """One frame as uint8."""
    import numpy as np

    if frame.dtype == np.uint8:
        return frame
    if normalized == "deep":
        return (frame // 257).astype(np.uint8)
    numbers = frame.astype(np.float32 if frame.dtype.itemsize < 4 else np.float64)
    if frame.dtype.kind == "f":
        top = {"unit": 1.0, "signed": 1.0}.get(normalized, 255.0)
        low = -1.0 if normalized == "signed" else 0.0
        numbers = np.nan_to_num(numbers, nan=low, posinf=top, neginf=low)
    if normalized == "unit":
        numbers *= 255
    elif normalized == "signed":
        numbers = (numbers + 1) * 127.5
    return np.clip(numbers, 0, 255).astype(np.uint8)
