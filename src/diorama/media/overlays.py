"""Masks, boxes and class labels that lie over an image."""

from __future__ import annotations

from typing import Literal

import msgspec

from diorama.model import BlobRef


class MaskLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A class id for every pixel.

    blob: a grey PNG (8-bit up to id 255, else 16-bit) whose pixel value is the class id.
    class_labels: class id -> name. areas: class id -> number of pixels, for the ids present.
    """

    blob: BlobRef
    width: int
    height: int
    bit_depth: Literal[8, 16] = 8
    class_labels: dict[int, str] = {}
    areas: dict[int, int] = {}


class BoxRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A box as it was logged.

    form "corners": position = (min_x, max_x, min_y, max_y).
    form "middle":  position = (middle_x, middle_y, width, height).
    domain "fraction": of the image's width and height; "pixel": of its pixels.
    """

    form: Literal["corners", "middle"]
    position: tuple[float, float, float, float]
    domain: Literal["fraction", "pixel"] = "fraction"
    class_id: int | None = None
    caption: str | None = None
    scores: dict[str, float] = {}


class BoxLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of boxes."""

    boxes: list[BoxRecord] = []
    class_labels: dict[int, str] = {}
