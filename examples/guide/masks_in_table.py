"""W&B's guide, "Image overlays in tables", masks: only the import is changed."""

import numpy as np

import diorama as wandb

ids = [1, 2, 3]
images = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), np.uint8)
labels = np.random.default_rng(1).integers(0, 3, (3, 32, 32))
class_labels = {0: "sky", 1: "tree", 2: "road"}

table = wandb.Table(columns=["ID", "Image"])

for id, img, label in zip(ids, images, labels):
    mask_img = wandb.Image(
        img,
        masks={"prediction": {"mask_data": label, "class_labels": class_labels}},
    )

    table.add_data(id, mask_img)

with wandb.init(project="examples") as run:
    run.log({"Table": table})
