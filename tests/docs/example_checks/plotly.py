"""What examples/figures.py logged."""

from typing import Any


def check_figures(run: Any) -> None:
    figures = [row["plotly"].load() for row in run.scan_history(keys=["plotly"])]
    assert len(figures) == 3
    assert [trace["name"] for trace in figures[0]["data"]] == ["wave 0", "wave 1", "wave 2"]
    [cloud] = [row["bokeh"].load() for row in run.scan_history(keys=["bokeh"])]
    assert len(cloud["roots"]) == 1
    [line] = [row["altair"].load() for row in run.scan_history(keys=["altair"])]
    assert "vega-lite" in line["$schema"]
    [bars] = [row["vega"].load() for row in run.scan_history(keys=["vega"])]
    assert len(bars["data"]["values"]) == 100


CHECKS = {"figures": check_figures}
