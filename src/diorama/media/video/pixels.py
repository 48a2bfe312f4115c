"""Logged numbers become frames of 8-bit pixels, one after another: a video is never converted as a whole.

The rule is that of pictures (`diorama.media.core.scale`); one rule holds for all frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.scale import Scale, are_whole, choose_scale, count_outside, finite_of, scaled
from diorama.media.video.frames import grid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scaling:
    """How the numbers of a video become pixels, and how many could not be kept."""

    scale: Scale
    non_finite: int = 0
    out_of_range: int = 0


def choose_scaling(videos: NDArray[Any]) -> Scaling:
    """The rule for an array (videos, frames, height, width, channels)."""
    low, high, non_finite, is_whole = math.inf, -math.inf, 0, True
    for frame in _each_frame(videos):
        finite = finite_of(frame)
        non_finite += frame.size - finite.size
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            is_whole = is_whole and are_whole(finite)
    if low > high:
        low = high = 0.0
    scale = choose_scale(low, high, are_whole=lambda: is_whole)
    out_of_range = 0
    if low < scale.black or high > scale.white:
        out_of_range = sum(count_outside(finite_of(frame), scale) for frame in _each_frame(videos))
    return Scaling(scale, non_finite, out_of_range)


def _each_frame(videos: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for video in videos:
        yield from video


def tiled_frames(videos: NDArray[Any], scale: Scale) -> Iterator[NDArray[Any]]:
    """The frames as uint8 (height, width, 1 or 3): a batch side by side, its empty places black, no alpha."""
    import numpy as np

    count, frames, height, width, channels = videos.shape
    rows, columns = grid_of(count)
    kept = 3 if channels == 4 else channels
    for at in range(frames):
        tiled = np.zeros((rows * height, columns * width, kept), np.uint8)
        for number in range(count):
            top, left = number // columns * height, number % columns * width
            pixels = scaled(videos[number, at, :, :, :kept], scale)
            tiled[top : top + height, left : left + width] = pixels
        yield tiled
