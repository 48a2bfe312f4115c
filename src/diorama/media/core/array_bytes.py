"""An array's bytes as they lie in memory, whatever its strides: copied once, turned later, elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.core.keep import Kept, keep

if TYPE_CHECKING:
    from numpy.typing import NDArray


def keep_array(array: NDArray[Any]) -> tuple[dict[str, Any], Kept]:
    """(header, one copy of the bytes) of an array of any strides.

    Transposed and flipped arrays are kept as they lie; one with gaps or repeats is first made contiguous.
    """
    import numpy as np

    header: dict[str, Any] = {"dtype": array.dtype.str, "shape": list(array.shape)}
    if array.flags.c_contiguous or array.size == 0:
        return header, _keep_contiguous(array)
    flipped = [axis for axis, stride in enumerate(array.strides) if stride < 0]
    lying = np.flip(array, tuple(flipped)) if flipped else array
    order = sorted(range(lying.ndim), key=lambda axis: -lying.strides[axis])
    lying = lying.transpose(order)
    if not lying.flags.c_contiguous:
        return header, _keep_contiguous(np.ascontiguousarray(array))
    if flipped:
        header["flipped"] = flipped
    if order != sorted(order):
        header["order"] = order
    return header, _keep_contiguous(lying)


def _keep_contiguous(array: NDArray[Any]) -> Kept:
    return keep(array.reshape(-1).view("u1").data) if array.size else keep(b"")


def array_from_kept(header: Mapping[str, Any], data: bytes | memoryview) -> NDArray[Any]:
    """The array again, read-only, sharing `data`'s memory."""
    import numpy as np

    array = np.frombuffer(data, header["dtype"])
    shape = header["shape"]
    if "order" in header:
        order = header["order"]
        array = array.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
    else:
        array = array.reshape(shape)
    return np.flip(array, header["flipped"]) if "flipped" in header else array
