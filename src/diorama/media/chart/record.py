"""What the store keeps of a chart of a table."""

from __future__ import annotations

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.media.table.record import TableRecord
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
