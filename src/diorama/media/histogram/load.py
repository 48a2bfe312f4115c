"""From the record of a histogram back to what was logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diorama.media.core.base import GetBlob
from diorama.media.histogram.record import HistogramRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decode(record: HistogramRecord, get_blob: GetBlob) -> tuple[NDArray[Any], NDArray[Any]]:
    """(values, bin_edges), as numpy.histogram returns them."""
    import numpy as np

    return np.array(record.values), np.array(record.bins)
