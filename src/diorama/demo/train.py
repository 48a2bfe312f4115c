"""One training run of the demo, logged the way any script would log it."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import diorama
from diorama.demo import PROJECT
from diorama.demo.model import CLASSES, HALF, Detection, PixelClassifier, detections, windows_of
from diorama.demo.scenes import BACKGROUND, CLASS_NAMES, Box, Scene, compose, digit_indices
from diorama.demo.showcase import Showcase

VALIDATION_SCENES = 8


@dataclass(frozen=True)
class Recipe:
    """The settings of a run; they become its config."""

    name: str
    learning_rate: float
    hidden: int
    batch_pixels: int = 1024
    background_share: float = 0.35
    weight_decay: float = 1e-5
    steps: int = 400
    eval_every: int = 10
    showcase_every: int = 40
    seed: int = 7


RECIPES = (
    Recipe("wide", learning_rate=2e-3, hidden=192),
    Recipe("baseline", learning_rate=1e-3, hidden=64),
    Recipe("hot", learning_rate=3e-2, hidden=64),
)


def train(recipe: Recipe) -> None:
    """Train a pixel classifier for `recipe.steps` steps and log all of it to a run of that name."""
    settings = {name: value for name, value in asdict(recipe).items() if name != "name"}
    with diorama.init(project=PROJECT, name=recipe.name, config=settings, tags=["demo"]) as run:
        run.define_metric("val/mIoU", summary="max")
        rng = np.random.default_rng(recipe.seed)
        scene_rng = np.random.default_rng(2026)
        held_out = [compose(scene_rng, digit_indices(is_validation=True)) for _ in range(VALIDATION_SCENES)]
        model = PixelClassifier(recipe.hidden, recipe.learning_rate, recipe.weight_decay, recipe.seed)
        showcase = Showcase(held_out)
        started = time.perf_counter()
        for step in range(recipe.steps + 1):
            inputs, targets = _batch(rng, recipe)
            loss, accuracy = model.train(inputs, targets)
            entry: dict[str, Any] = {"train/loss": loss, "train/accuracy": accuracy}
            if step % recipe.eval_every == 0:
                entry |= _evaluation(model, held_out)
                entry |= _distributions(model, inputs)
                entry["epoch"] = step / recipe.eval_every
                showcase.note_frame(model)
            showcase.note_loss(loss)
            if step % recipe.showcase_every == 0:
                entry |= showcase.evaluation(model, step)
            if step == recipe.steps:
                entry |= showcase.ending(model)
            run.log(entry)
            _print_progress(recipe, step, loss, time.perf_counter() - started)
        if sys.stdout.isatty():
            print()


def _batch(rng: np.random.Generator, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Windows and classes of pixels from four fresh scenes; `background_share` of them background."""
    inputs, targets = [], []
    for _ in range(4):
        scene = compose(rng, digit_indices(is_validation=False))
        classes = scene.classes[::2, ::2].reshape(-1)
        is_background = classes == BACKGROUND
        background_count = int(recipe.batch_pixels / 4 * recipe.background_share)
        chosen = np.concatenate(
            [
                rng.choice(np.flatnonzero(is_background), background_count),
                rng.choice(np.flatnonzero(~is_background), recipe.batch_pixels // 4 - background_count),
            ]
        )
        inputs.append(windows_of(scene).reshape(HALF * HALF, -1)[chosen])
        targets.append(classes[chosen])
    return np.concatenate(inputs), np.concatenate(targets)


def _evaluation(model: PixelClassifier, scenes: list[Scene]) -> dict[str, Any]:
    """Pictures with masks and boxes, pixel metrics and detection metrics over the held-out scenes."""
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    hits = misses = extras = 0
    pictures = []
    for number, scene in enumerate(scenes):
        probabilities = model.probabilities(scene)
        predicted = probabilities.argmax(axis=2).astype(np.uint8)
        pairs = scene.classes.astype(np.int64) * CLASSES + predicted
        confusion += np.bincount(pairs.ravel(), minlength=CLASSES**2).reshape(CLASSES, CLASSES)
        found = detections(probabilities)
        matched = sum(any(_is_hit(truth, one) for one in found) for truth in scene.boxes)
        hits += matched
        misses += len(scene.boxes) - matched
        extras += len(found) - matched
        pictures.append(_picture(number, scene, predicted, found))
    diagonal = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - diagonal
    present = confusion.sum(axis=1) > 0
    is_digit = np.arange(CLASSES) != BACKGROUND
    return {
        "val/scenes": pictures,
        "val/mIoU": float((diagonal / np.maximum(union, 1))[present].mean()),
        "val/pixel_accuracy": float(diagonal.sum() / confusion.sum()),
        "val/digit_pixel_accuracy": float(diagonal[is_digit].sum() / confusion[is_digit].sum()),
        "detections/precision": hits / max(hits + extras, 1),
        "detections/recall": hits / max(hits + misses, 1),
        "detections/f1": 2 * hits / max(2 * hits + extras + misses, 1),
    }


def _is_hit(truth: Box, found: Detection) -> bool:
    return truth.digit == found.box.digit and truth.iou(found.box) >= 0.5


def _picture(
    number: int, scene: Scene, predicted: NDArray[np.uint8], found: list[Detection]
) -> diorama.Image:
    """The scene with the true and the predicted masks and boxes over it."""
    return diorama.Image(
        scene.pixels,
        caption=f"scene {number}: " + " ".join(str(box.digit) for box in scene.boxes),
        sample_id=f"scene-{number}",
        masks={
            "prediction": {"mask_data": predicted, "class_labels": CLASS_NAMES},
            "ground_truth": {"mask_data": scene.classes, "class_labels": CLASS_NAMES},
        },
        boxes={
            "detections": {
                "box_data": [
                    {
                        **_position(one.box),
                        "box_caption": f"{one.box.digit} {one.confidence:.2f}",
                        "scores": {"confidence": one.confidence, "foreground": one.foreground},
                    }
                    for one in found
                ],
                "class_labels": CLASS_NAMES,
            },
            "true_boxes": {
                "box_data": [{**_position(box), "box_caption": str(box.digit)} for box in scene.boxes],
                "class_labels": CLASS_NAMES,
            },
        },
    )


def _position(box: Box) -> dict[str, Any]:
    return {
        "position": {"minX": box.left, "maxX": box.right, "minY": box.top, "maxY": box.bottom},
        "domain": "pixel",
        "class_id": box.digit,
    }


def _distributions(model: PixelClassifier, inputs: NDArray[np.float32]) -> dict[str, diorama.Histogram]:
    """Weights, gradients and activations of every layer."""
    weights = {f"weights/{name}": diorama.Histogram(value) for name, value in model.weights.items()}
    gradients = {f"gradients/{name}": diorama.Histogram(value) for name, value in model.gradients.items()}
    hidden = model.activations(inputs)[1:3]
    shown = {f"activations/layer{number}": diorama.Histogram(value) for number, value in enumerate(hidden, 1)}
    return weights | gradients | shown


def _print_progress(recipe: Recipe, step: int, loss: float, elapsed_secs: float) -> None:
    """A line that moves on a terminal; elsewhere (a file, a pipe, CI) ten lines that stay."""
    is_terminal = sys.stdout.isatty()
    if step % (5 if is_terminal else max(recipe.steps // 10, 1)) != 0:
        return
    done = step * 24 // recipe.steps
    bar = "#" * done + "." * (24 - done)
    line = f"{recipe.name:<9} [{bar}] {step}/{recipe.steps}  loss {loss:.3f}  {elapsed_secs:.0f} s"
    sys.stdout.write(f"\r{line}" if is_terminal else f"{line}\n")
    sys.stdout.flush()
