"""Name the examples that you log: then one of them can be followed over steps and runs, wherever it lies."""

import numpy as np

import diorama

rng = np.random.default_rng(0)
names = [f"digit-{number}" for number in range(12)]
digits = {name: rng.integers(0, 256, (28, 28), dtype=np.uint8) for name in names}

with diorama.init(project="examples", name="samples") as run:
    for step in range(6):
        # Another batch at each step, in another order.
        batch = rng.permutation(names)[:8].tolist()
        kernel = np.ones(1 + step) / (1 + step)
        smooth = [np.apply_along_axis(np.convolve, 1, digits[name], kernel, "same") for name in batch]
        run.log(
            {
                "input": [diorama.Image(digits[name], sample_id=name) for name in batch],
                "output": [
                    diorama.Image(picture, sample_id=name, normalize="minmax", keep_original=False)
                    for name, picture in zip(batch, smooth, strict=True)
                ],
            }
        )

print("select a tile and press Follow: ?sample=digit-3 shows only that one, at every step, in all runs")
