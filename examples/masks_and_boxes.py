"""Per-pixel classes and boxes over an image, with names, scores and both ways to say where."""

import numpy as np

import diorama

LABELS = {0: "sky", 1: "road", 2: "car"}

with diorama.init(project="examples", name="masks and boxes") as run:
    for step in range(10):
        picture = np.full((120, 160, 3), (130, 170, 210), np.uint8)
        picture[60:] = (90, 90, 95)
        left = 10 + step * 12
        picture[70:95, left : left + 30] = (200, 60, 40)
        truth = np.zeros((120, 160), np.uint8)
        truth[60:] = 1
        truth[70:95, left : left + 30] = 2
        score = 0.5 + step / 20
        car = {
            "position": {"minX": left, "maxX": left + 30, "minY": 70, "maxY": 95},
            "domain": "pixel",
            "class_id": 2,
            "box_caption": f"car {score:.2f}",
            "scores": {"confidence": score},
        }
        middle = {  # fractions of the image, by middle, width and height
            "position": {"middle": [(left + 15) / 160, 82.5 / 120], "width": 34 / 160, "height": 29 / 120},
            "class_id": 2,
        }
        image = diorama.Image(
            picture,
            masks={"ground_truth": {"mask_data": truth, "class_labels": LABELS}},
            boxes={"prediction": {"box_data": [car, middle], "class_labels": LABELS}},
        )
        run.log({"street": image})
