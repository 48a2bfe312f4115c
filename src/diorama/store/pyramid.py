"""Buckets over points: what a chart of many points reads instead of them.

A bucket holds the extent (in steps and times), min, max, mean, last value and count of the points it
covers. NaN is left out of min, max and mean but counted; infinities stay in min and max (an overflow must
not vanish) and are left out of the mean. A spike never disappears: the maximum of a bucket is the maximum
of its points, at every level.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diorama.store.columns import Floats, Points

LEVELS = (64, 512, 4096)
"""Points per bucket of the stored levels."""

_FIELDS = ("step_min", "step_max", "time_min", "time_max", "low", "high", "total", "finite", "last", "count")


@dataclass(frozen=True)
class Buckets:
    """Columns of equal length. total and finite: sum and number of the finite values (for the mean)."""

    step_min: Floats
    step_max: Floats
    time_min: Floats
    time_max: Floats
    low: Floats
    high: Floats
    total: Floats
    finite: Floats
    last: Floats
    count: Floats

    def __len__(self) -> int:
        return len(self.count)

    def mean(self) -> Floats:
        """Mean of the finite values; NaN where there are none."""
        means = np.full(len(self), np.nan)
        np.divide(self.total, self.finite, out=means, where=self.finite > 0)
        return means

    def time_overlap(self) -> float:
        """How far, in seconds, a bucket reaches at most into the times of later ones: far, where points of
        one step come from writers at different times. Then the buckets say little about a range of time."""
        if len(self) < 2:
            return 0.0
        return max(0.0, float((np.maximum.accumulate(self.time_max)[:-1] - self.time_min[1:]).max()))

    def matrix(self) -> Floats:
        """All columns, for storing."""
        return np.stack([getattr(self, name) for name in _FIELDS])

    @classmethod
    def from_matrix(cls, matrix: Floats) -> Buckets:
        """The columns that `matrix` gave."""
        return cls(*matrix)

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Buckets:
        """The buckets that an index or mask selects."""
        return Buckets(*(getattr(self, name)[which] for name in _FIELDS))


def buckets_from_points(points: Points) -> Buckets:
    """One bucket for each point."""
    numbers = points.numbers()
    steps = points.steps.astype(np.float64)
    is_finite = np.isfinite(numbers)
    return Buckets(
        steps,
        steps,
        points.times,
        points.times,
        numbers,
        numbers,
        np.where(is_finite, numbers, 0.0),
        is_finite.astype(np.float64),
        numbers,
        np.ones(len(points)),
    )


def merge_points(points: Points, starts: npt.NDArray[np.intp]) -> Buckets:
    """Buckets over points: the i-th covers points starts[i] .. starts[i + 1] - 1 (starts rise, from 0).

    The same as merging one bucket per point, without making those.
    """
    numbers = points.numbers()
    ends = np.append(starts[1:], len(points)) - 1
    count = (ends - starts + 1).astype(np.float64)
    is_finite = np.isfinite(numbers)
    if is_finite.all():
        finite, kept = count, numbers
    else:
        finite = np.add.reduceat(is_finite, starts, dtype=np.float64)
        kept = np.where(is_finite, numbers, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        return Buckets(
            np.minimum.reduceat(points.steps, starts).astype(np.float64),
            np.maximum.reduceat(points.steps, starts).astype(np.float64),
            np.minimum.reduceat(points.times, starts),
            np.maximum.reduceat(points.times, starts),
            np.fmin.reduceat(numbers, starts),
            np.fmax.reduceat(numbers, starts),
            np.add.reduceat(kept, starts),
            finite,
            numbers[ends],
            count,
        )


def merge(buckets: Buckets, starts: npt.NDArray[np.intp]) -> Buckets:
    """Fewer buckets: the i-th covers buckets starts[i] .. starts[i + 1] - 1 (starts rise, from 0)."""
    if not len(starts):
        return buckets
    ends = np.append(starts[1:], len(buckets)) - 1
    with np.errstate(invalid="ignore", over="ignore"):
        return Buckets(
            np.minimum.reduceat(buckets.step_min, starts),
            np.maximum.reduceat(buckets.step_max, starts),
            np.minimum.reduceat(buckets.time_min, starts),
            np.maximum.reduceat(buckets.time_max, starts),
            np.fmin.reduceat(buckets.low, starts),
            np.fmax.reduceat(buckets.high, starts),
            np.add.reduceat(buckets.total, starts),
            np.add.reduceat(buckets.finite, starts),
            buckets.last[ends],
            np.add.reduceat(buckets.count, starts),
        )


def join(parts: list[Buckets]) -> Buckets:
    """All buckets, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return buckets_from_points(Points.empty())
    return Buckets(*(np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS))


def pyramid(points: Points) -> list[tuple[int, Buckets]]:
    """The stored levels of a full chunk: (points per bucket, buckets)."""
    buckets = merge_points(points, np.arange(0, len(points), LEVELS[0]))
    levels = [(LEVELS[0], buckets)]
    for finer, level in itertools.pairwise(LEVELS):
        buckets = merge(buckets, np.arange(0, len(buckets), level // finer))
        levels.append((level, buckets))
    return levels
