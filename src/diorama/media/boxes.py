"""Boxes: rectangles over an image, with class, caption and scores."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from diorama.media.base import clean_text
from diorama.media.foreign import array_from, family_of
from diorama.media.overlays import BoxLayer, BoxRecord, check_class_labels, warn_of_unknown_keys

ID_LIMIT = 2**53
"""What a number in a browser can hold."""
_KEYS = frozenset({"box_data", "class_labels"})
_BOX_KEYS = frozenset({"position", "class_id", "box_caption", "domain", "scores"})
_CORNERS = ("minX", "maxX", "minY", "maxY")


class BoundingBoxes2D:
    """One layer of boxes over an image.

    Accepts: `val`, a dict with `box_data` (list of boxes) and optionally `class_labels` (dict of int -> text;
    ids without a label are called class_<id>); `key`, the layer's name. A box is a dict with

    * `position`: {"minX", "maxX", "minY", "maxY"} or {"middle": [x, y], "width", "height"}, mixed freely,
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
        if not isinstance(val, Mapping):
            raise TypeError(f"{where} must be a dict with 'box_data', not {type(val).__name__}")
        if "box_data" not in val:
            raise KeyError(f"'box_data': {where} needs 'box_data', a list of boxes")
        if not isinstance(val["box_data"], (list, tuple)):
            raise TypeError(f"{where}['box_data'] must be a list, not {type(val['box_data']).__name__}")
        self.key = key
        has_labels = val.get("class_labels") is not None
        labels = check_class_labels(val.get("class_labels"), where)
        boxes = [_box(box, f"{where}['box_data'][{n}]", has_labels) for n, box in enumerate(val["box_data"])]
        warn_of_unknown_keys(val, _KEYS, where)
        self._user_labels = labels
        self._boxes = boxes

    @property
    def layer(self) -> BoxLayer:
        """The stored layer."""
        return self.layer_with({})

    def layer_with(self, classes: Mapping[int, str]) -> BoxLayer:
        """The stored layer; ids without a label of their own are called as `classes` says."""
        labels = dict(self._user_labels)
        for box in self._boxes:
            if box.class_id is not None:
                labels.setdefault(box.class_id, classes.get(box.class_id, f"class_{box.class_id}"))
        return BoxLayer(boxes=self._boxes, class_labels=labels)


def _box(box: Any, where: str, has_labels: bool) -> BoxRecord:
    if not isinstance(box, Mapping):
        raise TypeError(f"{where} must be a dict with 'position', not {type(box).__name__}")
    form, position = _position(box.get("position"), where)
    domain = box.get("domain")
    if domain not in (None, "fraction", "pixel"):
        raise ValueError(f"{where}['domain'] must be 'pixel' or 'fraction', not {domain!r}")
    caption = box.get("box_caption")
    if caption is not None and not isinstance(caption, str):
        raise TypeError(f"{where}['box_caption'] must be text, not {type(caption).__name__}")
    class_id = box.get("class_id")
    if class_id is None and not has_labels:
        raise KeyError(f"'class_id': {where} needs a 'class_id' when there are no 'class_labels'")
    return BoxRecord(
        form=form,
        position=position,
        domain=domain or "fraction",
        class_id=None if class_id is None else _class_id(class_id, where),
        caption=None if caption is None else clean_text(caption),
        scores=_scores(box.get("scores"), where),
        extra=_extra(box, where),
    )


def _position(
    position: Any, where: str
) -> tuple[Literal["corners", "middle"], tuple[float, float, float, float]]:
    if isinstance(position, Mapping):
        if all(name in position for name in _CORNERS):
            x0, x1, y0, y1 = (_number(position[name], where, "position", name) for name in _CORNERS)
            return "corners", (x0, x1, y0, y1)
        if all(name in position for name in ("middle", "width", "height")):
            middle = position["middle"]
            middle = array_from(middle).tolist() if family_of(type(middle)) else middle
            if not isinstance(middle, (list, tuple)) or len(middle) != 2:
                raise TypeError(f"{where}['position']['middle'] must be [x, y], not {middle!r}")
            return "middle", (
                _number(middle[0], where, "position", "middle"),
                _number(middle[1], where, "position", "middle"),
                _number(position["width"], where, "position", "width"),
                _number(position["height"], where, "position", "height"),
            )
    raise TypeError(
        f"{where}['position'] needs minX, maxX, minY and maxY, or middle, width and height; got {position!r}"
    )


def _number(value: Any, where: str, part: str, name: str) -> float:
    if type(value) is float:
        return value
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        try:
            # A tensor with gradient gives its number without complaint through item() only.
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise TypeError(f"{where}[{part!r}][{name!r}] must be one number, not {value!r}") from error
    raise TypeError(f"{where}[{part!r}][{name!r}] must be a number, not {value!r}")


def _class_id(value: Any, where: str) -> int:
    try:
        class_id = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{where}['class_id'] must be an integer, not {value!r}") from error
    if abs(class_id) > ID_LIMIT:
        raise ValueError(f"{where}['class_id'] is {class_id}; class ids go up to {ID_LIMIT}")
    return class_id


def _scores(scores: Any, where: str) -> dict[str, float]:
    if scores is None:
        return {}
    if not isinstance(scores, Mapping) or not all(isinstance(name, str) for name in scores):
        raise TypeError(f"{where}['scores'] must be a dict of text to numbers, not {scores!r}")
    return {clean_text(name): _number(score, where, "scores", name) for name, score in scores.items()}


def _extra(box: Mapping[str, Any], where: str) -> dict[str, Any]:
    extra = {key: value for key, value in box.items() if key not in _BOX_KEYS}
    if not extra:
        return {}
    try:
        plain: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(extra), type=dict[str, Any])
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{where} has other keys that hold no plain values: {error}") from error
    return plain


def boxes_as_given(layer: BoxLayer) -> dict[str, Any]:
    """The layer in the form in which it is logged: {"box_data": [...], "class_labels": {...}}."""
    return {"box_data": [_box_as_given(box) for box in layer.boxes], "class_labels": dict(layer.class_labels)}


def _box_as_given(box: BoxRecord) -> dict[str, Any]:
    a, b, c, d = box.position
    given: dict[str, Any] = {
        "position": dict(zip(_CORNERS, box.position, strict=True))
        if box.form == "corners"
        else {"middle": [a, b], "width": c, "height": d}
    }
    if box.domain == "pixel":
        given["domain"] = "pixel"
    if box.class_id is not None:
        given["class_id"] = box.class_id
    if box.caption is not None:
        given["box_caption"] = box.caption
    if box.scores:
        given["scores"] = dict(box.scores)
    return {**given, **box.extra}
