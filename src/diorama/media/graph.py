"""Graphs of nodes and edges, such as a model's layers."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class GraphRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="graph"):
    """blob: JSON {"format", "nodes": [{"id", "name", "class_name", ...}], "edges": [[id, id], ...]}."""

    blob: BlobRef
    format: str = "keras"
    node_count: int = 0
    edge_count: int = 0


class Graph(Media):
    """To be written."""

    KIND = "graph"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> GraphRecord:
    raise NotImplementedError


def decode(record: GraphRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="graph", cls=Graph, record=GraphRecord, encode=encode, decode=decode)
