"""The demo's data are what they say, its model learns, and its runs are logged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from diorama.api import Api
from diorama.demo import PROJECT
from diorama.demo.model import PixelClassifier, detections
from diorama.demo.scenes import BACKGROUND, SIDE, compose, digit_indices
from diorama.demo.train import RECIPES, VALIDATION_SCENES, Recipe, _batch, _print_progress


def test_a_scene_is_its_pixels_classes_and_boxes() -> None:
    scene = compose(np.random.default_rng(1), digit_indices(is_validation=True))
    assert scene.pixels.shape == (SIDE, SIDE, 3)
    assert scene.pixels.dtype == np.uint8
    assert 3 <= len(scene.boxes) <= 6
    outside = scene.classes.copy()
    for box in scene.boxes:
        inside = outside[box.top : box.bottom, box.left : box.right]
        assert (inside == box.digit).any()
        inside[:] = BACKGROUND
    assert (outside == BACKGROUND).all()


def test_scenes_repeat_with_their_seed() -> None:
    one, other = (compose(np.random.default_rng(5), digit_indices(is_validation=False)) for _ in range(2))
    assert (one.pixels == other.pixels).all()
    assert one.boxes == other.boxes


def test_validation_digits_are_never_trained_on() -> None:
    assert not set(digit_indices(is_validation=True)) & set(digit_indices(is_validation=False))


@pytest.mark.slow
def test_the_model_learns() -> None:
    recipe = Recipe("test", learning_rate=3e-3, hidden=64)
    rng = np.random.default_rng(0)
    model = PixelClassifier(recipe.hidden, recipe.learning_rate)
    losses = [model.train(*_batch(rng, recipe))[0] for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_perfect_probabilities_find_every_digit() -> None:
    scene = compose(np.random.default_rng(3), digit_indices(is_validation=True))
    probabilities = np.eye(BACKGROUND + 1, dtype=np.float32)[scene.classes]
    found = detections(probabilities)
    assert sorted(one.box.digit for one in found) == sorted(box.digit for box in scene.boxes)
    assert all(any(box.iou(one.box) > 0.95 for one in found) for box in scene.boxes)


@pytest.mark.slow
def test_all_three_runs_are_logged(tmp_path: Path) -> None:
    environ = {**os.environ, "DIORAMA_DIR": str(tmp_path / "store")}
    command = [sys.executable, "-m", "diorama.demo", "--steps", "12"]
    subprocess.run(command, env=environ, check=True, timeout=120, cwd=tmp_path, capture_output=True)
    runs = list(Api(store=tmp_path / "store").runs(PROJECT))
    assert sorted(run.name for run in runs) == sorted(recipe.name for recipe in RECIPES)
    for run in runs:
        assert run.state == "finished"
        assert len(list(run.scan_history(keys=["train/loss"]))) == 13
        [first, second] = [row["val/scenes"] for row in run.scan_history(keys=["val/scenes"])]
        assert len(first) == len(second) == VALIDATION_SCENES
        assert first[0].array.shape == (SIDE, SIDE, 3)
        assert set(first[0].record.masks) == {"prediction", "ground_truth"}
        assert {box.class_id for box in first[0].record.boxes["true_boxes"].boxes} <= set(range(10))
        for key, kind in {
            "val/detections": "table",
            "val/confusion": "chart",
            "val/precision_recall": "chart",
            "val/embedding": "object3d",
            "val/notes": "text",
            "val/sound_of_loss": "audio",
            "val/film": "video",
            "val/model": "graph",
        }.items():
            shown = [row[key] for row in run.scan_history(keys=[key])]
            assert [item.kind for item in shown] == [kind]
            assert not getattr(shown[0].record, "note", None)
        assert shown[0].record.node_count == 4


def test_progress_that_is_no_terminal_s_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = RECIPES[0]
    for step in range(recipe.steps + 1):
        _print_progress(recipe, step, 0.5, 1.0)
    out = capsys.readouterr().out
    assert "\r" not in out
    assert len(out.splitlines()) == 11
    assert out.splitlines()[-1].startswith(f"{recipe.name:<9} [{'#' * 24}] {recipe.steps}/{recipe.steps}")
