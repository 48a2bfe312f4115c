"""What the store keeps of a graph."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class GraphRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="graph"):
    """blob: JSON {"format", "nodes": [{"id", "name", "class_name", ...}], "edges": [[id, id], ...]}."""

    blob: BlobRef
    format: str = "keras"
    node_count: int = 0
    edge_count: int = 0
