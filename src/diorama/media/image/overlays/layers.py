"""Masks, boxes and class labels that lie over an image."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from diorama.media.core.foreign import array_from, family_of
from diorama.media.core.warn import warn_user
from diorama.model import BlobRef, clean_text

_HEX_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


class MaskLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A class id for every pixel.

    blob: a grey PNG (8-bit up to id 255, 16-bit up to 65,535) whose pixel value is the class id; beyond that
    (bit_depth 32) an 8-bit RGB or RGBA PNG whose bytes are the id, the least first: R + 256 G + 65,536 B ...
    class_labels: class id -> name. areas: class id -> number of pixels, for the ids present. Of a layer with
    more than 4,096 ids only the largest are listed here, and only labels that were given; id_count is how
    many ids there are. class_colors: class id -> "#rrggbb", for classes that were given a colour; here and in
    the layers below. width, height: of the mask, which may differ from its image's.
    note: why the mask's file could not be decoded; `blob` is then that file.
    """

    blob: BlobRef
    width: int
    height: int
    bit_depth: Literal[8, 16, 32] = 8
    class_labels: dict[int, str] = {}
    areas: dict[int, int] = {}
    id_count: int = 0
    note: str = ""
    class_colors: dict[int, str] = {}


class BoxRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A box as it was logged.

    form "corners": position = (min_x, max_x, min_y, max_y).
    form "middle":  position = (middle_x, middle_y, width, height).
    angle: degrees by which the box is turned around its middle, clockwise as one looks at the picture.
    domain "fraction": of the image's width and height; "pixel": of its pixels.
    Numbers are kept as they came, NaN and infinities included. extra: other keys that the box had.
    """

    form: Literal["corners", "middle"]
    position: tuple[float, float, float, float]
    domain: Literal["fraction", "pixel"] = "fraction"
    class_id: int | None = None
    caption: str | None = None
    scores: dict[str, float] = {}
    extra: dict[str, Any] = {}
    angle: float = 0.0


class BoxLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of boxes. class_labels: class id -> name, for every class id that a box has."""

    boxes: list[BoxRecord] = []
    class_labels: dict[int, str] = {}
    class_colors: dict[int, str] = {}


class PolygonRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An area between rings.

    rings: each a flat list x, y, x, y ... without its first point again at the end. What lies inside an odd
    number of rings belongs to the area, so a ring inside another is a hole.
    domain, class_id, caption, scores, extra: as in `BoxRecord`.
    """

    rings: list[list[float]]
    domain: Literal["fraction", "pixel"] = "fraction"
    class_id: int | None = None
    caption: str | None = None
    scores: dict[str, float] = {}
    extra: dict[str, Any] = {}


class PolygonLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of polygons. class_labels: class id -> name, for every class id that a polygon has."""

    polygons: list[PolygonRecord] = []
    class_labels: dict[int, str] = {}
    class_colors: dict[int, str] = {}


class KeypointRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The points of one thing (a person, a hand).

    points: a flat list x, y, x, y ...
    visibility: for each point 0 (not there), 1 (hidden behind something) or 2 (seen); empty: all are seen.
    point_scores: a number for each point, or empty.
    domain, class_id, caption, scores, extra: as in `BoxRecord`.
    """

    points: list[float]
    visibility: list[int] = []
    point_scores: list[float] = []
    domain: Literal["fraction", "pixel"] = "fraction"
    class_id: int | None = None
    caption: str | None = None
    scores: dict[str, float] = {}
    extra: dict[str, Any] = {}


class KeypointLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of things with points. names: of the points, by index. skeleton: pairs of indices that are
    joined by a line. class_labels: class id -> name."""

    keypoints: list[KeypointRecord] = []
    names: list[str] = []
    skeleton: list[tuple[int, int]] = []
    class_labels: dict[int, str] = {}
    class_colors: dict[int, str] = {}


class Classes:
    """The classes that masks and boxes of an image may show.

    Accepts: a sequence of dicts with `id` (int, or text of an int), `name` (text) and perhaps `color`
    ("#rrggbb", "#rgb" or three numbers 0..255).
    Raises: AssertionError for a dict without id or name (as W&B does), TypeError for anything that is no
    sequence of dicts, ValueError for an id that is no integer and a color that is none.

    >>> Classes([{"id": 0, "name": "road"}, {"id": 1, "name": "car", "color": "#f00"}]).colors
    {1: '#ff0000'}
    """

    def __init__(self, class_set: Sequence[Mapping[str, Any]]) -> None:
        if isinstance(class_set, (str, bytes, Mapping)) or not isinstance(class_set, Iterable):
            raise TypeError("classes must be a list of dicts such as {'id': 1, 'name': 'car'}")
        self.names: dict[int, str] = {}
        self.colors: dict[int, str] = {}
        for each in class_set:
            if not isinstance(each, Mapping):
                raise TypeError(f"each class must be a dict with 'id' and 'name', not {each!r}")
            if "id" not in each or "name" not in each:
                raise AssertionError(f"each class needs an 'id' and a 'name'; got {dict(each)!r}")
            class_id = _class_id(each["id"])
            self.names[class_id] = clean_text(each["name"])
            if each.get("color") is not None:
                self.colors[class_id] = _color_text(each["color"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Classes) and (self.names, self.colors) == (other.names, other.colors)

    def __hash__(self) -> int:
        return hash(frozenset(self.names.items()))


NO_CLASSES = Classes([])


def _class_id(value: Any) -> int:
    try:
        return int(value, 10) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"class id {value!r} is no integer; masks and boxes name classes by integers"
        ) from error


def _color_text(value: Any) -> str:
    if isinstance(value, str) and _HEX_COLOR.fullmatch(value):
        digits = value[1:].lower()
        return f"#{digits}" if len(digits) == 6 else "#" + "".join(2 * digit for digit in digits)
    numbers = array_from(value).tolist() if family_of(type(value)) is not None else value
    if isinstance(numbers, (list, tuple)) and len(numbers) == 3:
        try:
            channels = [operator.index(number) for number in numbers]
        except TypeError:
            channels = []
        if channels and all(0 <= channel <= 255 for channel in channels):
            return "#" + "".join(f"{channel:02x}" for channel in channels)
    raise ValueError(f"a class's color is '#rrggbb' or three whole numbers 0..255, not {value!r}")


def class_labels_from(labels: Any, where: str) -> Classes:
    """The classes of a layer: a dict of id -> name, a list of {"id", "name", "color"?}, or `Classes`.

    Raises TypeError for anything else, and what `Classes` raises.
    """
    if labels is None:
        return NO_CLASSES
    if isinstance(labels, Classes):
        return labels
    if isinstance(labels, Mapping):
        checked = {_label_id(key): name for key, name in labels.items()}
        if None not in checked and all(isinstance(name, str) for name in checked.values()):
            return Classes([{"id": key, "name": name} for key, name in checked.items()])
    elif isinstance(labels, (list, tuple)) and all(isinstance(each, Mapping) for each in labels):
        return Classes(labels)
    raise TypeError(
        f"Class labels must be a dictionary of numbers to strings; {where}['class_labels'] is {labels!r}"
    )


def colors_for(
    own: Mapping[int, str], shared: Mapping[int, str], labels: Mapping[int, str]
) -> dict[int, str]:
    """The colours of a layer's classes: its own, else those that all layers of the image share."""
    colors = {**shared, **own}
    return {class_id: colors[class_id] for class_id in labels if class_id in colors}


def _label_id(key: Any) -> int | None:
    if isinstance(key, float):
        return int(key) if key.is_integer() else None
    try:
        label_id: int = operator.index(key)
    except TypeError:
        return None
    return label_id


def warn_of_unknown_keys(layer: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """One warning at the user's line for keys that a layer does not have, most often a typing slip."""
    unknown = sorted(str(key) for key in layer if key not in known)
    if unknown:
        warn_user(f"{where} has unknown keys {unknown}, which are not kept; known are {sorted(known)}")
