"""Graphs of nodes and edges, such as a model's layers."""

from diorama.media.core.base import Kind
from diorama.media.graph.codec import encode
from diorama.media.graph.load import decode
from diorama.media.graph.media import Graph, graph_from
from diorama.media.graph.record import GraphRecord

KIND = Kind(
    name="graph",
    cls=Graph,
    record=GraphRecord,
    encode=encode,
    decode=decode,
    adopts=(
        "keras.src.models.model.Model",
        "keras.src.engine.training.Model",
        "keras.engine.training.Model",
        "torch.nn.modules.module.Module",
        "networkx.classes.graph.Graph",
    ),
    adopt=graph_from,
)
