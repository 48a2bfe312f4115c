"""W&B's guide, "Logging images from files": only the import is changed."""

import numpy as np
from PIL import Image

import diorama as wandb

with wandb.init(project="examples") as run:
    im = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    rgb_im = im.convert("RGB")
    rgb_im.save("myimage.jpg")

    run.log({"example": wandb.Image("myimage.jpg")})
