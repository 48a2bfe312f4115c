"""Figures of other libraries: Plotly, Bokeh and Altair, logged as they are."""

import altair
import numpy as np
import plotly.graph_objects as go
from bokeh.plotting import figure

import diorama

x = np.linspace(0, 6, 100)
with diorama.init(project="examples", name="figures") as run:
    for step in range(3):
        waves = go.Figure([go.Scatter(x=x, y=np.sin(x + step + i), name=f"wave {i}") for i in range(3)])
        waves.update_layout(title="Three waves")
        run.log({"plotly": waves, "plotly/captioned": diorama.Plotly(waves, caption=f"step {step}")})

    scatter = figure(title="A cloud")
    scatter.scatter(np.cos(x) * x, np.sin(x) * x, size=6)
    run.log({"bokeh": scatter})

    rows = [{"x": float(a), "y": float(np.sin(a))} for a in x]
    chart = altair.Chart(altair.Data(values=rows)).mark_line().encode(x="x:Q", y="y:Q")
    run.log({"altair": chart})

    spec = {"mark": "bar", "data": {"values": rows}, "encoding": {"x": {"field": "y", "bin": True}}}
    spec["encoding"]["y"] = {"aggregate": "count"}
    run.log({"vega": diorama.Vega(spec)})
print("logged figures of three libraries")
