"""Graphs of other libraries' models, read by what they can do; none of the libraries is imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diorama.media.graph.nodes import FIELDS, AnyGraph, Builder, Node


def graph_from_keras(graph: AnyGraph, model: Any) -> AnyGraph:
    """Fill `graph` with the layers of a Keras 2 or 3 model."""
    layers = getattr(model, "layers", None)
    if layers is None:
        raise TypeError(f"from_keras needs a Keras model with layers, not {type(model).__name__}")
    layers = list(layers)
    nodes = {id(layer): graph.add_node(_node_from_layer(graph, layer)) for layer in layers}
    for before, layer in zip([None, *layers[:-1]], layers, strict=True):
        sources = [source for source in _inputs_of(layer) if id(source) in nodes]
        if not sources and before is not None and not getattr(layer, "_inbound_nodes", None):
            sources = [before]  # a Sequential that was never called: one after another
        for source in dict.fromkeys(map(id, sources)):
            graph.add_edge(nodes[source], nodes[id(layer)])
    if nodes:
        graph.root = next(iter(nodes.values()))
    return graph


def _node_from_layer(graph: Builder, layer: Any) -> Node:
    count_params = getattr(layer, "count_params", None)
    try:
        parameters = count_params() if callable(count_params) else None
    except ValueError:  # Keras says so of a layer that is not built yet
        parameters = None
    name = str(layer.name)
    return Node(
        id=name if name not in graph.nodes_by_id else None,
        name=name,
        class_name=type(layer).__name__,
        output_shape=_output_shape(layer),
        num_parameters=parameters,
    )


def _output_shape(layer: Any) -> Any:
    try:
        return layer.output_shape
    except (AttributeError, RuntimeError):
        pass
    try:
        output = layer.output
    except (AttributeError, ValueError, RuntimeError):  # not called yet, or called more than once
        return ["multiple"]
    outputs = output if isinstance(output, (list, tuple)) else [output]
    shapes = [list(shape) for one in outputs if (shape := getattr(one, "shape", None)) is not None]
    return shapes[0] if len(shapes) == 1 else shapes


def _inputs_of(layer: Any) -> Iterator[Any]:
    for node in getattr(layer, "_inbound_nodes", None) or ():
        parents = getattr(node, "parent_nodes", None)
        if parents is not None:  # Keras 3
            yield from (parent.operation for parent in parents)
            continue
        inbound = getattr(node, "inbound_layers", None) or ()
        yield from inbound if isinstance(inbound, (list, tuple)) else [inbound]


def graph_from_torch(graph: AnyGraph, module: Any) -> AnyGraph:
    """Fill `graph` with the tree of a torch module's parts."""
    if not hasattr(module, "named_children"):
        raise TypeError(f"from_torch needs a torch module, not {type(module).__name__}")
    waiting: list[tuple[str, Any, Node | None]] = [("", module, None)]
    while waiting:
        path, part, parent = waiting.pop()
        own = [(name, list(values.shape)) for name, values in part.named_parameters(recurse=False)]
        node = graph.add_node(
            id=path or type(module).__name__,
            name=path.rpartition(".")[2] or type(module).__name__,
            class_name=type(part).__name__,
            parameters=own,
            num_parameters=sum(values.numel() for values in part.parameters()),
        )
        if parent is None:
            graph.root = node
        else:
            graph.add_edge(parent, node)
        children = list(part.named_children())
        waiting += [(f"{path}.{name}" if path else name, child, node) for name, child in reversed(children)]
    return graph


def graph_from_networkx(graph: AnyGraph, source: Any) -> AnyGraph:
    """Fill `graph` with the nodes and edges of a networkx graph."""
    if not (hasattr(source, "nodes") and hasattr(source, "edges")):
        raise TypeError(f"from_networkx needs a networkx graph, not {type(source).__name__}")
    for id, attributes in source.nodes(data=True):
        fields = {name: value for name, value in attributes.items() if name in FIELDS and name != "id"}
        id = id if isinstance(id, (str, int)) else str(id)
        graph.add_node(id=id, **{"name": str(id), **fields})
    for from_id, to_id, attributes in source.edges(data=True):
        name = attributes.get("name", attributes.get("label"))
        ends = (end if isinstance(end, (str, int)) else str(end) for end in (from_id, to_id))
        graph.add_edge(*ends, name=None if name is None else str(name))
    return graph
