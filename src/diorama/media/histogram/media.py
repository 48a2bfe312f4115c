"""Histograms: counts between bin edges."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.foreign import array_from, family_of
from diorama.media.core.keep import Kept, keep
from diorama.media.core.warn import warn_user
from diorama.media.histogram.codec import record_from_numbers
from diorama.media.histogram.record import HistogramRecord
from diorama.model import clean_text

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Histogram(Media):
    """How numbers are distributed.

    Accepts: `sequence`, numbers in any shape: a list (also of arrays), array, torch/JAX/TensorFlow tensor,
    or any iterable, flattened and counted in `num_bins` bins (1..512, default 64) exactly as
    `numpy.histogram` does; or `np_histogram`, the (values, bin_edges) that `numpy.histogram` returns, which
    may also be given in the place of `sequence`. NaN and infinities are left out and counted. No numbers
    at all give empty bins over 0..1. `weights`: a number for each number of `sequence`, in the same shape; a
    bin then holds the sum of its weights. `caption` and `sample_id`: text.

    Raises: ValueError for neither or both, more than 512 bins, edges that are not one more than the
    values, weights of another shape; TypeError for anything but real numbers.

    The numbers are copied now and counted later, outside the training process; `histogram` and `bins`
    count them at once when you ask.

    >>> Histogram([1, 1, 2, 5], num_bins=2).histogram
    [3, 1]
    """

    KIND = "histogram"
    MAX_LENGTH = 512

    def __init__(
        self,
        sequence: Any = None,
        np_histogram: Any = None,
        num_bins: int = 64,
        *,
        weights: Any = None,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if sequence is not None and np_histogram is not None:
            raise ValueError("give either numbers or np_histogram=(values, bin_edges), not both")
        if sequence is None and np_histogram is None:
            raise ValueError("Expected numbers, or np_histogram to be a tuple of (values, bin_edges)")
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self._counted: HistogramRecord | None = None
        self._kept: tuple[Kept, ...] = (keep(b""),)
        if np_histogram is None and weights is None and _is_counted(sequence):
            sequence, np_histogram = None, sequence
        if np_histogram is not None and weights is not None:
            raise ValueError("np_histogram is counted already; weights go with numbers")
        if np_histogram is not None:
            self._counted = _record_from_counts(np_histogram)
            self._header: dict[str, Any] = {"bins": self._counted.bins, "values": self._counted.values}
            return
        num_bins = _checked_bins(num_bins)
        array = _numbers_from(sequence)
        self._header = {"dtype": array.dtype.str, "num_bins": num_bins}
        self._kept = (_keep_numbers(array),)
        if weights is not None:
            weighing = _numbers_from(weights)
            shapes = {shape for shape in map(_shape_of, (sequence, weights)) if shape is not None}
            if weighing.size != array.size or len(shapes) > 1:
                raise ValueError(
                    f"weights must have the shape of the numbers; there are {array.size} numbers and "
                    f"{weighing.size} weights" + (f", in shapes {sorted(shapes)}" if len(shapes) > 1 else "")
                )
            self._header["weights_dtype"] = weighing.dtype.str
            self._kept = (*self._kept, _keep_numbers(weighing))

    @property
    def histogram(self) -> list[float]:
        """The counts, one for each bin."""
        return self._count().values

    @property
    def bins(self) -> list[float]:
        """The edges, one more than there are counts."""
        return self._count().bins

    def _count(self) -> HistogramRecord:
        if self._counted is None:
            self._counted = record_from_numbers(self._header, [kept.read() for kept in self._kept])
        return self._counted

    def snapshot(self) -> Snapshot:
        header = {**self._header, "caption": self.caption, "sample_id": self.sample_id}
        return Snapshot(self.KIND, header, self._kept)

    def __repr__(self) -> str:
        return f"Histogram(num_bins={self._header.get('num_bins') or len(self._header['values'])})"


def _keep_numbers(array: NDArray[Any]) -> Kept:
    return keep(array.view("u1").data if array.size else b"")


def _shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of an array or tensor; None for what has none (a list): then only the number of items
    counts."""
    shape = getattr(value, "shape", None)
    return tuple(int(side) for side in shape) if isinstance(shape, tuple) else None


def _is_counted(value: Any) -> bool:
    """Whether a pair is what numpy.histogram returns: two flat sequences, the second longer by one."""
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    sizes = [_flat_size(part) for part in value]
    return None not in sizes and sizes[0] != sizes[1]


def _flat_size(part: Any) -> int | None:
    if isinstance(part, (list, tuple)):
        return len(part) if all(hasattr(item, "__float__") for item in part) else None
    if family_of(type(part)) is None:
        return None
    shape = tuple(part.shape)
    return int(shape[0]) if len(shape) == 1 else None


def _checked_bins(num_bins: Any) -> int:
    try:
        count = operator.index(num_bins)
    except TypeError as error:
        raise TypeError(f"num_bins must be an integer, not {num_bins!r}") from error
    if count < 1:
        raise ValueError(f"num_bins must be at least 1, not {count}")
    if count > Histogram.MAX_LENGTH:
        raise ValueError(f"The maximum length of a histogram is {Histogram.MAX_LENGTH}; num_bins is {count}")
    return count


def _record_from_counts(pair: Any) -> HistogramRecord:
    import numpy as np

    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(
            "Expected np_histogram to be a tuple of (values, bin_edges), as numpy.histogram returns it"
        )
    values, bins = (_numbers_from(part) for part in pair)
    if len(values) > Histogram.MAX_LENGTH:
        raise ValueError(
            f"The maximum length of a histogram is {Histogram.MAX_LENGTH}; this one has {len(values)}"
        )
    if len(bins) != len(values) + 1:
        raise ValueError(f"len(bins) must be len(histogram) + 1; there are {len(bins)} and {len(values)}")
    if not len(values):
        raise ValueError("a histogram needs at least one bin")
    if not (np.isfinite(bins).all() and np.isfinite(values).all()):
        raise ValueError("values and bin edges of a histogram must be finite")
    if (bins[1:] < bins[:-1]).any():
        if (bins[1:] > bins[:-1]).any():
            warn_user("the bin edges of a histogram go up and down: its bins are put in order of their edges")
        return _in_order(bins.astype(np.float64), values)
    return HistogramRecord(bins=bins.astype(np.float64).tolist(), values=values.tolist())


def _in_order(bins: NDArray[Any], values: NDArray[Any]) -> HistogramRecord:
    """Bins between edges that don't grow, as bins between edges that do.

    Each count stays between its own two edges, spread evenly where other edges lie between them.
    """
    import numpy as np

    edges = np.sort(bins)
    widths = np.diff(edges)
    counts = np.zeros(len(values))
    for count, one, other in zip(values.tolist(), bins[:-1], bins[1:], strict=True):
        low, high = min(one, other), max(one, other)
        inside = np.flatnonzero((edges[:-1] >= low) & (edges[1:] <= high))
        total = widths[inside].sum()
        counts[inside] += count * widths[inside] / total if total > 0 else count / len(inside)
    return HistogramRecord(bins=edges.tolist(), values=counts.tolist())


def _numbers_from(value: Any) -> NDArray[Any]:
    """A flat, C-contiguous array of bools, integers or floats, not copied unless needed."""
    import numpy as np

    if isinstance(value, (str, bytes, Mapping)):
        raise TypeError(f"a histogram needs numbers, not {type(value).__name__}")
    if family_of(type(value)) is None and not hasattr(value, "__array__"):
        if not isinstance(value, Iterable):
            raise TypeError(f"a histogram needs a sequence of numbers, not {type(value).__name__}")
        value = value if isinstance(value, (list, tuple)) else list(value)
        if any(map(_is_nested, value)):
            parts = [
                _numbers_from(np.atleast_1d(array_from(part)) if family_of(type(part)) else part)
                for part in _parts(value)
            ]
            return np.concatenate(parts)
    array = array_from(value)
    if array.dtype.kind == "O" and all(hasattr(item, "__float__") for item in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "buif":
        raise TypeError(f"a histogram needs real numbers, not an array of dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return np.ascontiguousarray(array).reshape(-1)


def _is_nested(item: Any) -> bool:
    return isinstance(item, (list, tuple)) or family_of(type(item)) not in (None, "scalar")


def _parts(items: Iterable[Any]) -> Iterable[Any]:
    """A list of lists, arrays and bare numbers, with neighbouring bare numbers in lists of their own."""
    for is_nested, neighbours in itertools.groupby(items, _is_nested):
        part = list(neighbours)
        yield from part if is_nested else [part]
