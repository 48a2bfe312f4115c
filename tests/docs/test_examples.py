"""Every example runs as it stands, in a process of its own, and what it logged is in the store."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diorama.api import Api

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def rows(run: Any, key: str) -> list[Any]:
    return [row[key] for row in run.scan_history(keys=[key])]


def check_first_run(run: Any) -> None:
    assert len(rows(run, "train/loss")) == 200
    assert len(rows(run, "val/loss")) == 10
    assert run.config == {"lr": 0.01, "optimizer": "adam"}
    assert run.summary["best_loss"] == rows(run, "train/loss")[-1]


def check_images(run: Any) -> None:
    sources, many = rows(run, "sources"), rows(run, "many")
    assert [len(items) for items in sources] == [4] * 5
    assert [len(items) for items in many] == [120] * 5
    assert sources[0][0].array.shape == (64, 96, 3)
    assert [item.record.sample_id for item in many[-1]][:2] == ["sample-0", "sample-1"]


def check_masks_and_boxes(run: Any) -> None:
    street = rows(run, "street")
    assert len(street) == 10
    assert set(street[0].array[0, 0]) == {130, 170, 210}
    record = street[-1].record
    assert record.masks["ground_truth"].class_labels == {0: "sky", 1: "road", 2: "car"}
    assert [box.form for box in record.boxes["prediction"].boxes] == ["corners", "middle"]


def check_histograms(run: Any) -> None:
    assert len(rows(run, "weights")) == 50
    assert len(rows(run, "weights/coarse")[0].record.values) == 16
    assert sum(run.summary["final weights"].record.values) == 10_000


def check_wandb_script(run: Any) -> None:
    assert run.config["lr"] == 1e-3
    assert run.config["batch_size"] == 32
    assert run.tags == ["ported"]
    assert len(rows(run, "loss")) == 30
    assert len(rows(run, "examples")) == 3
    assert run.summary["done"] is True
    assert run.summary["val/loss"]["min"] == pytest.approx(0.5 / 3)


def check_offline_then_sync(run: Any) -> None:
    assert rows(run, "loss") == [1 / (step + 1) for step in range(20)]


def check_resume(run: Any) -> None:
    assert [row["_step"] for row in run.scan_history(keys=["loss"])] == list(range(20))


def check_read_back(run: Any) -> None:
    assert [picture.array.mean() for picture in rows(run, "picture")] == [0, 40, 80]


def check_several_processes(run: Any) -> None:
    for number in range(3):
        assert rows(run, f"worker {number}/progress") == [0, 1, 2, 3, 4]


CHECKS: dict[str, Callable[[Any], None]] = {
    "first_run": check_first_run,
    "images": check_images,
    "masks_and_boxes": check_masks_and_boxes,
    "histograms": check_histograms,
    "wandb_script": check_wandb_script,
    "offline_then_sync": check_offline_then_sync,
    "resume": check_resume,
    "read_back": check_read_back,
    "several_processes": check_several_processes,
}
for module in sorted(Path(__file__).with_name("example_checks").glob("*.py")):
    CHECKS |= runpy.run_path(str(module))["CHECKS"]


def test_every_example_is_checked() -> None:
    assert {path.stem for path in EXAMPLES} == set(CHECKS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("DIORAMA_", "WANDB_"))
    }
    environ["DIORAMA_DIR"] = str(tmp_path / "store")
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
    CHECKS[path.stem](run)
