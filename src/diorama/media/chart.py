"""Charts of a table: `plot.line`, `plot.roc_curve` and their like."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.media.table import TableRecord
from diorama.model import BlobRef


class ChartRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="chart"):
    """A table and how to draw it.

    preset: "wandb/line/v0" ... or a user's own. fields: the preset's field -> the table's column. strings: its
    texts (title, axis titles). spec: a Vega(-Lite) specification with ${field:...} and ${string:...} in it,
    for a preset of the user's own. is_table_split: log the table as a panel of its own, too.
    """

    preset: str
    table: TableRecord
    fields: dict[str, str] = {}
    strings: dict[str, str] = {}
    spec: BlobRef | None = None
    is_table_split: bool = False


class CustomChart(Media):
    """To be written."""

    KIND = "chart"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> ChartRecord:
    raise NotImplementedError


def decode(record: ChartRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="chart", cls=CustomChart, record=ChartRecord, encode=encode, decode=decode)
