"""From the snapshot of a histogram to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.histogram.record import HistogramRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray


def record_from_numbers(header: Mapping[str, Any], buffers: Sequence[bytes | memoryview]) -> HistogramRecord:
    """The record, without caption, of a snapshot whose numbers are not counted yet."""
    import numpy as np

    array = np.frombuffer(buffers[0], header["dtype"])
    if array.dtype.kind == "b":
        array = array.view(np.uint8)
    weights = None
    if "weights_dtype" in header:
        # Sums of small integers or halves would overflow in their own type.
        weights = np.frombuffer(buffers[1], header["weights_dtype"]).astype(np.float64)
    is_finite = None
    for numbers in (array, weights):
        if numbers is not None and numbers.dtype.kind == "f":
            here = np.isfinite(numbers)
            is_finite = here if is_finite is None else is_finite & here
    non_finite = 0
    if is_finite is not None:
        non_finite = int(array.size - np.count_nonzero(is_finite))
    if non_finite:
        array = array[is_finite]
        weights = None if weights is None else weights[is_finite]
    values, bins = _count(array, header["num_bins"], weights)
    return HistogramRecord(
        bins=bins.astype(np.float64).tolist(), values=values.tolist(), non_finite=non_finite
    )


def _count(
    array: NDArray[Any], num_bins: int, weights: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    for numbers in (array, array.astype(np.float64)):
        try:
            with np.errstate(all="ignore"):
                values, bins = np.histogram(numbers, bins=num_bins, weights=weights)
        except (ValueError, IndexError, OverflowError):
            continue
        if np.isfinite(bins).all() and not (bins[1:] < bins[:-1]).any():
            return values, bins
    # The numbers are too near to one another, or too far apart, for this many edges between them.
    low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf))
    total = array.size if weights is None else float(weights.sum())
    return np.array([total]), np.array([low, high])


def encode(snapshot: Snapshot, put_blob: PutBlob) -> HistogramRecord:
    """The record of a histogram: its numbers counted. Stores no blobs."""
    header = snapshot.header
    meta = {"caption": header["caption"], "sample_id": header["sample_id"]}
    if "bins" in header:
        return HistogramRecord(bins=header["bins"], values=header["values"], **meta)
    counted = record_from_numbers(header, [kept.read() for kept in snapshot.buffers])
    return HistogramRecord(bins=counted.bins, values=counted.values, non_finite=counted.non_finite, **meta)


def warnings_of(record: HistogramRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of values) of what could not be kept as it was given."""
    if not record.non_finite:
        return []
    text = "a value of a histogram is NaN or infinite and was left out"
    return [("histogram.non_finite", text, record.non_finite)]
