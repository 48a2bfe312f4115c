"""Read runs back in Python: config, summary, history, and pictures as arrays."""

import numpy as np

import diorama

with diorama.init(project="examples", name="to read", config={"lr": 0.1}) as run:
    for step in range(3):
        run.log({"loss": 1 / (step + 1), "picture": diorama.Image(np.full((8, 8, 3), step * 40, np.uint8))})

saved = diorama.Api().run(f"examples/{run.id}")
print(saved.name, saved.state, saved.config, saved.summary["loss"])
for row in saved.scan_history(keys=["loss", "picture"]):
    print(row["_step"], row["loss"], row["picture"].array.mean())
