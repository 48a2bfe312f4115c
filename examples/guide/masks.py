"""W&B's guide, "Segmentation masks": only the import is changed."""

import numpy as np

import diorama as wandb

image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
mask_data = np.ones((40, 60), int)
mask_data[:, 20:] = 2
mask_data[20:, 30:] = 3
class_labels = {1: "tree", 2: "car", 3: "road"}

mask_img = wandb.Image(
    image,
    masks={
        "predictions": {"mask_data": mask_data, "class_labels": class_labels},
        "ground_truth": {"mask_data": mask_data.T.copy().T, "class_labels": class_labels},
    },
)

with wandb.init(project="examples") as run:
    run.log({"street": mask_img})
