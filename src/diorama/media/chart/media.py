"""Charts of a table: `plot.line`, `plot.roc_curve` and their like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diorama.errors import UsageError
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import keep
from diorama.media.table.media import Table
from diorama.model import clean_text


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
