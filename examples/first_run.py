"""Log numbers and a config; then run `diorama ui` and look."""

import math
import random

import diorama

with diorama.init(project="examples", name="first run", config={"lr": 0.01, "optimizer": "adam"}) as run:
    for step in range(200):
        loss = math.exp(-step * run.config["lr"]) + random.random() * 0.05
        run.log({"train/loss": loss, "train/accuracy": 1 - loss / 2})
        if step % 20 == 0:
            run.log({"val/loss": loss * 1.1}, step=step)  # late or repeated steps are fine
    run.summary["best_loss"] = loss
