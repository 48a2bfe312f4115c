"""A script written for W&B's SDK; only the import line was changed."""

import argparse

import numpy as np

import diorama as wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()

wandb.init(project="examples", name="written for wandb", config=args, tags=["ported"], notes="as it was")
wandb.define_metric("epoch")
wandb.define_metric("val/*", step_metric="epoch", summary="min")
wandb.config.update({"batch_size": 32})

for epoch in range(wandb.config.epochs):
    for batch in range(10):
        wandb.log({"loss": 1 / (1 + epoch * 10 + batch)}, commit=False)
        wandb.log({"lr": wandb.config.lr})
    class_labels = {0: "background", 1: "thing"}
    mask = {"predictions": {"mask_data": np.eye(32, dtype=np.uint8), "class_labels": class_labels}}
    image = wandb.Image(np.random.randint(0, 255, (32, 32, 3)), masks=mask, caption=f"epoch {epoch}")
    wandb.log({"epoch": epoch, "val/loss": 0.5 / (epoch + 1), "examples": [image]})

wandb.run.summary["done"] = True
wandb.finish()
