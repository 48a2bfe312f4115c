"""Boxes: rectangles over an image, with class, caption and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from diorama.media.core.foreign import array_from, family_of
from diorama.media.image.overlays.layers import (
    NO_CLASSES,
    BoxLayer,
    BoxRecord,
    Classes,
    class_labels_from,
    colors_for,
    warn_of_unknown_keys,
)
from diorama.media.image.overlays.shapes import (
    caption_of,
    check_layer,
    class_of,
    domain_of,
    extra_of,
    given_of,
    labels_as_given,
    labels_for,
    number_of,
    scores_of,
)

_KEYS = frozenset({"box_data", "class_labels"})
_BOX_KEYS = frozenset({"position", "class_id", "box_caption", "domain", "scores"})
_CORNERS = ("minX", "maxX", "minY", "maxY")


class BoundingBoxes2D:
    """One layer of boxes over an image.

    Accepts: `val`, a dict with `box_data` (list of boxes) and optionally `class_labels` (dict of int -> text,
    or `Classes`; ids without a label are called class_<id>); `key`, the layer's name. A box is a dict with

    * `position`: {"minX", "maxX", "minY", "maxY"} or {"middle": [x, y], "width", "height"}, mixed freely; the
      second form may have an "angle" in degrees, by which the box is turned clockwise around its middle,
    * `domain`: "fraction" of the image's width and height (the default), or "pixel",
    * `class_id`: int; needed when there are no class_labels,
    * `box_caption`: text, `scores`: dict of text -> number. Other keys are kept beside them.

    Numbers may be numpy numbers or tensors of one element.
    Raises: KeyError without box_data, or without class_id and class_labels; TypeError for anything of a
    wrong type; ValueError for an unknown domain.

    >>> box = {"position": {"middle": [0.5, 0.5], "width": 0.2, "height": 0.1}, "class_id": 3}
    >>> BoundingBoxes2D({"box_data": [box]}, "predictions").layer.class_labels
    {3: 'class_3'}
    """

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        where = f"boxes[{key!r}]"
        box_data = check_layer(val, where, "box_data", "boxes")
        self.key = key
        has_labels = val.get("class_labels") is not None
        labels = class_labels_from(val.get("class_labels"), where)
        boxes = [_box(box, f"{where}['box_data'][{n}]", has_labels) for n, box in enumerate(box_data)]
        warn_of_unknown_keys(val, _KEYS, where)
        self._classes = labels
        self._boxes = boxes

    @property
    def layer(self) -> BoxLayer:
        """The stored layer."""
        return self.layer_with()

    def layer_with(self, classes: Classes = NO_CLASSES) -> BoxLayer:
        """The stored layer; ids without a label of their own are called as `classes` says."""
        labels = labels_for(self._classes.names, classes.names, [box.class_id for box in self._boxes])
        colors = colors_for(self._classes.colors, classes.colors, labels)
        return BoxLayer(boxes=self._boxes, class_labels=labels, class_colors=colors)


def _box(box: Any, where: str, has_labels: bool) -> BoxRecord:
    if not isinstance(box, Mapping):
        raise TypeError(f"{where} must be a dict with 'position', not {type(box).__name__}")
    form, position, angle = _position(box.get("position"), where)
    return BoxRecord(
        form=form,
        position=position,
        angle=angle,
        domain=domain_of(box, where),
        class_id=class_of(box, where, has_labels=has_labels),
        caption=caption_of(box, where, "box_caption"),
        scores=scores_of(box, where),
        extra=extra_of(box, where, _BOX_KEYS),
    )


def _position(
    position: Any, where: str
) -> tuple[Literal["corners", "middle"], tuple[float, float, float, float], float]:
    if isinstance(position, Mapping):
        if "rotation" in position:
            raise ValueError(f"{where}['position'] has a 'rotation'; give 'angle', in degrees clockwise")
        if all(name in position for name in _CORNERS):
            if "angle" in position:
                raise ValueError(
                    f"{where}['position'] has an 'angle'; give the box by middle, width and height"
                )
            x0, x1, y0, y1 = (number_of(position[name], where, "position", name) for name in _CORNERS)
            return "corners", (x0, x1, y0, y1), 0.0
        if all(name in position for name in ("middle", "width", "height")):
            middle = position["middle"]
            middle = array_from(middle).tolist() if family_of(type(middle)) else middle
            if not isinstance(middle, (list, tuple)) or len(middle) != 2:
                raise TypeError(f"{where}['position']['middle'] must be [x, y], not {middle!r}")
            place = (
                number_of(middle[0], where, "position", "middle"),
                number_of(middle[1], where, "position", "middle"),
                number_of(position["width"], where, "position", "width"),
                number_of(position["height"], where, "position", "height"),
            )
            return "middle", place, number_of(position.get("angle", 0.0), where, "position", "angle")
    raise TypeError(
        f"{where}['position'] needs minX, maxX, minY and maxY, or middle, width and height; got {position!r}"
    )


def boxes_as_given(layer: BoxLayer) -> dict[str, Any]:
    """The layer in the form in which it is logged: {"box_data": [...], "class_labels": {...}}."""
    return {"box_data": [_box_as_given(box) for box in layer.boxes], "class_labels": labels_as_given(layer)}


def _box_as_given(box: BoxRecord) -> dict[str, Any]:
    a, b, c, d = box.position
    position: dict[str, Any] = (
        dict(zip(_CORNERS, box.position, strict=True))
        if box.form == "corners"
        else {"middle": [a, b], "width": c, "height": d}
    )
    if box.angle:
        position["angle"] = box.angle
    return {"position": position, **given_of(box, "box_caption"), **box.extra}
