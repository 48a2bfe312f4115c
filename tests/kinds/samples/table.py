"""The sample of the kind for the contract test."""

import numpy as np

from diorama.media import Image, Table

SAMPLE = Table(
    columns=["word", "length", "picture"],
    data=[["one", 3, Image(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))], ["three", 5, None]],
    caption="two words",
    sample_id="a",
)
