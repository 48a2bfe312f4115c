"""A text for the contract that every kind keeps."""

from diorama.media import Text

SAMPLE = Text("two\nlines", caption="a note", sample_id="a")
