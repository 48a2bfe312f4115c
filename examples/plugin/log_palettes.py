"""Log palettes of pictures that become redder."""

import numpy as np
from diorama_palette import Palette

import diorama

with diorama.init(project="examples", name="palettes") as run:
    random = np.random.default_rng(1)
    for step in range(5):
        pixels = random.choice([32, 96, 160], (64, 96, 3)).astype(np.uint8)
        pixels[:, : 16 * step] = (200, 40, 40)
        run.log({"colors": Palette(pixels, caption=f"picture {step}"), "red": 16 * step / 96}, step=step)
