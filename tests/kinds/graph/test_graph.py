"""Graphs: nodes, edges, and the models of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diorama.media import Graph, adopt
from diorama.media.graph.nodes import Edge, Node


def small() -> Graph:
    graph = Graph(caption="c", sample_id="s")
    graph.add_node(
        id="a", name="first", class_name="Dense", output_shape=(None, 3), num_parameters=np.int64(12)
    )
    graph.add_node(Node(id="b", size=[2, 3], is_output=True, parameters=[("w", [3, 4])]))
    graph.add_edge("a", "b", name="skip")
    return graph


def test_nodes_and_edges_come_back(trip) -> None:
    graph = small()
    travelled = trip(graph)
    record = travelled.record
    assert (record.format, record.node_count, record.edge_count) == ("keras", 2, 1)
    assert (record.caption, record.sample_id) == ("c", "s")
    loaded = travelled.loaded
    assert [node.id for node in loaded.nodes] == ["a", "b"]
    assert (loaded["a"].name, loaded["a"].output_shape, loaded["a"].num_parameters) == (
        "first",
        [None, 3],
        12,
    )
    assert (loaded["b"].size, loaded["b"].is_output, loaded["b"].parameters) == (
        (2, 3),
        True,
        [["w", [3, 4]]],
    )
    [edge] = loaded.edges
    assert (edge.from_node.id, edge.to_node.id, edge.name) == ("a", "b", "skip")
    assert repr(edge) == "Edge('a' -> 'b')"


def test_what_was_logged_stays_as_it_was(trip) -> None:
    graph = small()
    snapshot = graph.snapshot()
    graph.add_node(id="c")
    assert snapshot.header["node_count"] == 2
    assert trip(graph).record.node_count == 3


def test_nodes_with_objects_as_in_wandb() -> None:
    graph = Graph()
    first, second = Node(id="1"), Node(id="2")
    graph.add_node(first)
    edge = graph.add_edge(first, second)
    assert isinstance(edge, Edge)
    assert graph.nodes == [first, second]
    copy = Node(node=Node(id="x", class_name="Conv"), name="copy")
    assert (copy.id, copy.class_name, copy.name) == (None, "Conv", "copy")
    assert graph.add_node(copy).id == "copy"
    assert graph.add_node(class_name="Conv").id == "Conv"
    assert graph.add_node(class_name="Conv").id == "Conv_1"


def test_errors() -> None:
    graph = small()
    with pytest.raises(ValueError, match="already"):
        graph.add_node(id="a")
    with pytest.raises(ValueError, match=r"add_node\(id='z'\) first"):
        graph.add_edge("a", "z")
    with pytest.raises(ValueError, match="Only pass one of"):
        graph.add_node(Node(id="d"), name="d")
    with pytest.raises(TypeError, match="must be a Node"):
        graph.add_node("d")  # type: ignore[arg-type]  # that is the test
    with pytest.raises(TypeError, match="nodes or their ids"):
        graph.add_edge("a", [1])
    for read in (Graph.from_keras, Graph.from_torch, Graph.from_networkx):
        with pytest.raises(TypeError, match="needs a"):
            read(5)


class Layer:
    """As much of a Keras layer as is read; `inputs` are the layers before it."""

    def __init__(self, name: str, *inputs: Layer, keras: int = 3) -> None:
        self.name = name
        if keras == 3:
            parents = [type("KerasNode", (), {"operation": layer}) for layer in inputs]
            self._inbound_nodes: list[Any] = [type("Inbound", (), {"parent_nodes": parents})]
            self.output = type("Output", (), {"shape": (None, 4)})
        else:
            given = list(inputs) if len(inputs) != 1 else inputs[0]
            self._inbound_nodes = [type("Inbound", (), {"inbound_layers": given})]
            self.output_shape = (None, 4)

    def count_params(self) -> int:
        return 10


@pytest.mark.parametrize("keras", [2, 3])
def test_keras_models(keras: int) -> None:
    first = Layer("in", keras=keras)
    middle = Layer("dense", first, keras=keras)
    last = Layer("add", first, middle, keras=keras)
    model = type("Model", (), {"layers": [first, middle, last]})
    graph = Graph.from_keras(model)
    assert [(edge.from_node.id, edge.to_node.id) for edge in graph.edges] == [
        ("in", "dense"),
        ("in", "add"),
        ("dense", "add"),
    ]
    assert list(graph["dense"].output_shape) == [None, 4]
    assert (graph["dense"].num_parameters, graph["dense"].class_name) == (10, "Layer")


def test_a_sequential_that_was_never_called() -> None:
    class Unbuilt:
        def __init__(self, name: str) -> None:
            self.name = name

        def count_params(self) -> int:
            raise ValueError("not built")

        @property
        def output(self) -> Any:
            raise ValueError("never called")

    graph = Graph.from_keras(type("Sequential", (), {"layers": [Unbuilt("a"), Unbuilt("b"), Unbuilt("b")]}))
    assert [node.id for node in graph.nodes] == ["a", "b", "b_1"]
    assert len(graph.edges) == 2
    assert graph["a"].num_parameters is None
    assert graph["a"].output_shape == ["multiple"]


class Module:
    def __init__(self, **children: Module) -> None:
        self.children = children

    def named_children(self) -> Any:
        return iter(self.children.items())

    def named_parameters(self, recurse: bool) -> Any:
        return iter([("weight", np.zeros((2, 3)))])

    def parameters(self) -> Any:
        values = type("Values", (), {"numel": lambda self: 6})
        yield values()
        for child in self.children.values():
            yield from child.parameters()


Module.__module__, Module.__qualname__ = "torch.nn.modules.module", "Module"


def test_torch_modules(trip) -> None:
    module = Module(encoder=Module(conv=Module(), norm=Module()), head=Module())
    graph = adopt(module)
    assert isinstance(graph, Graph)
    assert [node.id for node in graph.nodes] == ["Module", "encoder", "encoder.conv", "encoder.norm", "head"]
    assert graph["Module"].num_parameters == 30
    assert graph["encoder.conv"].name == "conv"
    assert graph.root is graph["Module"]
    assert trip(graph).record.edge_count == 4


def test_networkx_graphs() -> None:
    class Source:
        def nodes(self, data: bool) -> Any:
            return [("a", {"class_name": "Start", "weight": 3}), (2, {}), ((1, 2), {"name": "pair"})]

        def edges(self, data: bool) -> Any:
            return [("a", 2, {"label": "leads to"}), (2, (1, 2), {})]

    graph = Graph.from_networkx(Source())
    assert [(node.id, node.name) for node in graph.nodes] == [("a", "a"), (2, "2"), ("(1, 2)", "pair")]
    assert [edge.name for edge in graph.edges] == ["leads to", None]


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(-(2**53), 2**53),
        min_size=1,
        max_size=8,
        unique_by=str,
    ),
    data=st.data(),
)
def test_any_graph_comes_back(trip, ids: list[Any], data: st.DataObject) -> None:
    graph = Graph()
    for id in ids:
        graph.add_node(
            id=id, name=data.draw(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
        )
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=10))
    for start, end in pairs:
        graph.add_edge(start, end)
    loaded = trip(graph).loaded
    assert [(node.id, node.name) for node in loaded.nodes] == [(node.id, node.name) for node in graph.nodes]
    assert [(edge.from_node.id, edge.to_node.id) for edge in loaded.edges] == pairs
