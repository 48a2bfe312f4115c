"""Which corners of a box are joined, when they came in any order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from diorama.media.object3d_record import Box3D

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 128
_WAYS_LIMIT = 8
_TOLERANCE = 1e-6


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
