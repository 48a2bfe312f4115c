"""W&B's guide, "Logging arrays as images": only the import is changed."""

import numpy as np

import diorama as wandb

image_array = np.random.default_rng(0).random((48, 64, 3))

with wandb.init(project="examples") as run:
    images = wandb.Image(image_array, caption="Top: Output, Bottom: Input")

    run.log({"examples": images})
