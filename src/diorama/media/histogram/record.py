"""What the store keeps of a histogram."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord


class HistogramRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="histogram"):
    """`values[i]` lies between `bins[i]` and `bins[i + 1]`; len(bins) == len(values) + 1.

    non_finite: how many NaN and infinite numbers were left out.
    """

    bins: list[float]
    values: list[float]
    non_finite: int = 0
