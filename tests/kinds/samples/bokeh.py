"""The sample of the contract test."""

from diorama.media import Bokeh

SAMPLE = Bokeh({"version": "3.9.2", "roots": []}, caption="an empty document", sample_id="a")
