"""A small per-pixel classifier in plain numpy: what surrounds a pixel -> which digit it belongs to.

The picture is halved and turned grey; around every pixel a 21 x 21 window is read at every second
pixel (11 x 11 numbers, minus their mean), and a two-layer perceptron gives the class.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diorama.demo.scenes import BACKGROUND, SIDE, Box, Scene

CLASSES = BACKGROUND + 1
REACH = 10
"""Pixels of the halved picture that a window reaches to each side."""
STRIDE = 2
WINDOW = REACH * 2 // STRIDE + 1
HALF = SIDE // 2

Floats = NDArray[np.float32]


def windows_of(scene: Scene) -> Floats:
    """(HALF, HALF, WINDOW * WINDOW) float32: what every pixel of the halved picture sees."""
    grey = scene.pixels.astype(np.float32).mean(axis=2) / 255
    half = grey.reshape(HALF, 2, HALF, 2).mean(axis=(1, 3))
    padded = np.pad(half, REACH, mode="reflect")
    seen = np.lib.stride_tricks.sliding_window_view(padded, (2 * REACH + 1, 2 * REACH + 1))
    flat = seen[..., ::STRIDE, ::STRIDE].reshape(HALF, HALF, -1)
    centred: Floats = (flat - flat.mean(axis=-1, keepdims=True)) * 4
    return centred


@dataclass
class PixelClassifier:
    """Perceptron WINDOW^2 -> hidden -> hidden/2 -> CLASSES with ReLU, trained by Adam."""

    hidden: int
    learning_rate: float
    weight_decay: float = 0.0
    seed: int = 0
    weights: dict[str, Floats] = field(init=False)
    gradients: dict[str, Floats] = field(init=False, default_factory=dict)
    _moments: dict[str, tuple[Floats, Floats]] = field(init=False, default_factory=dict)
    _updates: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        sizes = [WINDOW * WINDOW, self.hidden, self.hidden // 2, CLASSES]
        self.weights = {}
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), 1):
            scale = np.sqrt(2 / fan_in)
            self.weights[f"layer{layer}/weight"] = rng.normal(0, scale, (fan_in, fan_out)).astype(np.float32)
            self.weights[f"layer{layer}/bias"] = np.zeros(fan_out, np.float32)

    def activations(self, inputs: Floats) -> list[Floats]:
        """[inputs, first hidden, second hidden, probabilities]; inputs (n, WINDOW^2)."""
        layers = [inputs]
        for number in (1, 2):
            layers.append(np.maximum(self._affine(layers[-1], number), 0))
        scores = self._affine(layers[-1], 3)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        layers.append(scores / scores.sum(axis=1, keepdims=True))
        return layers

    def _affine(self, inputs: Floats, number: int) -> Floats:
        product: Floats = inputs @ self.weights[f"layer{number}/weight"] + self.weights[f"layer{number}/bias"]
        return product

    def train(self, inputs: Floats, targets: NDArray[np.uint8]) -> tuple[float, float]:
        """One Adam step on a batch; (mean cross-entropy, accuracy) before the step."""
        layers = self.activations(inputs)
        probabilities = layers[-1]
        rows = np.arange(len(targets))
        loss = float(-np.log(probabilities[rows, targets] + 1e-9).mean())
        accuracy = float((probabilities.argmax(axis=1) == targets).mean())
        error = probabilities.copy()
        error[rows, targets] -= 1
        error /= len(targets)
        for number in (3, 2, 1):
            below = layers[number - 1]
            weight = self.weights[f"layer{number}/weight"]
            self.gradients[f"layer{number}/weight"] = below.T @ error + self.weight_decay * weight
            self.gradients[f"layer{number}/bias"] = error.sum(axis=0)
            error = (error @ weight.T) * (below > 0)
        self._update()
        return loss, accuracy

    def _update(self) -> None:
        """Adam, as in Kingma & Ba 2015, algorithm 1."""
        self._updates += 1
        for name, gradient in self.gradients.items():
            first, second = self._moments.get(name, (np.zeros_like(gradient), np.zeros_like(gradient)))
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient * gradient
            self._moments[name] = first, second
            first_unbiased = first / (1 - 0.9**self._updates)
            second_unbiased = second / (1 - 0.999**self._updates)
            self.weights[name] -= self.learning_rate * first_unbiased / (np.sqrt(second_unbiased) + 1e-8)

    def probabilities(self, scene: Scene) -> Floats:
        """(SIDE, SIDE, CLASSES): class probabilities of every pixel of the scene."""
        seen = windows_of(scene).reshape(HALF * HALF, -1)
        half = self.activations(seen)[-1].reshape(HALF, HALF, CLASSES)
        full: Floats = ndimage.zoom(half, (2, 2, 1), order=1, grid_mode=True, mode="nearest")
        return full


@dataclass(frozen=True)
class Detection:
    """A found digit. confidence: mean probability of its class; foreground: of being any digit."""

    box: Box
    confidence: float
    foreground: float


def detections(probabilities: Floats, *, least_pixels: int = 60) -> list[Detection]:
    """Connected patches of non-background pixels, each given the digit that holds most probability."""
    foreground = 1 - probabilities[..., BACKGROUND]
    patches, _count = ndimage.label(foreground > 0.5)
    found: list[Detection] = []
    for number, place in enumerate(ndimage.find_objects(patches), 1):
        is_patch = patches[place] == number
        if int(is_patch.sum()) < least_pixels:
            continue
        inside = probabilities[place][is_patch]
        digit = int(inside[:, :BACKGROUND].sum(axis=0).argmax())
        rows, columns = place
        found.append(
            Detection(
                Box(int(columns.start), int(rows.start), int(columns.stop), int(rows.stop), digit),
                confidence=float(inside[:, digit].mean()),
                foreground=float(foreground[place][is_patch].mean()),
            )
        )
    return found
