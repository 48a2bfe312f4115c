"""What examples/graph.py logged."""

from typing import Any


def check_graph(run: Any) -> None:
    [graph] = [row["model"].load() for row in run.scan_history(keys=["model"])]
    assert len(graph.nodes) == 8
    assert len(graph.edges) == 10
    assert graph["dense"].num_parameters == 7840
    assert {edge.name for edge in graph.edges} == {None, "skip"}


CHECKS = {"graph": check_graph}
