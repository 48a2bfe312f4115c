"""Charts of a table: `plot.line`, `plot.roc_curve` and their like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diorama.errors import UsageError
from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot, clean_text
from diorama.media.document import JSON_MIME, json_from_bytes
from diorama.media.keep import keep
from diorama.media.table import Table, TableRecord
from diorama.media.table import encode as encode_table
from diorama.media.table_load import LoadedTable
from diorama.media.table_load import decode as decode_table
from diorama.model import BlobRef


class ChartRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="chart"):
    """A table and how to draw it.

    preset: "wandb/line/v0" ... or a user's own. fields: the preset's field -> the table's column.
    strings: its texts (title, axis titles). spec: a Vega(-Lite) specification with ${field:...} and
    ${string:...} in it, for a preset of the user's own. is_table_split: log the table as a panel of its own,
    too. areas: under a curve of each class, computed from all points: AUC, or average precision.
    """

    preset: str
    table: TableRecord
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    strings: dict[str, str] = msgspec.field(default_factory=dict)
    spec: BlobRef | None = None
    is_table_split: bool = False
    areas: dict[str, float] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class CustomChartSpec:
    """How a table is drawn: the name of a preset (or a Vega specification as JSON), and what goes where."""

    spec_name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    string_fields: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    panel_type: str = "Vega2"
    split_table: bool = False
    vega: bytes | None = None
    areas: Mapping[str, float] = field(default_factory=dict)


PRESETS: dict[str, tuple[str, ...]] = {
    "wandb/line/v0": ("x", "y"),
    "wandb/scatter/v0": ("x", "y"),
    "wandb/bar/v0": ("label", "value"),
    "wandb/histogram/v0": ("value",),
    "wandb/lineseries/v0": ("step", "lineKey", "lineVal"),
    "wandb/area-under-curve/v0": ("x", "y"),
    "wandb/confusion_matrix/v1": ("Actual", "Predicted", "nPredictions"),
}
"""Presets that the viewer draws, and the fields that each needs."""

_OPTIONAL = ("stroke", "class")


class CustomChart(Media):
    """A chart of a table. `diorama.plot` has a function for each usual one; `plot_table` takes your own.

    Accepts: `table`, a `Table`; `spec`, a `CustomChartSpec` or the name of a preset, then with `fields`
    (the preset's field -> the table's column) and `string_fields` (its texts). `caption` and `sample_id`:
    text.

    The table's rows are taken now: adding rows later changes nothing in the chart.

    Raises: UsageError for what is no `Table`; ValueError for a column that the table does not have, where the
    preset is known; TypeError for `fields` that are no dict.

    >>> table = Table(columns=["epoch", "loss"], data=[[1, 0.9], [2, 0.5]])
    >>> CustomChart(table, "wandb/line/v0", {"x": "epoch", "y": "loss"}, {"title": "Loss"})
    CustomChart('wandb/line/v0', x='epoch', y='loss')
    """

    KIND = "chart"

    def __init__(
        self,
        table: Table,
        spec: CustomChartSpec | str,
        fields: Mapping[str, Any] | None = None,
        string_fields: Mapping[str, Any] | None = None,
        *,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if not isinstance(table, Table):
            raise UsageError(f"Expected `table` to be a `diorama.Table`, instead got {type(table).__name__}")
        if not isinstance(spec, CustomChartSpec):
            spec = CustomChartSpec(str(spec), {} if fields is None else fields, string_fields or {})
        self.table = table
        self.spec = spec
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self.fields = _texts(spec.fields, "fields")
        self.strings = _texts(spec.string_fields, "string_fields")
        _check_columns(spec.spec_name, self.fields, [clean_text(name) for name in table.columns])
        self._vega = None if spec.vega is None else keep(spec.vega)
        self._table = table.snapshot()

    def snapshot(self) -> Snapshot:
        header = {
            "preset": clean_text(self.spec.spec_name),
            "table": self._table.header,
            "fields": self.fields,
            "strings": self.strings,
            "has_spec": self._vega is not None,
            "is_table_split": bool(self.spec.split_table),
            "areas": {clean_text(name): float(area) for name, area in self.spec.areas.items()},
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        own = () if self._vega is None else (self._vega,)
        return Snapshot(self.KIND, header, (*own, *self._table.buffers))

    def __repr__(self) -> str:
        fields = "".join(f", {name}={column!r}" for name, column in self.fields.items())
        return f"CustomChart({self.spec.spec_name!r}{fields})"


def _texts(values: Any, argument: str) -> dict[str, str]:
    """The fields that are set, as text."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{argument} must be a dict of field -> column, not {type(values).__name__}")
    return {clean_text(name): clean_text(value) for name, value in values.items() if value is not None}


def _check_columns(preset: str, fields: Mapping[str, str], columns: list[str]) -> None:
    needed = PRESETS.get(preset)
    if needed is None:
        return
    for name in needed:
        if name not in fields:
            raise ValueError(f"the preset {preset!r} needs the field {name!r}: the name of a column")
    for name in (*needed, *_OPTIONAL):
        if name in fields and fields[name] not in columns:
            raise ValueError(
                f"{name}={fields[name]!r} is no column of the table; it has {', '.join(map(repr, columns))}"
            )


@dataclass(frozen=True)
class LoadedChart:
    """A chart that was read back. spec: the Vega specification, if it has one of its own."""

    preset: str
    table: LoadedTable
    fields: dict[str, str]
    strings: dict[str, str]
    spec: dict[str, Any] | None


def encode(snapshot: Snapshot, put_blob: PutBlob) -> ChartRecord:
    header = dict(snapshot.header)
    buffers = snapshot.buffers
    spec = None
    if header.pop("has_spec"):
        spec = put_blob(buffers[0].read(), JSON_MIME)
        buffers = buffers[1:]
    table = encode_table(Snapshot(Table.KIND, header.pop("table"), buffers), put_blob)
    return ChartRecord(table=table, spec=spec, **header)


def decode(record: ChartRecord, get_blob: GetBlob) -> LoadedChart:
    """The chart's table, as reading a table back gives it, and how it is drawn."""
    spec = None if record.spec is None else json_from_bytes(get_blob(record.spec), subject="the chart's Vega")
    table = decode_table(record.table, get_blob)
    return LoadedChart(record.preset, table, record.fields, record.strings, spec)


KIND = Kind(name="chart", cls=CustomChart, record=ChartRecord, encode=encode, decode=decode)
