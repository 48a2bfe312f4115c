"""A page for the contract that every kind keeps."""

from diorama.media import Html

SAMPLE = Html("<title>Report</title><p>fine", caption="a page", sample_id="a")
