"""W&B's guide, "Bounding boxes": one box in fractions, one in pixels; only the import is changed."""

import numpy as np

import diorama as wandb

image = np.random.default_rng(0).integers(0, 255, (120, 240, 3), np.uint8)
class_id_to_label = {1: "car", 2: "road", 3: "building"}

img = wandb.Image(
    image,
    boxes={
        "predictions": {
            "box_data": [
                {
                    "position": {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4},
                    "class_id": 2,
                    "box_caption": class_id_to_label[2],
                    "scores": {"acc": 0.1, "loss": 1.2},
                },
                {
                    "position": {"middle": [150, 20], "width": 68, "height": 112},
                    "domain": "pixel",
                    "class_id": 3,
                    "box_caption": "a building",
                    "scores": {"acc": 0.5, "loss": 0.7},
                },
            ],
            "class_labels": class_id_to_label,
        },
        "ground_truth": {"box_data": [], "class_labels": class_id_to_label},
    },
)

with wandb.init(project="examples") as run:
    run.log({"driving_scene": img})
