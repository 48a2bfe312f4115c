"""Polygons: outlined areas over an image, with holes, class, caption and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diorama.media.image.overlays.layers import (
    NO_CLASSES,
    Classes,
    PolygonLayer,
    PolygonRecord,
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
    rows_of,
    scores_of,
)

POINTS_LIMIT = 200_000
"""Points of a layer; what is finer than that is a mask."""
_KEYS = frozenset({"polygon_data", "class_labels"})
_POLYGON_KEYS = frozenset({"points", "rings", "class_id", "caption", "domain", "scores"})


class Polygons2D:
    """One layer of polygons over an image.

    Accepts: `val`, a dict with `polygon_data` (list of polygons) and optionally `class_labels` (dict of int
    -> text; ids without a label are called class_<id>); `key`, the layer's name. A polygon is a dict with

    * `points`: [[x, y], ...], an array (N, 2), or flat [x, y, x, y, ...] as in COCO; or `rings`: a list of
      those, where a ring inside another is a hole; at least three points in each,
    * `domain`: "fraction" of the image's width and height (the default), or "pixel",
    * `class_id`: int; needed when there are no class_labels,
    * `caption`: text, `scores`: dict of text -> number. Other keys are kept beside them.

    Raises: KeyError without polygon_data, points, or without class_id and class_labels; TypeError for
    anything of a wrong type; ValueError for an unknown domain, fewer than three points, or more than 200,000
    in a layer.

    >>> area = {"points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.8]], "class_id": 3}
    >>> Polygons2D({"polygon_data": [area]}, "parts").layer_with().class_labels
    {3: 'class_3'}
    """

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        where = f"polygons[{key!r}]"
        polygon_data = check_layer(val, where, "polygon_data", "polygons")
        self.key = key
        has_labels = val.get("class_labels") is not None
        self._classes = class_labels_from(val.get("class_labels"), where)
        self._polygons = [
            _polygon(polygon, f"{where}['polygon_data'][{n}]", has_labels)
            for n, polygon in enumerate(polygon_data)
        ]
        count = sum(len(ring) // 2 for polygon in self._polygons for ring in polygon.rings)
        if count > POINTS_LIMIT:
            raise ValueError(
                f"{where} has {count:,} points; the limit is {POINTS_LIMIT:,}: log a mask instead"
            )
        warn_of_unknown_keys(val, _KEYS, where)

    def layer_with(self, classes: Classes = NO_CLASSES) -> PolygonLayer:
        """The stored layer; ids without a label of their own are called as `classes` says."""
        labels = labels_for(
            self._classes.names, classes.names, [polygon.class_id for polygon in self._polygons]
        )
        colors = colors_for(self._classes.colors, classes.colors, labels)
        return PolygonLayer(polygons=self._polygons, class_labels=labels, class_colors=colors)


def _polygon(polygon: Any, where: str, has_labels: bool) -> PolygonRecord:
    if not isinstance(polygon, Mapping):
        raise TypeError(f"{where} must be a dict with 'points' or 'rings', not {type(polygon).__name__}")
    return PolygonRecord(
        rings=_rings(polygon, where),
        domain=domain_of(polygon, where),
        class_id=class_of(polygon, where, has_labels=has_labels),
        caption=caption_of(polygon, where, "caption"),
        scores=scores_of(polygon, where),
        extra=extra_of(polygon, where, _POLYGON_KEYS),
    )


def _rings(polygon: Mapping[str, Any], where: str) -> list[list[float]]:
    if ("points" in polygon) == ("rings" in polygon):
        raise KeyError(f"'points': {where} needs either 'points' or 'rings'")
    if "points" in polygon:
        return [_ring(polygon["points"], where, "points")]
    rings = polygon["rings"]
    if not isinstance(rings, (list, tuple)) or not rings:
        raise TypeError(f"{where}['rings'] must be a list of lists of points, not {type(rings).__name__}")
    return [_ring(ring, where, f"rings[{n}]") for n, ring in enumerate(rings)]


def _ring(points: Any, where: str, part: str) -> list[float]:
    ring, _ = rows_of(points, where, part, (2,))
    if len(ring) < 6:
        raise ValueError(f"{where}[{part!r}] has {len(ring) // 2} points; a polygon needs at least 3")
    return ring


def polygons_as_given(layer: PolygonLayer) -> dict[str, Any]:
    """The layer in the form in which it is logged: {"polygon_data": [...], "class_labels": {...}}."""
    return {
        "polygon_data": [_polygon_as_given(polygon) for polygon in layer.polygons],
        "class_labels": labels_as_given(layer),
    }


def _polygon_as_given(polygon: PolygonRecord) -> dict[str, Any]:
    rings = [[[x, y] for x, y in zip(ring[::2], ring[1::2], strict=True)] for ring in polygon.rings]
    shape: dict[str, Any] = {"points": rings[0]} if len(rings) == 1 else {"rings": rings}
    return {**shape, **given_of(polygon, "caption"), **polygon.extra}
