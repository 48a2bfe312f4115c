"""Polygons with holes, keypoints with a skeleton, turned boxes, and a mask with thousands of ids."""

import numpy as np

import diorama

HEIGHT, WIDTH = 160, 240
picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
ring = np.column_stack([np.cos(turn), np.sin(turn)])
rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
cells = (100_000 + rows // 4 * 60 + columns // 4).astype(np.uint32)

with diorama.init(project="examples", name="polygons and keypoints") as run:
    for step in range(5):
        wheel = {"rings": [[80, 90] + 40 * ring, [80, 90] + 25 * ring], "domain": "pixel", "class_id": 1}
        walker = {
            "points": [[0.7, 0.2, 2], [0.7, 0.5, 2], [0.65, 0.9, 2], [0.75 + step / 50, 0.9, 1]],
            "class_id": 2,
            "scores": {"sure": 0.6 + step / 20},
        }
        plank = {
            "position": {"middle": [170, 120], "width": 60, "height": 14, "angle": 10 * step},
            "domain": "pixel",
            "class_id": 3,
        }
        image = diorama.Image(
            picture,
            polygons={"parts": {"polygon_data": [wheel], "class_labels": {1: "wheel"}}},
            keypoints={"pose": {"keypoint_data": [walker], "skeleton": [[0, 1], [1, 2], [1, 3]],
                                "names": ["head", "hip", "left", "right"], "class_labels": {2: "walker"}}},
            boxes={"found": {"box_data": [plank], "class_labels": {3: "plank"}}},
            masks={"cells": {"mask_data": cells}},
        )  # fmt: skip
        run.log({"scene": image})
print("logged 5 scenes")
