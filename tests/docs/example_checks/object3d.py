"""What examples/point_clouds.py has logged."""

from __future__ import annotations

from diorama.api import ApiRun


def check_point_clouds(run: ApiRun) -> None:
    rows = list(run.scan_history(keys=["coloured", "scene"]))
    assert len(rows) == 5
    assert rows[0]["coloured"].points.shape == (20_000, 6)
    scene = rows[4]["scene"]
    assert scene.points.shape == (20_000, 4)
    assert scene.class_labels == {1: "below", 2: "above"}
    [box] = scene.boxes
    assert (box["label"], box["score"], box["color"]) == ("car 4", 0.9, (255, 140, 0))
    assert scene.vectors[0]["end"] == (0, 5, 0)
    [model] = [row["model"] for row in run.scan_history(keys=["model"])]
    assert model.record.triangle_count == 4
    assert list(model.files) == ["skin.mtl"]


CHECKS = {"point_clouds": check_point_clouds}
