"""Images of more than 8 bits: the picture is shown, and every value is kept beside it."""

import numpy as np

import diorama

y, x = np.mgrid[0:180, 0:240]
rng = np.random.default_rng(0)

with diorama.init(project="examples", name="deep images") as run:
    for step in range(4):
        depth = 2 + np.hypot(x - 120, y - 90).astype(np.float32) / (10 + step)
        depth[:10, :10] = np.nan  # no echo
        scan = ((x * 13 + y * 7 + step * 100) % 4096).astype(np.uint16)
        light = np.exp2(np.dstack([x, y, x + y]) / 40).astype(np.float32)
        run.log(
            {
                "depth": diorama.Image(depth, normalize="percentile", caption="metres"),
                "scan": diorama.Image(scan, normalize="minmax", caption="12 bits of 16"),
                "light": diorama.Image(light, caption="high dynamic range"),
            }
        )

print("open a picture large and choose a range, an exposure and a colour map; point at a pixel for its value")
