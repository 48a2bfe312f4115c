"""Keypoints: named points of things over an image, joined by a skeleton."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from diorama.media.image.overlays.layers import (
    NO_CLASSES,
    Classes,
    KeypointLayer,
    KeypointRecord,
    class_labels_from,
    colors_for,
    warn_of_unknown_keys,
)
from diorama.media.image.overlays.polygons import POINTS_LIMIT
from diorama.media.image.overlays.shapes import (
    caption_of,
    check_layer,
    class_of,
    domain_of,
    extra_of,
    given_of,
    labels_as_given,
    labels_for,
    numbers_of,
    rows_of,
    scores_of,
)
from diorama.model import clean_text

_KEYS = frozenset({"keypoint_data", "names", "skeleton", "class_labels"})
_THING_KEYS = frozenset({"points", "visibility", "point_scores", "class_id", "caption", "domain", "scores"})


class Keypoints2D:
    """One layer of keypoints over an image.

    Accepts: `val`, a dict with `keypoint_data` (list of things), and optionally `names` (of the points),
    `skeleton` (pairs of points that are joined, by index from 0 or by name) and `class_labels` (dict of int
    -> text, or as `Classes`); `key`, the layer's name. A thing is a dict with

    * `points`: [[x, y], ...] or [[x, y, v], ...] (an array too), where v is COCO's visibility: 0 not there,
      1 hidden, 2 seen; or `visibility`: a list of those (or of bools: seen or not there),
    * `point_scores`: a number for each point,
    * `domain`: "fraction" of the image's width and height (the default), or "pixel",
    * `class_id`: int, `caption`: text, `scores`: dict of text -> number. Other keys are kept beside them.

    Raises: KeyError without keypoint_data or points; TypeError for anything of a wrong type; ValueError for
    an unknown domain, lengths that don't agree, an edge to a point that isn't there, or too many points.

    >>> hand = {"points": [[0.1, 0.5], [0.2, 0.4]]}
    >>> Keypoints2D({"keypoint_data": [hand], "skeleton": [[0, 1]]}, "hands").layer_with().skeleton
    [(0, 1)]
    """

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        where = f"keypoints[{key!r}]"
        keypoint_data = check_layer(val, where, "keypoint_data", "things with points")
        self.key = key
        self._classes = class_labels_from(val.get("class_labels"), where)
        self._things = [
            _thing(thing, f"{where}['keypoint_data'][{n}]") for n, thing in enumerate(keypoint_data)
        ]
        most = max((len(thing.points) // 2 for thing in self._things), default=0)
        self._names = _names(val.get("names"), where, most)
        self._skeleton = _skeleton(val.get("skeleton"), where, self._names, max(most, len(self._names)))
        count = sum(len(thing.points) // 2 for thing in self._things)
        if count > POINTS_LIMIT:
            raise ValueError(f"{where} has {count:,} points; the limit is {POINTS_LIMIT:,}")
        warn_of_unknown_keys(val, _KEYS, where)

    def layer_with(self, classes: Classes = NO_CLASSES) -> KeypointLayer:
        """The stored layer; ids without a label of their own are called as `classes` says."""
        labels = labels_for(self._classes.names, classes.names, [thing.class_id for thing in self._things])
        return KeypointLayer(
            keypoints=self._things,
            names=self._names,
            skeleton=self._skeleton,
            class_labels=labels,
            class_colors=colors_for(self._classes.colors, classes.colors, labels),
        )


def _thing(thing: Any, where: str) -> KeypointRecord:
    if not isinstance(thing, Mapping):
        raise TypeError(f"{where} must be a dict with 'points', not {type(thing).__name__}")
    if "points" not in thing:
        raise KeyError(f"'points': {where} needs 'points', a list of [x, y]")
    rows, width = rows_of(thing["points"], where, "points", (2, 3))
    points, visibility = rows, []
    if width == 3:
        if thing.get("visibility") is not None:
            raise ValueError(f"{where} has its visibility twice: in 'points' and in 'visibility'")
        points = [number for at, number in enumerate(rows) if at % 3 != 2]
        visibility = _visibility(rows[2::3], where, "points")
    elif thing.get("visibility") is not None:
        visibility = _visibility(
            [2 if each is True else each for each in thing["visibility"]]
            if isinstance(thing["visibility"], (list, tuple))
            else _seen(thing["visibility"]),
            where,
            "visibility",
        )
    scores = (
        numbers_of(thing["point_scores"], where, "point_scores")
        if thing.get("point_scores") is not None
        else []
    )
    for name, values in (("visibility", visibility), ("point_scores", scores)):
        if values and len(values) != len(points) // 2:
            raise ValueError(f"{where} has {len(points) // 2} points and {len(values)} of {name!r}")
    return KeypointRecord(
        points=points,
        visibility=visibility,
        point_scores=scores,
        domain=domain_of(thing, where),
        class_id=class_of(thing, where, has_labels=True),
        caption=caption_of(thing, where, "caption"),
        scores=scores_of(thing, where),
        extra=extra_of(thing, where, _THING_KEYS),
    )


def _seen(values: Any) -> Any:
    """Of an array of bools, True is seen."""
    return values * 2 if str(getattr(values, "dtype", "")).endswith("bool") else values


def _visibility(values: Any, where: str, part: str) -> list[int]:
    numbers = numbers_of(values, where, part)
    if any(number not in (0, 1, 2) for number in numbers):
        raise ValueError(
            f"{where}[{part!r}] has a visibility that is not 0 (not there), 1 (hidden) or 2 (seen); "
            "give confidences as 'point_scores'"
        )
    return [int(number) for number in numbers]


def _names(names: Any, where: str, most: int) -> list[str]:
    if names is None:
        return []
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{where}['names'] must be a list of text, one for each point")
    if len(names) < most:
        raise ValueError(f"{where} names {len(names)} points, but a thing has {most}")
    return [clean_text(name) for name in names]


def _skeleton(edges: Any, where: str, names: list[str], count: int) -> list[tuple[int, int]]:
    if edges is None:
        return []
    edges = edges.tolist() if hasattr(edges, "tolist") else edges
    if not isinstance(edges, (list, tuple)):
        raise TypeError(f"{where}['skeleton'] must be a list of pairs, not {type(edges).__name__}")
    found = []
    for edge in edges:
        if not isinstance(edge, (list, tuple)) or len(edge) != 2:
            raise TypeError(f"{where}['skeleton'] must be a list of pairs; {edge!r} is none")
        first, second = (_point_index(end, where, names, count) for end in edge)
        found.append((first, second))
    return found


def _point_index(end: Any, where: str, names: list[str], count: int) -> int:
    if isinstance(end, str):
        if clean_text(end) not in names:
            raise ValueError(f"{where}['skeleton'] names {end!r}, which is not among 'names'")
        return names.index(clean_text(end))
    try:
        index = operator.index(end)
    except TypeError as error:
        raise TypeError(f"{where}['skeleton'] joins points by index or name, not {end!r}") from error
    if not 0 <= index < count:
        raise ValueError(f"{where}['skeleton'] names point {index}; there are {count}, counted from 0")
    return index


def keypoints_as_given(layer: KeypointLayer) -> dict[str, Any]:
    """The layer in the form in which it is logged: {"keypoint_data": [...], "names": [...], ...}."""
    given: dict[str, Any] = {
        "keypoint_data": [_thing_as_given(thing) for thing in layer.keypoints],
        "class_labels": labels_as_given(layer),
    }
    if layer.names:
        given["names"] = list(layer.names)
    if layer.skeleton:
        given["skeleton"] = [list(edge) for edge in layer.skeleton]
    return given


def _thing_as_given(thing: KeypointRecord) -> dict[str, Any]:
    given: dict[str, Any] = {
        "points": [[x, y] for x, y in zip(thing.points[::2], thing.points[1::2], strict=True)]
    }
    if thing.visibility:
        given["visibility"] = list(thing.visibility)
    if thing.point_scores:
        given["point_scores"] = list(thing.point_scores)
    return {**given, **given_of(thing, "caption"), **thing.extra}
