"""Fill a store with deep pictures, shapes and samples whose every value is known, through the real SDK.

DIORAMA_DIR=DIR python fill_overlays.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from stored import wait_until_stored

import diorama

WIDTH, HEIGHT = 60, 40
SAMPLES = ["ant", "bee", "cat"]


def depth() -> NDArray[np.float32]:
    """Rises from left to right, from -10 to 49; the first pixel is no number."""
    values = np.tile(np.arange(WIDTH, dtype=np.float32) - 10, (HEIGHT, 1))
    values[0, 0] = np.nan
    values[5, 20] = 10.125
    return values


def instances() -> NDArray[np.uint32]:
    """600 ids far beyond 16 bits, in blocks of 2 x 2."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (70_000 + (rows // 2) * 30 + columns // 2).astype(np.uint32) * 1000


def grey(shade: int) -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH), shade, np.uint8)


def order(step: int) -> list[str]:
    """The samples of a step: always in another order, and at step 2 without the cat."""
    return [["ant", "bee", "cat"], ["cat", "ant", "bee"], ["bee", "ant"]][step]


def shade(sample: str, step: int) -> int:
    return 50 + 60 * SAMPLES.index(sample) + 10 * step


def scene() -> diorama.Image:
    hole = [[20, 15], [30, 15], [30, 25], [20, 25]]
    area = {
        "rings": [[[10, 5], [40, 5], [40, 35], [10, 35]], hole],
        "domain": "pixel",
        "class_id": 1,
        "scores": {"sure": 0.9},
    }
    weak = {"points": [[45, 5], [55, 5], [55, 15]], "domain": "pixel", "class_id": 2, "scores": {"sure": 0.2}}
    walker = {"points": [[50, 20, 2], [50, 36, 1], [2, 2, 0]], "domain": "pixel", "class_id": 3}
    turned = {
        "position": {"middle": [25, 20], "width": 30, "height": 4, "angle": 90},
        "domain": "pixel",
        "class_id": 4,
    }
    return diorama.Image(
        grey(0),
        normalize=False,
        polygons={"parts": {"polygon_data": [area, weak], "class_labels": {1: "roof", 2: "door"}}},
        keypoints={
            "pose": {
                "keypoint_data": [walker],
                "names": ["head", "foot", "hand"],
                "skeleton": [[0, 1], [0, 2]],
                "class_labels": {3: "walker"},
            }
        },
        boxes={"found": {"box_data": [turned], "class_labels": {4: "constructor"}}},
    )


def main() -> None:
    for name in ("first", "second"):
        run = diorama.init(entity="lab", project="overlays", name=name)
        for step in range(3):
            items = [
                diorama.Image(grey(shade(one, step)), normalize=False, sample_id=one) for one in order(step)
            ]
            run.log({"list": items}, step=step)
        if name == "first":
            torn = diorama.Image(np.random.default_rng(0).random((30, 30)), keep_original=False)
            blob = bytes(torn.snapshot().buffers[0].read())
            run.log({"depth": diorama.Image(depth())}, step=0)
            run.log(
                {"instances": diorama.Image(grey(0), masks={"things": {"mask_data": instances()}})}, step=0
            )
            run.log({"scene": scene()}, step=0)
            header = (
                b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x1e\x00\x00\x00\x1e\x08\x00\x00\x00\x00"
            )
            run.log({"torn": diorama.Image(header + blob[:50])}, step=0)
        run.flush(wait=True)
        run.finish()
    wait_until_stored("lab", "overlays")


if __name__ == "__main__":
    main()
