"""The rest of what the demo logs: one of every kind of media that a training like this gives rise to."""

from __future__ import annotations

import importlib.util
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

import diorama
from diorama.demo.model import CLASSES, HALF, WINDOW, PixelClassifier, detections, windows_of
from diorama.demo.scenes import BACKGROUND, CLASS_NAMES, Scene

EMBEDDED_PIXELS = 4000
SOUND_RATE = 22_050
COLORS = np.array(
    [[31, 119, 180], [255, 127, 14], [44, 160, 44], [214, 39, 40], [148, 103, 189], [140, 86, 75],
     [227, 119, 194], [188, 189, 34], [23, 190, 207], [90, 90, 220], [70, 70, 78]],
    np.uint8,
)  # fmt: skip
"""RGB of each class, the ground last."""


class Showcase:
    """What a run shows beside its curves and pictures. Logged every now and then, and once at the end."""

    def __init__(self, scenes: list[Scene]) -> None:
        self._scenes = scenes
        self._losses: list[float] = []
        self._frames: list[NDArray[np.uint8]] = []

    def note_loss(self, loss: float) -> None:
        """Remember a step's loss for the sound of it."""
        self._losses.append(loss)

    def note_frame(self, model: PixelClassifier) -> None:
        """Remember what the model sees in the first scenes, for the film."""
        rows = []
        for scene in self._scenes[:3]:
            predicted = model.probabilities(scene).argmax(axis=2)
            rows.append(np.concatenate([scene.pixels, COLORS[predicted]], axis=0))
        self._frames.append(np.concatenate(rows, axis=1))

    def evaluation(self, model: PixelClassifier, step: int) -> dict[str, Any]:
        """A table of detections, curves of quality, the embedding and a note on what is hard."""
        truth, probabilities, hidden = self._pixels(model)
        predicted = probabilities.argmax(axis=1)
        is_digit = truth != BACKGROUND
        names = [CLASS_NAMES[number] for number in range(CLASSES)]
        return {
            "val/detections": self._detections(model),
            "val/confusion": diorama.plot.confusion_matrix(
                y_true=truth[is_digit].tolist(), preds=predicted[is_digit].tolist(), class_names=names
            ),
            "val/precision_recall": diorama.plot.pr_curve(truth, probabilities, labels=names),
            "val/embedding": diorama.Object3D(
                np.concatenate([_flattened(hidden), COLORS[truth].astype(np.float32)], axis=1),
                caption="what the last hidden layer makes of pixels, coloured by their true class",
            ),
            "val/notes": diorama.Markdown(_notes(step, truth, predicted)),
        }

    def ending(self, model: PixelClassifier) -> dict[str, Any]:
        """The film of the training, its loss as a sound, and the model as a graph."""
        shown: dict[str, Any] = {
            "val/sound_of_loss": diorama.Audio(
                _sound_of(self._losses), sample_rate=SOUND_RATE, caption="the loss: the lower, the deeper"
            ),
            "val/model": _graph(model),
        }
        if importlib.util.find_spec("av"):  # the `media` extra
            frames = np.stack(self._frames).transpose(0, 3, 1, 2)
            shown["val/film"] = diorama.Video(
                frames, fps=8, caption="scenes above, what is seen in them below"
            )
        return shown

    def _detections(self, model: PixelClassifier) -> diorama.Table:
        table = diorama.Table(columns=["scene", "crop", "predicted", "confidence", "true", "is_right"])
        for number, scene in enumerate(self._scenes):
            for one in detections(model.probabilities(scene)):
                box = one.box
                best = max(scene.boxes, key=box.iou)
                true = best.digit if box.iou(best) > 0.1 else None
                crop = scene.pixels[box.top : box.bottom, box.left : box.right]
                sample = diorama.Image(crop, sample_id=f"scene-{number}")
                table.add_data(number, sample, box.digit, one.confidence, true, box.digit == true)
        return table

    def _pixels(
        self, model: PixelClassifier
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """(true class, probabilities, last hidden layer) of a few thousand pixels, half of them digits."""
        seen = np.concatenate([windows_of(scene).reshape(HALF * HALF, -1) for scene in self._scenes])
        truth = np.concatenate([scene.classes[::2, ::2].ravel() for scene in self._scenes]).astype(np.int64)
        rng = np.random.default_rng(0)
        half = EMBEDDED_PIXELS // 2
        of_digits, of_ground = np.flatnonzero(truth != BACKGROUND), np.flatnonzero(truth == BACKGROUND)
        chosen = np.concatenate([rng.choice(of_digits, half), rng.choice(of_ground, half)])
        layers = model.activations(seen[chosen])
        return truth[chosen], layers[-1], layers[2]


def _flattened(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """The three directions in which `hidden` varies most (principal components), scaled to unit spread."""
    centred = hidden - hidden.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, ::-1][:, :3]
    axes = axes * np.where(np.abs(axes).max(axis=0) == axes.max(axis=0), 1, -1)  # or each step mirrors it
    flat = centred @ axes
    scaled: NDArray[np.float32] = (flat / (flat.std() + 1e-9)).astype(np.float32)
    return scaled


def _notes(step: int, truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> str:
    is_digit = truth != BACKGROUND
    wrong = is_digit & (truth != predicted)
    pairs = np.bincount(truth[wrong] * CLASSES + predicted[wrong], minlength=CLASSES**2)
    lines = [
        f"### Step {step}",
        f"**{1 - wrong.sum() / max(is_digit.sum(), 1):.1%}** of the digits' pixels are right.",
        "",
        "| most often taken | for | pixels |",
        "|---|---|---:|",
    ]
    for pair in pairs.argsort()[::-1][:5]:
        if pairs[pair]:
            lines.append(
                f"| {CLASS_NAMES[pair // CLASSES]} | {CLASS_NAMES[pair % CLASSES]} | {pairs[pair]} |"
            )
    return "\n".join(lines)


def _sound_of(losses: list[float]) -> NDArray[np.float32]:
    """A tone that follows the logarithm of the loss over three seconds."""
    curve = np.log(np.maximum(losses, 1e-4))
    span = float(np.ptp(curve)) or 1.0
    seconds = np.linspace(0, 1, SOUND_RATE * 3)
    heights = np.interp(seconds, np.linspace(0, 1, len(curve)), (curve - curve.min()) / span)
    phase = 2 * np.pi * np.cumsum(110 * 2 ** (heights * 3)) / SOUND_RATE
    fade = np.minimum(1, np.minimum(seconds, 1 - seconds) * 40)
    tone: NDArray[np.float32] = (0.4 * fade * np.sin(phase)).astype(np.float32)
    return tone


def _graph(model: PixelClassifier) -> diorama.Graph:
    graph = diorama.Graph()
    sizes = [WINDOW * WINDOW, model.hidden, model.hidden // 2, CLASSES]
    names = ["window", "hidden 1", "hidden 2", "classes"]
    kinds = ["Input", "Linear + ReLU", "Linear + ReLU", "Linear + softmax"]
    for number, (name, kind, size) in enumerate(zip(names, kinds, sizes, strict=True)):
        parameters = (sizes[number - 1] + 1) * size if number else 0
        graph.add_node(id=name, name=name, class_name=kind, size=[size], num_parameters=parameters)
    for first, second in itertools.pairwise(names):
        graph.add_edge(first, second)
    return graph
