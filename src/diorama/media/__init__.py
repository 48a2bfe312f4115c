"""The kinds of media, as a list that you can read, and the codec of their records.

Importing this package imports neither numpy nor Pillow.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from diorama.media import (
    audio,
    bokeh,
    chart,
    file,
    graph,
    histogram,
    html,
    image,
    joined_table,
    molecule,
    object3d,
    partitioned_table,
    plotly,
    table,
    text,
    vega,
    video,
)
from diorama.media.adopt import adopt
from diorama.media.audio import Audio, AudioRecord
from diorama.media.base import Kind
from diorama.media.bokeh import Bokeh, BokehRecord
from diorama.media.boxes import BoundingBoxes2D
from diorama.media.chart import ChartRecord, CustomChart
from diorama.media.file import FileRecord, RunFile
from diorama.media.graph import Graph, GraphRecord, Node
from diorama.media.histogram import Histogram, HistogramRecord
from diorama.media.html import Html, HtmlRecord
from diorama.media.image import Image, ImageRecord
from diorama.media.joined_table import JoinedTable, JoinedTableRecord
from diorama.media.keypoints import Keypoints2D
from diorama.media.masks import ImageMask
from diorama.media.molecule import Molecule, MoleculeRecord
from diorama.media.object3d import Object3D, Object3DRecord
from diorama.media.overlays import Classes
from diorama.media.partitioned_table import PartitionedTable, PartitionedTableRecord
from diorama.media.plotly import Plotly, PlotlyRecord
from diorama.media.polygons import Polygons2D
from diorama.media.table import Table, TableRecord
from diorama.media.text import Text, TextRecord
from diorama.media.vega import Vega, VegaRecord
from diorama.media.video import Video, VideoRecord

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
    image.KIND,
    histogram.KIND,
    table.KIND,
    joined_table.KIND,
    partitioned_table.KIND,
    object3d.KIND,
    molecule.KIND,
    video.KIND,
    audio.KIND,
    html.KIND,
    text.KIND,
    plotly.KIND,
    bokeh.KIND,
    vega.KIND,
    graph.KIND,
    chart.KIND,
    file.KIND,
)
KINDS_BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

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
]
"""The closed union of records: the storage schema, the API's and TypeScript's. Tagged by `kind`."""


class UnknownRecord:
    """A record of a kind that this Diorama does not know. It is kept, and encoded again, verbatim."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])

    @property
    def caption(self) -> str | None:
        caption = self.fields.get("caption")
        return caption if isinstance(caption, str) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownRecord) and self.fields == other.fields

    __hash__ = None  # type: ignore[assignment]  # the fields are mutable

    def __repr__(self) -> str:
        return f"UnknownRecord({self.fields!r})"


class _Tag(msgspec.Struct):
    kind: str


_encoder = msgspec.msgpack.Encoder()
_tag_decoder = msgspec.msgpack.Decoder(_Tag)
_record_decoder = msgspec.msgpack.Decoder(MediaRecord)
_plain_decoder = msgspec.msgpack.Decoder(dict[str, Any])


def encode_record(record: MediaRecord | UnknownRecord) -> bytes:
    """The msgpack of a record, tagged by its kind."""
    return _encoder.encode(record.fields if isinstance(record, UnknownRecord) else record)


def decode_record(data: bytes | memoryview) -> MediaRecord | UnknownRecord:
    """A record from its msgpack.

    Raises msgspec.ValidationError for bytes that are no tagged map, or a known kind with wrong fields.
    """
    if _tag_decoder.decode(data).kind in KINDS_BY_NAME:
        record: MediaRecord = _record_decoder.decode(data)
        return record
    return UnknownRecord(_plain_decoder.decode(data))


def plain_record(record: MediaRecord | UnknownRecord) -> dict[str, Any]:
    """A record as plain dicts, lists, numbers and text, its kind included: what JSON shows."""
    if isinstance(record, UnknownRecord):
        return record.fields
    plain: dict[str, Any] = msgspec.to_builtins(record, str_keys=True)
    return plain


def record_warnings(record: MediaRecord | UnknownRecord) -> list[tuple[str, str, int]]:
    """(code, text, how many values) of what encoding could not keep as it was given, for the run to show."""
    if isinstance(record, UnknownRecord):
        return []
    return KINDS_BY_NAME[str(type(record).__struct_config__.tag)].warnings(record)
