"""Points as they come from a user: only shapes and dtypes are looked at here, never the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.foreign import array_from, family_of, without_leading_ones
from diorama.media.core.keep import Kept, keep

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHAPES = """The shape of the numpy array must be one of either
[[x y z],       ...] nx3
[[x y z c],     ...] nx4 where c is a category (whole numbers 0 to 14, or any with class_labels) or a value
[[x y z r g b], ...] nx6 where rgb is a colour"""


@dataclass(frozen=True)
class Points:
    """Points kept: `kept` holds an array of `shape` and `held_dtype`; `dtype` is how it was logged."""

    kept: Kept
    shape: tuple[int, int]
    dtype: str
    held_dtype: str

    @property
    def header(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "dtype": self.dtype, "held_dtype": self.held_dtype}


def points_from(value: Any) -> Points:
    """Keep an (n, 3), (n, 4) or (n, 6) array, tensor or nested list of real numbers.

    Raises ValueError for other shapes and what is no array, TypeError for other dtypes.
    """
    array = without_leading_ones(_array(value), 2)
    if array.ndim == 1 and not array.size:
        array = array.reshape(0, 3)
    if array.ndim != 2 or array.shape[1] not in (3, 4, 6):
        hint = "; pick columns, such as points[:, :4]" if array.ndim == 2 and array.shape[1] > 4 else ""
        raise ValueError(f"{_SHAPES}\nThis one has the shape {array.shape}{hint}")
    array, dtype = _checked_dtype(array)
    return Points(
        kept=keep(array.reshape(-1).view("u1").data if array.size else b""),
        shape=(array.shape[0], array.shape[1]),
        dtype=dtype,
        held_dtype=array.dtype.str,
    )


@dataclass(frozen=True)
class Faces:
    """Triangles kept: `kept` holds an (count, 3) array of `held_dtype`."""

    kept: Kept
    count: int
    held_dtype: str

    @property
    def header(self) -> dict[str, Any]:
        return {"count": self.count, "held_dtype": self.held_dtype}


def faces_from(value: Any, vertices: int) -> Faces:
    """Keep an (n, 3) array, tensor or nested list of the vertices that each triangle joins.

    Raises ValueError for another shape and for vertices that are not there, TypeError for other dtypes.
    """
    import numpy as np

    try:
        array = without_leading_ones(array_from(value), 2)
    except ValueError as error:
        raise ValueError(f"faces must be triangles: n rows of 3 vertices ({error})") from error
    if array.ndim == 1 and not array.size:
        array = array.reshape(0, 3).astype(np.int64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"faces must be triangles: an n x 3 array of vertices, not of shape {array.shape}")
    if array.dtype.kind not in "ui":
        raise TypeError(f"faces must be integers, not of dtype {array.dtype}")
    if array.size and not (array.min() >= 0 and array.max() < vertices):
        raise ValueError(f"faces name vertices from {array.min()} to {array.max()}; there are {vertices}")
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return Faces(keep(array.reshape(-1).view("u1").data if array.size else b""), len(array), array.dtype.str)


def _array(value: Any) -> NDArray[Any]:
    if isinstance(value, (str, bytes, Mapping)) or value is None:
        raise ValueError(f"points must be an array or a list of (x, y, z), not {type(value).__name__}")
    if family_of(type(value)) is None and not hasattr(value, "__array__"):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"data must be a numpy array, dict or a file object, not {type(value).__name__}")
        value = [array_from(row) if family_of(type(row)) else row for row in value]
    try:
        return array_from(value)
    except ValueError as error:
        raise ValueError(f"{_SHAPES}\nThese points have rows of different lengths ({error})") from error


def _checked_dtype(array: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """The array C-contiguous and little-endian, and the dtype to give back when it is read."""
    import numpy as np

    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(f"points must be real numbers: {error}") from error
    if array.dtype.kind not in "buif":
        raise TypeError(f"points must be real numbers, not of dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    dtype = array.dtype.str
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")), dtype
