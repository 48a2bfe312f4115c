"""The progressive order of point clouds: a shuffle that anybody can compute, in any language.

`scatter` is a bijection of the numbers below 2**b onto themselves that looks random. Counting 0, 1, 2 ... and
keeping the results below n visits every index of n points once; the first k of them are a fair sample for
every k. All arithmetic is that of unsigned b-bit numbers (multiplication modulo 2**b):

    x = x XOR (x >> s);  x = x * 0x9E3779B1;  repeated with 0x85EBCA77, 0xC2B2AE3D and 0x27D4EB2F;
    x = x XOR (x >> s);  x = x + 0x165667B1   where s = (b + 1) // 2

Each multiplier is odd and each shift at least half of b, so each step can be undone. It never changes: clouds
that are stored in this order are read back by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MULTIPLIERS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
ADDEND = 0x165667B1
COUNT_LIMIT = 1 << 32
_STRIDE = 1 << 20


def scatter_bits(count: int) -> int:
    """b: the bits of the numbers that are scattered for `count` points.

    >>> scatter_bits(0), scatter_bits(2), scatter_bits(3), scatter_bits(1 << 20)
    (1, 1, 2, 20)
    """
    return max(1, (count - 1).bit_length())


def scatter(numbers: NDArray[Any], bits: int) -> NDArray[Any]:
    """The scattered numbers (uint64) of `numbers` below 2**bits."""
    import numpy as np

    mask = np.uint64((1 << bits) - 1)
    shift = np.uint64((bits + 1) // 2)
    x = numbers.astype(np.uint64)
    for multiplier in MULTIPLIERS:
        x ^= x >> shift
        x *= np.uint64(multiplier)
        x &= mask
    x ^= x >> shift
    x += np.uint64(ADDEND)
    x &= mask
    return x


def scattered_indices(count: int, page_points: int) -> Iterator[NDArray[Any]]:
    """Every index below `count` once, in the progressive order, in arrays of `page_points` (int64)."""
    import numpy as np

    if count > COUNT_LIMIT:
        raise ValueError(f"{count} points are more than {COUNT_LIMIT}")
    bits = scatter_bits(count)
    waiting = np.empty(0, np.int64)
    for start in range(0, 1 << bits, _STRIDE):
        numbers = np.arange(start, min(start + _STRIDE, 1 << bits), dtype=np.uint64)
        scattered = scatter(numbers, bits).astype(np.int64)
        waiting = np.concatenate([waiting, scattered[scattered < count]])
        whole = len(waiting) // page_points * page_points
        for page in range(0, whole, page_points):
            yield waiting[page : page + page_points]
        waiting = waiting[whole:]
    if len(waiting):
        yield waiting
