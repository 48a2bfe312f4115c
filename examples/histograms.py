"""Histograms from values or from counts, over steps and in the summary."""

import numpy as np

import diorama

rng = np.random.default_rng(0)
with diorama.init(project="examples", name="histograms") as run:
    for step in range(50):
        weights = rng.normal(step / 25, 1 + step / 50, 10_000)
        run.log(
            {
                "weights": diorama.Histogram(weights),
                "weights/coarse": diorama.Histogram(weights, num_bins=16),
                "counted": diorama.Histogram(np_histogram=np.histogram(weights, bins=32)),
                "positional": diorama.Histogram(np.histogram(weights, bins=32)),
            }
        )
    run.summary.update({"final weights": diorama.Histogram(weights)})
