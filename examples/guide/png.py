"""W&B's guide, "PNG image": one picture, or several; only the import is changed."""

import numpy as np

import diorama as wandb

images = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3), np.uint8)

with wandb.init(project="examples") as run:
    run.log({"example": wandb.Image(images[0])})
    run.log({"examples": [wandb.Image(img) for img in images]})
