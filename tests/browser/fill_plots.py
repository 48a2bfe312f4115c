"""Fill a store with charts, figures and graphs, kind ones and hostile ones, through the real SDK.

DIORAMA_DIR=DIR python fill_plots.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure

import diorama

FOREIGN = "http://foreign.example:9"
STEPS = 3
NAMES = ["cat", "dog", "owl"]


def waves(step: int) -> go.Figure:
    x = np.linspace(0, 6, 100)
    return go.Figure([go.Scatter(x=x, y=np.sin(x + i)) for i in range(step + 1)], layout={"title": "Waves"})


def dots() -> Any:
    plot = figure(title="Dots")
    plot.scatter([1, 2, 3], [3, 1, 2], size=10)
    return plot


def spy() -> Any:
    """A Bokeh figure whose code, when it is drawn, tries to get out and writes down what came of it."""
    source = ColumnDataSource({"x": [1, 2, 3], "y": [3, 1, 2]})
    plot = figure(title="Spy")
    plot.scatter("x", "y", source=source, size=10)
    code = f"""
    window.spied = {{}};
    const attempt = (name, action) => {{
      try {{ window.spied[name] = String(action()) }} catch (error) {{ window.spied[name] = error.name }}
    }};
    attempt("parent", () => parent.document.title);
    attempt("storage", () => localStorage.length);
    attempt("cookie", () => document.cookie);
    attempt("origin", () => self.origin);
    attempt("open", () => window.open("{FOREIGN}/open"));
    attempt("top", () => {{ top.location = "{FOREIGN}/top" }});
    fetch("{FOREIGN}/fetch").catch((error) => {{ window.spied.fetch = error.name }});
    fetch("/api/projects").catch((error) => {{ window.spied.api = error.name }});
    new Image().src = "{FOREIGN}/image";
    const frame = document.createElement("iframe");
    frame.src = "{FOREIGN}/frame";
    document.body.append(frame);
    parent.postMessage({{ type: "png", data: new ArrayBuffer(8) }}, "*");
    parent.postMessage({{ type: "drawn", key: "<img src=x onerror=alert(1)>", notes: ["<b>"] }}, "*");
    """
    plot.x_range.js_on_change("start", CustomJS(code=code))
    return plot


def hostile_plotly() -> diorama.Plotly:
    link = "<a href='javascript:alert(1)'>x</a><img src=x onerror=alert(1)>"
    image = {"source": f"{FOREIGN}/plotly.png", "xref": "paper", "yref": "paper", "sizex": 1, "sizey": 1}
    layout = {"title": {"text": link}, "images": [image], "template": {"layout": {"paper_bgcolor": "ivory"}}}
    return diorama.Plotly({"data": [{"type": "scatter", "y": [1, 2], "text": link}], "layout": layout})


def hostile_vega() -> diorama.Vega:
    signals = [
        {"name": "a", "update": "toString.constructor('parent.pwned=1')()"},
        {"name": "b", "update": "event.view.setTimeout('alert(1)')"},
    ]
    marks = [
        {"type": "image", "encode": {"enter": {"url": {"value": f"{FOREIGN}/vega.png"}}}},
        {"type": "rect", "encode": {"enter": {"href": {"value": "javascript:alert(1)"}}}},
    ]
    data = [{"name": "d", "url": f"{FOREIGN}/vega.json"}, {"name": "e", "url": "/api/projects"}]
    return diorama.Vega({"marks": marks, "data": data, "signals": signals})


def endless_vega() -> diorama.Vega:
    numbers = {"name": "d", "transform": [{"type": "sequence", "start": 0, "stop": 1e9}]}
    return diorama.Vega({"data": [numbers], "marks": []})


def chain(count: int) -> diorama.Graph:
    graph = diorama.Graph()
    for number in range(count):
        graph.add_node(id=f"layer {number}", class_name="Dense", num_parameters=number)
        if number:
            graph.add_edge(f"layer {number - 1}", f"layer {number}")
    return graph


def main() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    scores = rng.dirichlet(np.ones(3), 300)
    numbers = diorama.Table(columns=["n.1", "[2]"], data=[[i % 10, i] for i in range(1000)])
    large = diorama.Table(columns=["n"], data=[[i] for i in range(10_500)])
    spec = {
        "mark": {"type": "circle"},
        "encoding": {
            "x": {"field": "${field:x}", "type": "quantitative"},
            "y": {"field": "${field:y}", "type": "quantitative"},
        },
    }
    bars = {
        "mark": "bar",
        "data": {"values": [{"x": name, "y": at} for at, name in enumerate("abc")]},
        "encoding": {"x": {"field": "x", "type": "nominal"}, "y": {"field": "y", "type": "quantitative"}},
    }
    with diorama.init(project="plots", entity="lab", name="kind") as run:
        run.log(
            {
                "roc": diorama.plot.roc_curve(truth, scores, labels=NAMES),
                "confusion": diorama.plot.confusion_matrix(probs=scores, y_true=truth, class_names=NAMES),
                "histogram": diorama.plot.histogram(numbers, "n.1", title="Digits"),
                "large": diorama.plot.histogram(large, "n"),
                "custom": diorama.plot_table(spec, numbers, {"x": "n.1", "y": "[2]"}),
                "graph": chain(500),
                "cells": diorama.Table(
                    columns=["figure", "graph", "vega", "empty", "page", "bokeh"],
                    data=[
                        [
                            diorama.Plotly(waves(0)),
                            chain(3),
                            diorama.Vega(bars),
                            diorama.Vega({"mark": "bar"}),
                            diorama.Html("<h1>A page</h1><script>document.title = 'ran'</script>"),
                            dots(),
                        ]
                    ],
                ),
            },
            step=0,
        )
        for step in range(STEPS):
            run.log({"plotly": waves(step), "bokeh": spy()}, step=step)
        assert run.flush(wait=True, timeout_secs=100)
    with diorama.init(project="hostile", entity="lab", name="hostile") as run:
        run.log({"plotly": hostile_plotly(), "vega": hostile_vega(), "endless": endless_vega()})
        assert run.flush(wait=True, timeout_secs=100)


if __name__ == "__main__":
    main()
