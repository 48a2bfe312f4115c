"""Every sample of W&B's guide "Log media and objects" runs with only its import changed, and logs what its
author meant."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diorama.api import Api

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "guide").glob("*.py"))


def logged(run: Any, key: str) -> list[Any]:
    return [row[key] for row in run.scan_history(keys=[key])]


def table_rows(loaded: Any) -> list[list[Any]]:
    return [list(row) for _, row in loaded.load().iterrows()]


def check_arrays(run: Any) -> None:
    [picture] = logged(run, "examples")
    assert picture.caption == "Top: Output, Bottom: Input"
    assert picture.array.shape == (48, 64, 3)
    assert picture.array.max() >= 254
    assert picture.record.normalized == "unit"


def check_pil(run: Any) -> None:
    [picture] = logged(run, "example")
    assert (picture.caption, picture.record.mode) == ("My Image", "RGB")
    assert picture.array[1, 0].tolist() == [64, 64, 64]


def check_image_files(run: Any) -> None:
    [picture] = logged(run, "example")
    assert (picture.record.format, picture.record.width, picture.record.height) == ("jpg", 64, 48)


def check_masks(run: Any) -> None:
    [street] = logged(run, "street")
    assert set(street.masks) == {"predictions", "ground_truth"}
    assert street.record.masks["predictions"].areas == {1: 800, 2: 1000, 3: 600}
    assert street.record.masks["predictions"].class_labels == {1: "tree", 2: "car", 3: "road"}


def check_boxes(run: Any) -> None:
    [scene] = logged(run, "driving_scene")
    first, second = scene.record.boxes["predictions"].boxes
    assert (first.form, first.domain, first.caption) == ("corners", "fraction", "road")
    assert (second.form, second.domain, second.caption) == ("middle", "pixel", "a building")
    assert second.scores == {"acc": 0.5, "loss": 0.7}
    assert scene.record.boxes["ground_truth"].boxes == []


def check_masks_in_table(run: Any) -> None:
    [table] = logged(run, "Table")
    rows = table_rows(table)
    assert [row[0] for row in rows] == [1, 2, 3]
    assert rows[1][1].masks["prediction"].shape == (32, 32)


def check_boxes_in_table(run: Any) -> None:
    [table] = logged(run, "Table")
    counts = [len(row[1].record.boxes["prediction"].boxes) for row in table_rows(table)]
    assert counts == [1, 0]


def check_histograms(run: Any) -> None:
    counted, given = logged(run, "gradients")
    assert (len(counted.record.values), sum(counted.record.values)) == (64, 1000)
    assert len(given.record.values) == 10
    assert run.summary["gradients"].record.values == given.record.values


def check_object_files(run: Any) -> None:
    [objects] = logged(run, "generated_samples")
    assert [item.record.format for item in objects] == ["obj", "gltf", "glb"]
    assert objects[0].record.triangle_count == 1
    assert [item.record.note for item in objects] == [None] * 3


def check_point_clouds(run: Any) -> None:
    assert logged(run, "point_cloud")[0].points.tolist() == [[0, 0, 0, 3]]
    for name, columns in (("xyz", 3), ("cat", 4), ("rgb", 6)):
        [cloud] = logged(run, f"my_cloud_from_numpy_{name}")
        assert cloud.points.shape[1] == columns
    colours = [column.name for column in cloud.record.cloud.columns]
    assert colours == ["position", "color"]


def check_scene(run: Any) -> None:
    [scene], [from_file] = logged(run, "my_first_point_cloud"), logged(run, "my_cloud_from_file")
    assert scene.record.cloud.count == from_file.record.cloud.count == 3
    [box], [arrow] = scene.record.boxes, scene.record.vectors
    assert (box.label, box.score, box.color, len(box.corners)) == ("car", 0.6, (0, 0, 255), 8)
    assert arrow.end == (0.1, 0.2, 0.5)
    assert (from_file.record.boxes[0].label, from_file.record.format) == ("My label", "pts.json")


def check_molecules(run: Any) -> None:
    assert logged(run, "protein")[0].record.atom_count == 9
    [drawn] = logged(run, "resveratrol")
    assert (drawn.record.format, drawn.record.formula) == ("pdb", "C14H12O3")
    assert logged(run, "green fluorescent protein")[0].record.atom_count == 9
    assert logged(run, "acetaminophen")[0].record.smiles == "CC(=O)Nc1ccc(O)cc1"


def check_molecule_2d(run: Any) -> None:
    assert logged(run, "acetic_acid")[0].array.shape[:2] == (300, 300)


def check_png(run: Any) -> None:
    assert logged(run, "example")[0].record.format == "png"
    assert len(logged(run, "examples")[0]) == 4


def check_video(run: Any) -> None:
    [kept], [made] = logged(run, "example"), logged(run, "video")
    assert (kept.record.format, kept.record.frame_count, kept.record.width) == ("mp4", 8, 64)
    assert (made.record.format, made.record.fps, made.record.frame_count) == ("gif", 4, 8)


def check_audio(run: Any) -> None:
    [song] = logged(run, "whale songs")
    assert (song.caption, song.record.sample_rate, song.record.duration_secs) == ("OooOoo", 32, 3)


def check_text(run: Any) -> None:
    first, second = logged(run, "examples")
    assert table_rows(first) == table_rows(second) == table_rows(logged(run, "frame")[0])
    assert table_rows(first)[1] == ["My phone sucks", "0", "-1"]


def check_html(run: Any) -> None:
    assert logged(run, "custom_file")[0].record.is_styled
    assert not logged(run, "custom_plain")[0].record.is_styled
    [link] = logged(run, "custom_string")
    assert link.load().html == '<a href="https://mysite">Link</a>'


CHECKS: dict[str, Callable[[Any], None]] = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}


def test_every_sample_is_checked() -> None:
    assert {path.stem for path in SAMPLES} == set(CHECKS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path, tmp_path: Path) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))
    }
    environ |= {"DIORAMA_DIR": str(tmp_path / "store"), "DIORAMA_STRICT": "1"}
    finished = subprocess.run(
        [sys.executable, str(path)],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    [run] = Api(store=tmp_path / "store").runs("examples")
    assert run.state == "finished"
    assert run.warnings == []
    CHECKS[path.stem](run)
