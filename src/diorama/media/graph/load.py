"""From the record of a graph back to what was logged."""

from __future__ import annotations

from diorama.media.core.base import GetBlob
from diorama.media.core.document import json_from_bytes
from diorama.media.graph.media import Graph
from diorama.media.graph.nodes import Node
from diorama.media.graph.record import GraphRecord


def decode(record: GraphRecord, get_blob: GetBlob) -> Graph:
    """The graph again, with its nodes and edges."""
    content = json_from_bytes(get_blob(record.blob), subject="the graph")
    graph = Graph(record.format, caption=record.caption, sample_id=record.sample_id)
    for fields in content["nodes"]:
        graph.add_node(Node.from_fields(fields))
    for from_id, to_id, *names in content["edges"]:
        graph.add_edge(from_id, to_id, name=names[0] if names else None)
    return graph
