"""Boxes, vectors and cameras of a 3D scene, checked where the user builds them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from diorama.media.base import clean_text
from diorama.media.foreign import array_from, family_of
from diorama.media.object3d_record import Box3D, Camera3D, Vector3D

Triple = tuple[float, float, float]

_HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_BOX_KEYS = frozenset(("corners", "label", "score", "color", "order", "extra"))


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box by its centre, size and orientation, as `Object3D.from_point_cloud(boxes=[...])` takes it.

    Accepts: `center` and `size`, three numbers each (the size along the box's own x, y and z); `orientation`,
    the quaternion (r, x, y, z) of r + xi + yj + zk, of any length but zero, that turns the box from lying
    along the axes to where it is, counter-clockwise for positive angles; `color`, three numbers, 0..1 if none
    is over 1, else 0..255, or "#rrggbb"; `label`, text; `score`, a number.

    The real part of the quaternion comes first. scipy gives it so with `as_quat(scalar_first=True)`.

    Raises: ValueError for anything but so many finite numbers, and for the zero quaternion.

    >>> box = box3d(center=(0, 0, 1), size=(4, 2, 2), orientation=(1, 0, 0, 0), color=(0, 255, 0))
    >>> box["corners"][0], box["corners"][7]
    ((-2.0, -1.0, 0.0), (2.0, 1.0, 2.0))
    """
    middle = _numbers(center, 3, "center")
    half = [side / 2 for side in _numbers(size, 3, "size")]
    rotation = _rotation_from_quaternion(_numbers(orientation, 4, "orientation"))
    corners = []
    for signs in itertools.product((-1.0, 1.0), repeat=3):
        local = [sign * side for sign, side in zip(signs, half, strict=True)]
        turned = [sum(a * b for a, b in zip(row, local, strict=True)) for row in rotation]
        corners.append(tuple(m + t for m, t in zip(middle, turned, strict=True)))
    box: dict[str, Any] = {"corners": tuple(corners), "color": color, "label": label, "score": score}
    box_from(box, "box3d()")
    return box


def _rotation_from_quaternion(quaternion: tuple[float, ...]) -> list[list[float]]:
    greatest = max(map(abs, quaternion))
    if greatest == 0:
        raise ValueError("Unexpected zero quaternion; an orientation without any turn is (1, 0, 0, 0)")
    # By the greatest component first, so that the squares can't overflow or vanish.
    scaled = [part / greatest for part in quaternion]
    length = math.sqrt(sum(part * part for part in scaled))
    r, x, y, z = (part / length for part in scaled)
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * r), 2 * (x * z + y * r)],
        [2 * (x * y + z * r), 1 - 2 * (x * x + z * z), 2 * (y * z - x * r)],
        [2 * (x * z - y * r), 2 * (y * z + x * r), 1 - 2 * (x * x + y * y)],
    ]


def boxes_from(value: Any) -> list[Box3D]:
    """Boxes of a list, tuple or numpy array of dicts. Raises TypeError and ValueError."""
    return [box_from(item, f"boxes[{place}]") for place, item in enumerate(_items(value, "boxes"))]


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


def _items(value: Any, what: str) -> Iterable[Any]:
    if value is None:
        return ()
    if family_of(type(value)) is not None:
        value = array_from(value).tolist()
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"{what} must be a list of dicts, not {type(value).__name__}")
    return value


def _mapping(item: Any, where: str, needs: str) -> Mapping[Any, Any]:
    if not isinstance(item, Mapping):
        raise TypeError(f"{where} must be a dict with {needs}, not {type(item).__name__}")
    return item


def _corners(value: Any, where: str) -> list[Triple]:
    rows = _plain(value)
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


def _numbers(value: Any, count: int, what: str) -> tuple[float, ...]:
    row = _plain(value)
    if not isinstance(row, (list, tuple)) or len(row) != count:
        raise ValueError(f"{what} must be {count} numbers, not {_short(value)}")
    numbers = tuple(_number(item, what) for item in row)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{what} must be finite numbers, not {_short(value)}")
    return numbers


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
    numbers = _numbers(
        row[:3] if isinstance(row, (list, tuple)) and len(row) == 4 else row, 3, f"{where}['color']"
    )
    scale = 255.0 if max(numbers) <= 1 else 1.0
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
