"""Boxes by centre, size and turn; and which corners of a box are joined, in whatever order they came."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from diorama.media.object3d.record import Box3D
from diorama.media.object3d.scene import box_from, numbers_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 128
_WAYS_LIMIT = 8
_TOLERANCE = 1e-6


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box by its centre, size and orientation, as `Object3D.from_point_cloud(boxes=[...])` takes it.

    Accepts: `center` and `size`, three numbers each (the size along the box's own x, y and z); `orientation`,
    the quaternion (r, x, y, z) of r + xi + yj + zk, of any length but zero, that turns the box from lying
    along the axes to where it is, counter-clockwise for positive angles; `color`, three numbers, 0..1 if none
    is over 1, else 0..255, or "#rrggbb"; `label`, text; `score`, a number.

    The real part of the quaternion comes first. scipy gives it so with `as_quat(scalar_first=True)`.

    Raises: ValueError for anything but so many numbers, and for the zero quaternion. NaN makes NaN corners.

    >>> box = box3d(center=(0, 0, 1), size=(4, 2, 2), orientation=(1, 0, 0, 0), color=(0, 255, 0))
    >>> box["corners"][0], box["corners"][7]
    ((-2.0, -1.0, 0.0), (2.0, 1.0, 2.0))
    """
    middle = numbers_from(center, 3, "center")
    half = [side / 2 for side in numbers_from(size, 3, "size")]
    rotation = _rotation_from_quaternion(numbers_from(orientation, 4, "orientation"))
    corners = []
    for signs in itertools.product((-1.0, 1.0), repeat=3):
        local = [sign * side for sign, side in zip(signs, half, strict=True)]
        turned = [sum(a * b for a, b in zip(row, local, strict=True)) for row in rotation]
        corners.append(tuple(m + t for m, t in zip(middle, turned, strict=True)))
    box: dict[str, Any] = {"corners": tuple(corners), "color": color, "label": label, "score": score}
    box_from(box, "box3d()")
    return box


def _rotation_from_quaternion(quaternion: tuple[float, ...]) -> list[list[float]]:
    greatest = max(map(abs, quaternion))
    if greatest == 0:
        raise ValueError("Unexpected zero quaternion; an orientation without any turn is (1, 0, 0, 0)")
    if not all(map(math.isfinite, quaternion)):
        return [[math.nan] * 3] * 3
    # By the greatest component first, so that the squares can't overflow or vanish.
    scaled = [part / greatest for part in quaternion]
    length = math.sqrt(sum(part * part for part in scaled))
    r, x, y, z = (part / length for part in scaled)
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * r), 2 * (x * z + y * r)],
        [2 * (x * y + z * r), 1 - 2 * (x * x + z * z), 2 * (y * z - x * r)],
        [2 * (x * z - y * r), 2 * (y * z + x * r), 1 - 2 * (x * x + y * y)],
    ]


def with_orders(boxes: Sequence[Box3D]) -> list[Box3D]:
    """Boxes whose `order` says which corners are joined.

    Of a box (or anything that a linear map makes of one) three corners are joined to the first one, and the
    other four are sums of these three. The order that comes nearest to that is taken, so that bent boxes,
    frusta and rounded numbers get one as well. Boxes with a NaN keep the order in which they came.
    """
    import numpy as np

    if not boxes:
        return []
    corners = np.array([box.corners for box in boxes], np.float64)
    orders = np.zeros((len(boxes), 8), np.int64)
    waiting = np.arange(len(boxes))
    order = np.arange(8)
    with np.errstate(all="ignore"):
        corners -= corners[:, :1]
        spread = np.abs(corners).max(axis=(1, 2), keepdims=True)
        corners /= np.where(spread > 0, spread, 1)
        # Whoever made these boxes made all of them the same way: the order of one is tried on the others.
        for _ in range(_WAYS_LIMIT):
            is_so = ~(_misfit(corners[waiting], order[None])[:, 0] > _TOLERANCE)
            orders[waiting[is_so]] = order
            waiting = waiting[~is_so]
            if not len(waiting):
                break
            order = _nearest(corners[waiting[:1]])[0]
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            orders[batch] = _nearest(corners[batch])
    straight = list(range(8))
    return [
        box if order == straight else msgspec.structs.replace(box, order=order)
        for box, order in zip(boxes, orders.tolist(), strict=True)
    ]


def _nearest(corners: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    candidates = _candidates()
    nearest: NDArray[Any] = candidates[np.argmin(_misfit(corners, candidates), axis=1)]
    return nearest


def _candidates() -> NDArray[Any]:
    """All ways to number the corners that begin with the first one, mirrored ones left out: 840 of them."""
    import numpy as np

    return np.array(
        [
            (0, z, y, yz, x, xz, xy, xyz)
            for z, y, x in itertools.combinations(range(1, 8), 3)
            for yz, xz, xy, xyz in itertools.permutations(set(range(1, 8)) - {x, y, z})
        ]
    )


def _misfit(corners: NDArray[Any], orders: NDArray[Any]) -> NDArray[Any]:
    """(boxes, orders): how far each order is from being that of a box whose first corner is the origin."""
    import numpy as np

    placed = corners[:, orders.reshape(-1)].reshape(len(corners), *orders.shape, 3)
    _, z, y, yz, x, xz, xy, xyz = np.moveaxis(placed, 2, 0)
    misses = (y + z - yz, x + z - xz, x + y - xy, x + y + z - xyz)
    total: NDArray[Any] = sum((miss**2).sum(axis=-1) for miss in misses)
    return total
