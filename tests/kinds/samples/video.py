"""The video that stands for its kind in the contract test."""

import numpy as np

from diorama.media import Video

SAMPLE = Video(
    np.arange(3 * 3 * 4 * 6, dtype=np.uint8).reshape(3, 3, 4, 6), caption="three frames", fps=2, sample_id="a"
)
