"""What the examples of images logged."""

from __future__ import annotations

from typing import Any

import numpy as np


def _rows(run: Any, key: str) -> list[Any]:
    return [row[key] for row in run.scan_history(keys=[key])]


def check_deep_images(run: Any) -> None:
    depth, scan, light = (_rows(run, key) for key in ("depth", "scan", "light"))
    assert [len(rows) for rows in (depth, scan, light)] == [4, 4, 4]
    assert (depth[0].array.dtype, depth[0].original.dtype) == (np.uint8, np.float32)
    assert np.isnan(depth[0].original[0, 0])
    assert depth[0].record.normalized == "percentile"
    assert scan[1].original[3, 5] == (5 * 13 + 3 * 7 + 100) % 4096
    assert light[0].original[1, 1].tolist() == np.exp2(np.float64([1, 1, 2]) / 40).astype(np.float32).tolist()


def check_polygons_and_keypoints(run: Any) -> None:
    scenes = _rows(run, "scene")
    assert len(scenes) == 5
    record = scenes[2].record
    assert len(record.polygons["parts"].polygons[0].rings) == 2
    assert record.keypoints["pose"].keypoints[0].visibility == [2, 2, 2, 1]
    assert record.boxes["found"].boxes[0].angle == 20
    assert record.masks["cells"].bit_depth == 32
    assert scenes[0].masks["cells"][5, 9] == 100_000 + 60 + 2


def check_samples(run: Any) -> None:
    inputs = _rows(run, "input")
    assert len(inputs) == 6
    assert {item.record.sample_id for items in inputs for item in items} <= {f"digit-{n}" for n in range(12)}


CHECKS = {
    "deep_images": check_deep_images,
    "polygons_and_keypoints": check_polygons_and_keypoints,
    "samples": check_samples,
}
