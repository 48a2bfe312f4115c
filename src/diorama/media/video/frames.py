"""What may be logged as frames: arrays and lists become (videos, frames, height, width, channels)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diorama.media.core.foreign import array_from, family_of, without_leading_ones

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNELS = (1, 3, 4)
SIDE_LIMIT = 16_384
"""Pixels a side of the whole picture; what the encoders can hold."""
FRAMES_LIMIT = 1_000_000


def frames_from(value: Any) -> NDArray[Any]:
    """A 5-D array of anything that `Video` accepts as frames, sharing its memory where that is possible.

    Raises ValueError for shapes that are no video, TypeError for values that are no numbers.
    """
    array = _array_of(value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"a video needs numbers or bools, not an array of dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype("float64")
    if array.ndim < 4:
        raise ValueError(
            "Video must be at least 4 dimensions: time, channels, height, width; "
            f"this array has the shape {array.shape}"
        )
    given = array.shape
    array = without_leading_ones(array, 5)
    if array.ndim > 5:
        raise ValueError(f"a video has 4 dimensions and a batch of videos 5, not {array.ndim}: {given}")
    array = array if array.ndim == 5 else array[None]
    if array.shape[2] in CHANNELS:
        array = array.transpose(0, 1, 3, 4, 2)
    elif array.shape[4] not in CHANNELS:
        raise ValueError(
            f"no axis of the video's shape {given} can be the channels: give (time, channels, height, width) "
            "with 1, 3 or 4 channels"
        )
    videos, frames, height, width, _ = array.shape
    if 0 in array.shape:
        raise ValueError(f"the video has no frames or no pixels: its shape is {given}")
    rows, columns = grid_of(videos)
    if max(rows * height, columns * width) > SIDE_LIMIT:
        raise ValueError(
            f"the video would be {columns * width}x{rows * height} pixels; the limit is {SIDE_LIMIT:,} a side"
        )
    if frames > FRAMES_LIMIT:
        raise ValueError(f"the video has {frames:,} frames; the limit is {FRAMES_LIMIT:,}")
    return array


def grid_of(videos: int) -> tuple[int, int]:
    """(rows, columns) in which the videos of a batch are shown side by side, as W&B lays them out."""
    padded = videos if videos & (videos - 1) == 0 else 2 ** videos.bit_length()
    rows = 2 ** ((videos.bit_length() - 1) // 2)
    return int(rows), int(padded // rows)


def is_frames(value: Any) -> bool:
    """Whether `value` is meant as frames, and not as a file."""
    return (
        isinstance(value, (list, tuple))
        or family_of(type(value)) in ("array", "torch", "host", "cupy")
        or hasattr(value, "__array__")
        or callable(getattr(value, "numpy", None))
    )


def _array_of(value: Any) -> NDArray[Any]:
    if isinstance(value, (list, tuple)):
        return _array_of_list(value)
    if family_of(type(value)) is None and callable(getattr(value, "numpy", None)):
        value = value.numpy()
    return array_from(value)


def _array_of_list(frames: list[Any] | tuple[Any, ...]) -> NDArray[Any]:
    import numpy as np

    if not frames:
        raise ValueError("the video has no frames: the list is empty")
    arrays = [_array_of_frame(frame) for frame in frames]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ValueError(f"the frames of a video must have one shape, not {sorted(shapes)[:4]}")
    stacked = np.stack(arrays)
    return stacked[:, None] if stacked.ndim == 3 else stacked


def _array_of_frame(frame: Any) -> NDArray[Any]:
    import numpy as np

    if family_of(type(frame)) == "pillow":
        is_kept = frame.mode in ("L", "RGB", "RGBA", "I", "F") or frame.mode.startswith("I;16")
        return np.asarray(frame if is_kept else frame.convert("RGB"))
    if isinstance(frame, (list, tuple)):
        try:
            return array_from(frame)
        except ValueError as error:
            raise ValueError(f"the rows of a frame differ in length: {error}") from error
    return _array_of(frame)
