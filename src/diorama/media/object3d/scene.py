"""Boxes, vectors and cameras of a 3D scene, checked where the user gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from diorama.media.core.foreign import array_from, family_of
from diorama.media.core.scale import HAIR
from diorama.media.core.warn import warn_user
from diorama.media.object3d.record import Box3D, Camera3D, Vector3D
from diorama.model import clean_text

Triple = tuple[float, float, float]

_HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_BOX_KEYS = frozenset(("corners", "label", "score", "color", "order", "extra"))


def boxes_from(value: Any) -> list[Box3D]:
    """Boxes of a list, tuple or numpy array of dicts. Raises TypeError and ValueError."""
    boxes = []
    for place, item in enumerate(_items(value, "boxes")):
        if isinstance(item, Mapping) and _is_empty(item.get("corners")):
            warn_user(f"boxes[{place}] has no corners: there is nothing to draw, so it is left out")
        else:
            boxes.append(box_from(item, f"boxes[{place}]"))
    return boxes


def vectors_from(value: Any) -> list[Vector3D]:
    """Vectors of a list, tuple or numpy array of dicts. Raises TypeError and ValueError."""
    vectors = []
    for place, item in enumerate(_items(value, "vectors")):
        where = f"vectors[{place}]"
        if isinstance(item, Vector3D):
            vectors.append(item)
            continue
        for end in ("start", "end"):
            if _mapping(item, where, "'start' and 'end'").get(end) is None:
                raise ValueError(f"{where} has no {end!r}; a vector needs 'start' and 'end'")
        vectors.append(
            Vector3D(
                start=_triple(item["start"], f"{where}['start']"),
                end=_triple(item["end"], f"{where}['end']"),
                color=_color(item.get("color"), where),
                label=_label(item.get("label")),
            )
        )
    return vectors


def cameras_from(value: Any) -> list[Camera3D]:
    """Cameras of one dict or a list of them; W&B's "viewpoint" is understood as "position"."""
    if isinstance(value, (Mapping, Camera3D)):
        value = [value]
    cameras = []
    for place, item in enumerate(_items(value, "cameras")):
        where = f"cameras[{place}]"
        if isinstance(item, Camera3D):
            cameras.append(item)
            continue
        camera = _mapping(item, where, "'position' and 'target'")
        position = camera.get("position", camera.get("viewpoint"))
        if position is None:
            raise ValueError(f"{where} has no 'position'")
        fov = camera.get("fov_degrees")
        if fov is not None and not 0 < (fov := _number(fov, f"{where}['fov_degrees']")) < 180:
            raise ValueError(f"{where}['fov_degrees'] must be between 0 and 180, not {fov}")
        target, up = camera.get("target"), camera.get("up")
        cameras.append(
            Camera3D(
                position=_triple(position, f"{where}['position']"),
                target=(0.0, 0.0, 0.0) if target is None else _triple(target, f"{where}['target']"),
                up=None if up is None else _triple(up, f"{where}['up']"),
                fov_degrees=fov,
                label=_label(camera.get("label")),
            )
        )
    return cameras


def box_from(item: Any, where: str) -> Box3D:
    """A box of a dict with 'corners'. Raises TypeError and ValueError."""
    if isinstance(item, Box3D):
        return item
    box = _mapping(item, where, "'corners'")
    if box.get("corners") is None:
        raise ValueError(f"{where} has no 'corners': a box needs its 8 corners; box3d() makes them of a size")
    score = box.get("score")
    return Box3D(
        corners=_corners(box["corners"], f"{where}['corners']"),
        label=_label(box.get("label")),
        score=None if score is None else _number(score, f"{where}['score']"),
        color=_color(box.get("color"), where),
        extra=_extra({key: value for key, value in box.items() if key not in _BOX_KEYS}, where),
    )


def _is_empty(corners: Any) -> bool:
    corners = _plain(corners)
    return isinstance(corners, (list, tuple)) and not corners


def _items(value: Any, subject: str) -> Iterable[Any]:
    if value is None:
        return ()
    if family_of(type(value)) is not None:
        value = array_from(value).tolist()
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"{subject} must be a list of dicts, not {type(value).__name__}")
    return value


def _mapping(item: Any, where: str, needs: str) -> Mapping[Any, Any]:
    if not isinstance(item, Mapping):
        raise TypeError(f"{where} must be a dict with {needs}, not {type(item).__name__}")
    return item


def _corners(value: Any, where: str) -> list[Triple]:
    rows = _plain(value)
    while isinstance(rows, (list, tuple)) and len(rows) == 1:
        rows = _plain(rows[0])
    if isinstance(rows, (list, tuple)) and len(rows) == 8:
        return [_triple(row, f"{where}[{place}]") for place, row in enumerate(rows)]
    raise ValueError(f"{where} must be 8 points (x, y, z), not {_short(value)}")


def _triple(value: Any, where: str) -> Triple:
    row = _plain(value)
    # W&B's types say that a viewpoint is a sequence of points.
    if isinstance(row, (list, tuple)) and len(row) == 1:
        row = _plain(row[0])
    if not isinstance(row, (list, tuple)) or len(row) != 3:
        raise ValueError(f"{where} must be a point (x, y, z), not {_short(value)}")
    return (_number(row[0], where), _number(row[1], where), _number(row[2], where))


def numbers_from(value: Any, count: int, subject: str) -> tuple[float, ...]:
    row = _plain(value)
    if not isinstance(row, (list, tuple)) or len(row) != count:
        raise ValueError(f"{subject} must be {count} numbers, not {_short(value)}")
    return tuple(_number(item, subject) for item in row)


def _number(value: Any, where: str) -> float:
    if type(value) is float:
        return value
    if not isinstance(value, (str, bytes)) and (hasattr(value, "__float__") or hasattr(value, "__index__")):
        try:
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise ValueError(f"{where} must be a number, not {_short(value)}") from error
    raise ValueError(f"{where} must be a number, not {_short(value)}")


def _color(value: Any, where: str) -> Triple | None:
    """RGB 0..255 of "#rrggbb" or numbers (0..1 if none is over 1), clamped. An opacity is left out."""
    if value is None:
        return None
    if isinstance(value, str) and _HEX_COLOR.fullmatch(value):
        return (float(int(value[1:3], 16)), float(int(value[3:5], 16)), float(int(value[5:], 16)))
    row = _plain(value)
    numbers = numbers_from(
        row[:3] if isinstance(row, (list, tuple)) and len(row) == 4 else row, 3, f"{where}['color']"
    )
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{where}['color'] must be finite numbers, not {_short(value)}")
    scale = 255.0 if max(numbers) <= 1 + HAIR else 1.0
    red, green, blue = (min(max(number * scale, 0.0), 255.0) for number in numbers)
    return (red, green, blue)


def _label(value: Any) -> str | None:
    return None if value is None else clean_text(value)


def _plain(value: Any) -> Any:
    return array_from(value).tolist() if family_of(type(value)) is not None else value


def _extra(extra: dict[Any, Any], where: str) -> dict[str, Any]:
    if not extra:
        return {}
    try:
        return msgspec.msgpack.decode(
            msgspec.msgpack.encode({clean_text(key): _plain(value) for key, value in extra.items()}),
            type=dict[str, Any],
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{where} has other keys that hold no plain values: {error}") from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def boxes_as_given(boxes: Iterable[Box3D]) -> list[dict[str, Any]]:
    """Boxes as they are logged: {"corners", "label"?, "score"?, "color"?, ...}. Colours are 0..255."""
    return [
        {**_without_none(corners=box.corners, label=box.label, score=box.score, color=box.color), **box.extra}
        for box in boxes
    ]


def vectors_as_given(vectors: Iterable[Vector3D]) -> list[dict[str, Any]]:
    return [_without_none(start=v.start, end=v.end, color=v.color, label=v.label) for v in vectors]


def cameras_as_given(cameras: Iterable[Camera3D]) -> list[dict[str, Any]]:
    return [
        _without_none(position=c.position, target=c.target, up=c.up, fov_degrees=c.fov_degrees, label=c.label)
        for c in cameras
    ]


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
