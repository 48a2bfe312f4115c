"""Graphs of nodes and edges, such as a model's layers."""

from __future__ import annotations

from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import keep
from diorama.media.graph.models import graph_from_keras, graph_from_networkx, graph_from_torch
from diorama.media.graph.nodes import Edge, Node, bytes_from_graph
from diorama.model import clean_text


class Graph(Media):
    """Nodes and the edges between them: the layers of a model, a pipeline, a search tree.

    Accepts: `format`, text that names what it is of ("keras"). `add_node` takes a `Node` or its fields (id,
    name, class_name, size, parameters, output_shape, is_output, num_parameters); a node without id gets one.
    `add_edge` takes two nodes or their ids, and a `name`. `from_keras(model)` (Keras 2 and 3),
    `from_torch(module)` and `from_networkx(graph)` read the graph of those. `caption` and `sample_id`: text.

    Raises: ValueError for an id that is there already, an edge to an id that is not, and for a node and
    fields at once; TypeError for anything else.

    What the graph holds when it is logged is kept; adding to it later changes nothing that was logged.

    >>> graph = Graph()
    >>> graph.add_node(id="input", class_name="InputLayer").id
    'input'
    >>> _ = graph.add_node(id="dense", class_name="Dense", num_parameters=90)
    >>> graph.add_edge("input", "dense")
    Edge('input' -> 'dense')
    """

    KIND = "graph"

    def __init__(
        self, format: str = "keras", *, caption: str | None = None, sample_id: str | None = None
    ) -> None:
        self.format = clean_text(format)
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self.nodes: list[Node] = []
        self.nodes_by_id: dict[Any, Node] = {}
        self.edges: list[Edge] = []
        self.root: Node | None = None

    def __getitem__(self, id: Any) -> Node:
        return self.nodes_by_id[id]

    def add_node(self, node: Node | None = None, **fields: Any) -> Node:
        """Add `node`, or a new one of these fields; returns it."""
        if node is None:
            node = Node(**fields)
        elif fields:
            raise ValueError(f"Only pass one of either node ({node}) or other keyword arguments ({fields})")
        elif not isinstance(node, Node):
            raise TypeError(f"a node must be a Node, not {type(node).__name__}; give its id as id=...")
        if node.id is None:
            node.id = self._free_id(node.name or node.class_name or "node")
        elif node.id in self.nodes_by_id:
            raise ValueError(f"the graph has a node with the id {node.id!r} already")
        self.nodes.append(node)
        self.nodes_by_id[node.id] = node
        return node

    def _free_id(self, name: str) -> str:
        if name not in self.nodes_by_id:
            return name
        number = 1
        while f"{name}_{number}" in self.nodes_by_id:
            number += 1
        return f"{name}_{number}"

    def add_edge(self, from_node: Any, to_node: Any, *, name: str | None = None) -> Edge:
        """Add an edge between two nodes, or the nodes with these ids; returns it."""
        edge = Edge(self._node(from_node), self._node(to_node), name=name)
        self.edges.append(edge)
        return edge

    def _node(self, node: Any) -> Node:
        if isinstance(node, Node):
            if self.nodes_by_id.get(node.id) is not node:
                self.add_node(node)
            return node
        try:
            found = self.nodes_by_id.get(node)
        except TypeError as error:
            raise TypeError(f"an edge joins nodes or their ids, not {type(node).__name__}") from error
        if found is None:
            raise ValueError(f"the graph has no node with the id {node!r}; add_node(id={node!r}) first")
        return found

    @classmethod
    def from_keras(cls, model: Any) -> Graph:
        """The layers of a Keras model (2 or 3)."""
        return graph_from_keras(cls(), model)

    @classmethod
    def from_torch(cls, module: Any) -> Graph:
        """The tree of a torch module's parts."""
        return graph_from_torch(cls(format="torch"), module)

    @classmethod
    def from_networkx(cls, graph: Any) -> Graph:
        """The nodes and edges of a networkx graph; attributes that a Node has are taken over."""
        return graph_from_networkx(cls(format="networkx"), graph)

    def snapshot(self) -> Snapshot:
        header = {
            "format": self.format,
            "node_count": len(self.nodes),
            "edge_count": len(self.edges),
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (keep(bytes_from_graph(self.format, self.nodes, self.edges)),))

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.edges)} edges, format={self.format!r})"


def graph_from(value: Any) -> Graph:
    if hasattr(value, "named_children"):
        return Graph.from_torch(value)
    return Graph.from_keras(value) if hasattr(value, "layers") else Graph.from_networkx(value)
