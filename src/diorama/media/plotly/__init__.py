"""Plotly figures."""

from diorama.media.core.base import Kind
from diorama.media.plotly.codec import encode
from diorama.media.plotly.load import decode
from diorama.media.plotly.media import Plotly
from diorama.media.plotly.record import PlotlyRecord

KIND = Kind(
    name="plotly",
    cls=Plotly,
    record=PlotlyRecord,
    encode=encode,
    decode=decode,
    adopts=("plotly.basedatatypes.BaseFigure",),
    adopt=Plotly,
)
