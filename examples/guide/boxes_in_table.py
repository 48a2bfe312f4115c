"""W&B's guide, "Image overlays in tables", boxes. The guide forgets to add the row; its author meant to."""

import numpy as np

import diorama as wandb

ids = [1, 2]
images = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
boxes_set = [[{"minX": 2, "minY": 3, "maxX": 9, "maxY": 20, "class_id": 1, "caption": "a car"}], []]
class_labels = {1: "car"}

table = wandb.Table(columns=["ID", "Image"])

for id, img, boxes in zip(ids, images, boxes_set):
    box_img = wandb.Image(
        img,
        boxes={
            "prediction": {
                "box_data": [
                    {
                        "position": {key: box[key] for key in ("minX", "minY", "maxX", "maxY")},
                        "class_id": box["class_id"],
                        "box_caption": box["caption"],
                        "domain": "pixel",
                    }
                    for box in boxes
                ],
                "class_labels": class_labels,
            }
        },
    )
    table.add_data(id, box_img)

with wandb.init(project="examples") as run:
    run.log({"Table": table})
