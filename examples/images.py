"""Images from arrays, Pillow, files and figures; a list of any length under one key."""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

import diorama

rng = np.random.default_rng(0)
with diorama.init(project="examples", name="images") as run:
    for _ in range(5):
        noise = rng.random((64, 96, 3))  # floats in 0..1 become 0..255
        grey = np.linspace(0, 255, 64 * 96).reshape(64, 96).astype(np.uint8)
        picture = Pillow.radial_gradient("L").resize((96, 64))
        path = Path(tempfile.mkdtemp()) / "picture.jpg"
        picture.save(path)
        run.log(
            {
                "sources": [
                    diorama.Image(noise, caption="array of floats"),
                    diorama.Image(grey, caption="grey array"),
                    diorama.Image(picture, caption="Pillow"),
                    diorama.Image(path, caption="a file, kept byte for byte"),
                ],
                "many": [diorama.Image(rng.random((16, 16)), sample_id=f"sample-{i}") for i in range(120)],
            }
        )
