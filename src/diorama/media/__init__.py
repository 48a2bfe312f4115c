"""The kinds of media, as a list that you can read. Each has a folder, with the same file names in each.

`media.py` is the class that users log, `record.py` what the store keeps, `codec.py` makes the record (in the
sidecar), `load.py` reads it back, `facts.py` looks into other people's files (in a worker). `core` is below
all kinds.

Importing this package imports neither numpy nor Pillow.
"""

from __future__ import annotations

from typing import Union

from diorama.media.adopt import adopt
from diorama.media.audio import KIND as AUDIO
from diorama.media.audio.media import Audio
from diorama.media.audio.record import AudioRecord
from diorama.media.bokeh import KIND as BOKEH
from diorama.media.bokeh.media import Bokeh
from diorama.media.bokeh.record import BokehRecord
from diorama.media.chart import KIND as CHART
from diorama.media.chart.media import CustomChart
from diorama.media.chart.record import ChartRecord
from diorama.media.core.base import Kind
from diorama.media.core.registry import (
    KINDS_BY_NAME,
    UnknownRecord,
    decode_record,
    encode_record,
    plain_record,
    record_warnings,
    register,
)
from diorama.media.file import KIND as FILE
from diorama.media.file.media import RunFile
from diorama.media.file.record import FileRecord
from diorama.media.graph import KIND as GRAPH
from diorama.media.graph.media import Graph
from diorama.media.graph.nodes import Node
from diorama.media.graph.record import GraphRecord
from diorama.media.histogram import KIND as HISTOGRAM
from diorama.media.histogram.media import Histogram
from diorama.media.histogram.record import HistogramRecord
from diorama.media.html import KIND as HTML
from diorama.media.html.media import Html
from diorama.media.html.record import HtmlRecord
from diorama.media.image import KIND as IMAGE
from diorama.media.image.media import Image
from diorama.media.image.overlays.boxes import BoundingBoxes2D
from diorama.media.image.overlays.keypoints import Keypoints2D
from diorama.media.image.overlays.layers import Classes
from diorama.media.image.overlays.masks import ImageMask
from diorama.media.image.overlays.polygons import Polygons2D
from diorama.media.image.record import ImageRecord
from diorama.media.joined_table import KIND as JOINED_TABLE
from diorama.media.joined_table.media import JoinedTable
from diorama.media.joined_table.record import JoinedTableRecord
from diorama.media.molecule import KIND as MOLECULE
from diorama.media.molecule.media import Molecule
from diorama.media.molecule.record import MoleculeRecord
from diorama.media.object3d import KIND as OBJECT3D
from diorama.media.object3d.media import Object3D
from diorama.media.object3d.record import Object3DRecord
from diorama.media.partitioned_table import KIND as PARTITIONED_TABLE
from diorama.media.partitioned_table.media import PartitionedTable
from diorama.media.partitioned_table.record import PartitionedTableRecord
from diorama.media.plotly import KIND as PLOTLY
from diorama.media.plotly.media import Plotly
from diorama.media.plotly.record import PlotlyRecord
from diorama.media.plugin import KIND as PLUGIN
from diorama.media.plugin.media import PluginMedia
from diorama.media.plugin.record import PluginRecord
from diorama.media.table import KIND as TABLE
from diorama.media.table.media import Table
from diorama.media.table.record import TableRecord
from diorama.media.text import KIND as TEXT
from diorama.media.text.media import Text
from diorama.media.text.record import TextRecord
from diorama.media.vega import KIND as VEGA
from diorama.media.vega.media import Vega
from diorama.media.vega.record import VegaRecord
from diorama.media.video import KIND as VIDEO
from diorama.media.video.media import Video
from diorama.media.video.record import VideoRecord

__all__ = [
    "KINDS",
    "KINDS_BY_NAME",
    "Audio",
    "AudioRecord",
    "Bokeh",
    "BokehRecord",
    "BoundingBoxes2D",
    "ChartRecord",
    "Classes",
    "CustomChart",
    "FileRecord",
    "Graph",
    "GraphRecord",
    "Histogram",
    "HistogramRecord",
    "Html",
    "HtmlRecord",
    "Image",
    "ImageMask",
    "ImageRecord",
    "JoinedTable",
    "JoinedTableRecord",
    "Keypoints2D",
    "MediaRecord",
    "Molecule",
    "MoleculeRecord",
    "Node",
    "Object3D",
    "Object3DRecord",
    "PartitionedTable",
    "PartitionedTableRecord",
    "Plotly",
    "PlotlyRecord",
    "PluginMedia",
    "PluginRecord",
    "Polygons2D",
    "RunFile",
    "Table",
    "TableRecord",
    "Text",
    "TextRecord",
    "UnknownRecord",
    "Vega",
    "VegaRecord",
    "Video",
    "VideoRecord",
    "adopt",
    "decode_record",
    "encode_record",
    "plain_record",
    "record_warnings",
]
KINDS: tuple[Kind, ...] = (
    IMAGE,
    HISTOGRAM,
    TABLE,
    JOINED_TABLE,
    PARTITIONED_TABLE,
    OBJECT3D,
    MOLECULE,
    VIDEO,
    AUDIO,
    HTML,
    TEXT,
    PLOTLY,
    BOKEH,
    VEGA,
    GRAPH,
    CHART,
    FILE,
    PLUGIN,
)
register(KINDS)
MediaRecord = Union[  # noqa: UP007 msgspec wants a real Union on 3.10
    ImageRecord,
    HistogramRecord,
    TableRecord,
    JoinedTableRecord,
    PartitionedTableRecord,
    Object3DRecord,
    MoleculeRecord,
    VideoRecord,
    AudioRecord,
    HtmlRecord,
    TextRecord,
    PlotlyRecord,
    BokehRecord,
    VegaRecord,
    GraphRecord,
    ChartRecord,
    FileRecord,
    PluginRecord,
]
"""The closed union of records: the storage schema, the API's and TypeScript's. Tagged by `kind`."""
