"""The sample of the contract test."""

from diorama.media import Graph

SAMPLE = Graph(caption="two nodes", sample_id="a")
SAMPLE.add_node(id="input")
SAMPLE.add_node(id="output")
SAMPLE.add_edge("input", "output")
