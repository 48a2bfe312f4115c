"""Histograms: counts between bin edges."""

from diorama.media.core.base import Kind
from diorama.media.histogram.codec import encode, warnings_of
from diorama.media.histogram.load import decode
from diorama.media.histogram.media import Histogram
from diorama.media.histogram.record import HistogramRecord

KIND = Kind(
    name="histogram",
    cls=Histogram,
    record=HistogramRecord,
    encode=encode,
    decode=decode,
    adopts=("numpy.ndarray", "torch.Tensor", "jax.Array"),
    adopt=Histogram,
    warnings=warnings_of,
)
