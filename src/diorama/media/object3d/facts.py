"""What is in a 3D file that anybody may have made: runs in a worker process (`media/core/limited.py`).

`inspect(header, data)` answers a dict with what it found, each key optional: form, vertex_count,
triangle_count, counts, note; points {dtype, shape, data} (an array as a user would log it); columns
[{name, dtype, components, data}]; faces (bytes); boxes, vectors, cameras, point_cloud_type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from diorama.media.core.extent import Data, view_of
from diorama.media.object3d.models import babylon_facts, glb_facts, gltf_facts, obj_facts, stl_facts
from diorama.media.object3d.pcd import pcd_facts
from diorama.media.object3d.ply import ply_facts
from diorama.media.object3d.record import Box3D, Camera3D, Vector3D
from diorama.media.object3d.scene import box_from, cameras_from, vectors_from

SPLAT_BYTES = 32


def inspect(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """The facts of a file of header["format"]. header["files"]: bytes of each companion by name."""
    file_format, data = header["format"], view_of(data)
    if file_format == "gltf":
        return gltf_facts(data, header["files"])
    if file_format == "glb":
        return glb_facts(data, header["files"])
    return _INSPECTORS[file_format](data)


def splat_facts(data: memoryview) -> dict[str, Any]:
    count, rest = divmod(len(data), SPLAT_BYTES)
    note = f"the file ends within a splat: {rest} bytes are left over" if rest else None
    return {"vertex_count": count, "note": note}


def scene_facts(data: memoryview) -> dict[str, Any]:
    """Of a pts.json: a list of points, or a dict with type, points, boxes, vectors, camera."""
    scene = _json(data)
    if isinstance(scene, list):
        scene = {"points": scene}
    if not isinstance(scene, dict):
        raise ValueError("the JSON is neither a list of points nor a scene with 'points'")
    notes: list[str] = []
    boxes: list[Box3D] = []
    vectors: list[Vector3D] = []
    cameras: list[Camera3D] = []
    for box in _list_of(scene, "boxes", notes):
        _try(lambda box=box: boxes.append(box_from(box, "a box")), notes)
    for vector in _list_of(scene, "vectors", notes):
        _try(lambda vector=vector: vectors.extend(vectors_from([vector])), notes)
    found = scene.get("cameras", scene.get("camera"))
    if found is not None:
        _try(lambda: cameras.extend(cameras_from(found)), notes)
    points = _points(_list_of(scene, "points", notes), notes)
    scene_type = scene.get("type")
    return {
        "points": points,
        "vertex_count": points["shape"][0] if points else None,
        "boxes": msgspec.to_builtins(boxes),
        "vectors": msgspec.to_builtins(vectors),
        "cameras": msgspec.to_builtins(cameras),
        "point_cloud_type": scene_type if isinstance(scene_type, str) else None,
        "note": "; ".join(dict.fromkeys(notes)) or None,
    }


def _json(data: memoryview) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(bytes(data))  # W&B writes NaN as it stands, which is no JSON


def _list_of(scene: dict[str, Any], key: str, notes: list[str]) -> list[Any]:
    value = scene.get(key)
    if value is None or isinstance(value, list):
        return value or []
    notes.append(f"its {key!r} are no list")
    return []


def _try(read: Any, notes: list[str]) -> None:
    try:
        read()
    except (TypeError, ValueError) as error:
        notes.append(f"left out: {error}")


def _points(rows: list[Any], notes: list[str]) -> dict[str, Any] | None:
    import numpy as np

    try:
        array = np.asarray(rows)
        if array.dtype.kind not in "buif":
            array = np.asarray(rows, np.float64)
    except (TypeError, ValueError):
        notes.append("its points can't be read: they must be rows of 3, 4 or 6 numbers, all of one length")
        return None
    array = array.reshape(0, 3) if not array.size else array
    if array.ndim != 2 or array.shape[1] < 3:
        notes.append(f"its points have the shape {array.shape} instead of n x 3, 4 or 6")
        return None
    if array.shape[1] not in (3, 4, 6):
        notes.append(f"its points have {array.shape[1]} numbers each; only x, y and z are shown")
        array = np.ascontiguousarray(array[:, :3])
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": array.tobytes()}


_INSPECTORS = {
    "obj": obj_facts,
    "stl": stl_facts,
    "babylon": babylon_facts,
    "pts.json": scene_facts,
    "ply": ply_facts,
    "pcd": pcd_facts,
    "splat": splat_facts,
}
