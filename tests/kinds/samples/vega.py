"""The sample of the contract test."""

from diorama.media import Vega

SAMPLE = Vega({"mark": "bar", "data": {"values": [{"a": 1}]}}, caption="one bar", sample_id="a")
