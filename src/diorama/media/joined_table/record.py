"""What the store keeps of two joined tables."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.media.table.record import TableRecord


class JoinedTableRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="joined_table"):
    """Two tables whose rows belong together where left[join_key[0]] equals right[join_key[1]]."""

    left: TableRecord
    right: TableRecord
    join_key: tuple[str, str]
