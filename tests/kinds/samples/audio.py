"""The sound that stands for its kind in the contract test."""

from diorama.media import Audio

SAMPLE = Audio([0.0, 0.5, 0.0, -0.5], sample_rate=8000, caption="four samples", sample_id="a")
