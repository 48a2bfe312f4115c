"""Fill a store with pictures whose every pixel is known, through the real SDK.

DIORAMA_DIR=DIR python fill_media.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from stored import wait_until_stored

import diorama

LABELS = {0: "background", 1: "road", 2: "car", 3: "tree", 4: "sky", 5: "person"}
STEPS = 40
TINY = 1200
WIDTH, HEIGHT = 150, 100


def ids() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 6, (29, 37), dtype=np.uint8)


def wide_ids() -> NDArray[np.uint16]:
    return np.random.default_rng(4).choice(np.array([0, 1, 255, 256, 300, 40000], np.uint16), (29, 37))


def deep() -> NDArray[np.uint16]:
    return (np.arange(64 * 64).reshape(64, 64) * 16 + 7).astype(np.uint16)


def shade(step: int) -> int:
    """The red of the picture of a step."""
    return 10 + step * 6


def boxes() -> dict[str, object]:
    """Two boxes, each in two forms: they must cover each other exactly."""
    middle = {"middle": [60 / WIDTH, 45 / HEIGHT], "width": 60 / WIDTH, "height": 50 / HEIGHT}
    corners = {"minX": 30, "maxX": 90, "minY": 20, "maxY": 70}
    return {
        "found": {
            "box_data": [
                {"position": corners, "domain": "pixel", "class_id": 1, "scores": {"sure": 0.9, "size": 30}},
                {"position": middle, "class_id": 1, "scores": {"sure": 0.8, "size": 10}},
                {
                    "position": {"middle": [120, 80], "width": 20, "height": 10},
                    "domain": "pixel",
                    "class_id": 2,
                    "scores": {"sure": 0.2, "size": 20},
                },
            ],
            "class_labels": LABELS,
        }
    }


def main() -> None:
    rng = np.random.default_rng(0)
    run = diorama.init(entity="lab", project="pictures", name="every", config={"lr": 0.1})
    picture = np.full((29, 37, 3), 128, np.uint8)
    masks = {
        "prediction": {"mask_data": ids(), "class_labels": LABELS},
        "wide": {"mask_data": wide_ids()},
    }
    run.log({"masks": diorama.Image(picture, masks=masks)}, step=0)
    run.log({"boxes": diorama.Image(np.zeros((HEIGHT, WIDTH, 3), np.uint8), boxes=boxes())}, step=0)
    run.log({"deep": diorama.Image(deep(), mode="I;16", normalize=False)}, step=0)
    run.log({"lost": diorama.Image(rng.integers(0, 255, (9, 9, 3), dtype=np.uint8), caption="lost")}, step=0)
    tiny = [diorama.Image(np.full((8, 8), at % 256, np.uint8), normalize=False) for at in range(TINY)]
    run.log({"tiny": tiny}, step=0)
    for step in range(STEPS):
        pair = [np.full((40, 60, 3), (shade(step), 0, at * 255), np.uint8) for at in range(2)]
        row: dict[str, object] = {"pair": [diorama.Image(one, normalize=False) for one in pair]}
        row["weights"] = diorama.Histogram(np_histogram=([step, 10, 0, 5], [0, 1, 2, 4, 8]))
        row["words"] = f"words of step {step}"
        run.log(row, step=step)
    run.flush(wait=True)
    run.finish()
    run = diorama.init(entity="lab", project="pictures", name="seldom", config={"lr": 0.2})
    for step in (5, 20):
        pair = [np.full((40, 60, 3), (shade(step), 255, 0), np.uint8) for _ in range(2)]
        run.log({"pair": [diorama.Image(one, normalize=False) for one in pair]}, step=step)
    run.flush(wait=True)
    run.finish()
    wait_until_stored("lab", "pictures")


if __name__ == "__main__":
    main()
