"""Charts of a table: `plot.line`, `plot.roc_curve` and their like."""

from diorama.media.chart.codec import encode
from diorama.media.chart.load import decode
from diorama.media.chart.media import CustomChart
from diorama.media.chart.record import ChartRecord
from diorama.media.core.base import Kind

KIND = Kind(name="chart", cls=CustomChart, record=ChartRecord, encode=encode, decode=decode)
