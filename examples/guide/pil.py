"""W&B's guide, "Logging PIL images": only the import is changed."""

import numpy as np
from PIL import Image

import diorama as wandb

image_array = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)

with wandb.init(project="examples") as run:
    image = Image.fromarray(image_array)

    if image.mode != "RGB":
        image = image.convert("RGB")

    run.log({"example": wandb.Image(image, caption="My Image")})
