"""Nodes and edges of a graph, and how they are written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from diorama.media.core.foreign import array_from, family_of
from diorama.model import clean_text

FIELDS = (
    "id",
    "name",
    "class_name",
    "size",
    "parameters",
    "output_shape",
    "is_output",
    "num_parameters",
)
_MORE_FIELDS = ("functions", "child_parameters", "is_constant")
_LEAST_JSON = (str, int, float, bool, type(None))


class Node:
    """A node of a `Graph`. `id` must be unique in its graph; everything else is shown as it is."""

    def __init__(
        self,
        id: Any = None,
        name: str | None = None,
        class_name: str | None = None,
        size: Iterable[Any] | None = None,
        parameters: Any = None,
        output_shape: Any = None,
        is_output: bool | None = None,
        num_parameters: int | None = None,
        node: Node | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.class_name = class_name
        self.size = None if size is None else tuple(size)
        self.parameters = [] if parameters is None else parameters
        self.output_shape = output_shape
        self.is_output = is_output
        self.num_parameters = num_parameters
        self.functions: list[Any] = []
        self.child_parameters: Any = None
        self.is_constant: bool | None = None
        if node is not None:
            for field in (*FIELDS[1:], *_MORE_FIELDS):
                if _is_unset(getattr(self, field)):
                    setattr(self, field, getattr(node, field))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Node:
        """A node of what `fields_of` has written."""
        node = cls(**{name: value for name, value in fields.items() if name in FIELDS})
        for name in _MORE_FIELDS:
            if name in fields:
                setattr(node, name, fields[name])
        return node

    def __repr__(self) -> str:
        return f"Node({fields_of(self)})"


class Edge:
    """An edge of a `Graph`, from a node to another."""

    def __init__(self, from_node: Node, to_node: Node, *, name: str | None = None) -> None:
        self.from_node = from_node
        self.to_node = to_node
        self.name = name

    def __repr__(self) -> str:
        return f"Edge({self.from_node.id!r} -> {self.to_node.id!r})"


class Builder(Protocol):
    """A graph that nodes and edges are added to."""

    nodes_by_id: dict[Any, Node]
    root: Node | None

    def add_node(self, node: Node | None = None, **fields: Any) -> Node: ...

    def add_edge(self, from_node: Any, to_node: Any, *, name: str | None = None) -> Edge: ...


AnyGraph = TypeVar("AnyGraph", bound=Builder)


def _is_unset(value: Any) -> bool:
    return value is None or (isinstance(value, list) and not value)


def fields_of(node: Node) -> dict[str, Any]:
    """What a node says of itself, empty fields left out; the name is always there."""
    fields: dict[str, Any] = {"id": node.id, "name": node.name}
    for name in (*FIELDS[2:], *_MORE_FIELDS):
        value = getattr(node, name)
        if not _is_unset(value):
            fields[name] = value
    return fields


def bytes_from_graph(format: str, nodes: Iterable[Node], edges: Iterable[Edge]) -> bytes:
    """The JSON of a graph. What JSON has no form for becomes text."""
    content = {
        "format": format,
        "nodes": [_written(fields_of(node)) for node in nodes],
        "edges": [
            [_written(edge.from_node.id), _written(edge.to_node.id)]
            + ([] if edge.name is None else [clean_text(edge.name)])
            for edge in edges
        ],
    }
    return msgspec.json.encode(content)


def _written(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, _LEAST_JSON):
        return value
    if isinstance(value, Mapping):
        return {clean_text(name): _written(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_written(item) for item in value]
    if family_of(type(value)) in ("array", "scalar", "torch", "host", "cupy"):
        return array_from(value).tolist()
    as_list = getattr(value, "as_list", None)  # TensorFlow's TensorShape
    return _written(as_list()) if callable(as_list) else clean_text(value)
