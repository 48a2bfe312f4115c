"""Scenes composed from scikit-learn's handwritten digits: pictures, per-pixel classes and boxes.

Nothing is downloaded: the 1,797 digits (8 x 8 grey) come with scikit-learn. Each scene places some
of them, enlarged, turned and tinted, on a soft coloured ground, so that colour says nothing about
the class and a model has to learn the shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage
from sklearn.datasets import load_digits

SIDE = 160
"""Width and height of a scene, pixels."""
BACKGROUND = 10
"""The class id of the ground; digits are 0..9."""
CLASS_NAMES: dict[int, str] = {**{digit: f"digit {digit}" for digit in range(10)}, BACKGROUND: "background"}

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Box:
    """A digit's bounding box in pixels, right and bottom edge exclusive."""

    left: int
    top: int
    right: int
    bottom: int
    digit: int

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

    @property
    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True)
class Scene:
    """pixels: (SIDE, SIDE, 3) uint8. classes: (SIDE, SIDE) uint8 class ids. boxes: one per digit."""

    pixels: Pixels
    classes: Pixels
    boxes: tuple[Box, ...]


@lru_cache(maxsize=1)
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    bunch = load_digits()
    return bunch.images / 16.0, bunch.target


def digit_indices(is_validation: bool) -> NDArray[np.int64]:
    """Every fifth digit is kept for validation, so that no shape is in both sets."""
    numbers = np.arange(len(_digits()[1]))
    chosen: NDArray[np.int64] = numbers[(numbers % 5 == 0) == is_validation]
    return chosen


def compose(rng: np.random.Generator, indices: NDArray[np.int64], *, noise: float = 0.04) -> Scene:
    """One scene with three to six digits taken from `indices`; `noise` is the sensor's sigma (0..1)."""
    picture = _ground(rng)
    classes = np.full((SIDE, SIDE), BACKGROUND, np.uint8)
    boxes: list[Box] = []
    for _ in range(int(rng.integers(3, 7))):
        stamp, digit = _stamp(rng, indices)
        place = _free_place(rng, stamp.shape, boxes)
        if place is None:
            continue
        top, left = place
        region = np.s_[top : top + stamp.shape[0], left : left + stamp.shape[1]]
        ink = _ink(rng, picture[region].mean(axis=(0, 1)))
        picture[region] += stamp[..., None] * (ink - picture[region])
        is_digit = stamp > 0.4
        classes[region][is_digit] = digit
        rows, columns = np.nonzero(is_digit)
        boxes.append(
            Box(
                left=left + int(columns.min()),
                top=top + int(rows.min()),
                right=left + int(columns.max()) + 1,
                bottom=top + int(rows.max()) + 1,
                digit=digit,
            )
        )
    picture += rng.normal(0, noise, picture.shape)
    return Scene((picture.clip(0, 1) * 255).astype(np.uint8), classes, tuple(boxes))


def _ground(rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth field of two colours, so that no single threshold separates digits from it."""
    field = ndimage.zoom(rng.random((5, 5)), SIDE / 5, order=3)[..., None]
    one, other = rng.uniform(0.05, 0.6, 3), rng.uniform(0.05, 0.6, 3)
    mixed: NDArray[np.float64] = field * one + (1 - field) * other
    return mixed


def _stamp(rng: np.random.Generator, indices: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
    """An enlarged, turned digit (0..1 ink) and its class."""
    images, targets = _digits()
    index = int(rng.choice(indices))
    side = int(rng.integers(34, 43))
    grey = Pillow.fromarray((images[index] * 255).astype(np.uint8))
    turned = grey.resize((side, side), Pillow.Resampling.BICUBIC).rotate(
        float(rng.uniform(-12, 12)), Pillow.Resampling.BICUBIC
    )
    return np.asarray(turned, np.float64) / 255, int(targets[index])


def _free_place(rng: np.random.Generator, shape: tuple[int, ...], boxes: list[Box]) -> tuple[int, int] | None:
    """A (top, left) where a stamp of `shape` touches no other digit, or None after 30 tries."""
    for _ in range(30):
        top, left = (int(rng.integers(2, SIDE - size - 2)) for size in shape[:2])
        wanted = Box(left - 4, top - 4, left + shape[1] + 4, top + shape[0] + 4, 0)
        if not any(wanted.iou(box) > 0 for box in boxes):
            return top, left
    return None


def _ink(rng: np.random.Generator, ground: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bright colour that stands out from the ground under it."""
    ink = rng.uniform(0.55, 1.0, 3)
    lift = max(0.0, 0.3 - float(ink.mean() - ground.mean()))
    bright: NDArray[np.float64] = (ink + lift).clip(0, 1)
    return bright
