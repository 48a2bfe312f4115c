"""The sample of the contract test."""

from diorama.media import Plotly

SAMPLE = Plotly({"data": [{"type": "bar", "y": [3, 1, 2]}]}, caption="three bars", sample_id="a")
