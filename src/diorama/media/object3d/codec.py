"""From the snapshot of a 3D object to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diorama.media.core.base import PutBlob, Snapshot
from diorama.media.core.extent import size_of
from diorama.media.core.limited import CPU_SECS, WALL_SECS, DecodeError, run_limited
from diorama.media.object3d.boxes import with_orders
from diorama.media.object3d.cloud import PointColumn, columns_from_points, store_cloud
from diorama.media.object3d.record import Box3D, Camera3D, Object3DRecord, PointCloud, Vector3D
from diorama.model import BlobRef

SLOWEST_BYTES_A_SEC = 2 << 20
"""Of a parser, on a slow machine."""
OCTETS = "application/octet-stream"
FACES_MIME = "application/vnd.diorama.faces"
MIMES = {
    "obj": "model/obj",
    "gltf": "model/gltf+json",
    "glb": "model/gltf-binary",
    "babylon": "application/json",
    "stl": "model/stl",
    "pts.json": "application/json",
}
_COMPANION_MIMES = {
    "mtl": "model/mtl",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
}
_FORMS = {"ply": "cloud", "pcd": "cloud", "pts.json": "cloud", "splat": "splat"}
_UPS = {"stl": "z", "pts.json": "z", "pcd": "z", "array": "z"}
_NOT_FOUND = "not found beside it:"
_MISSING_LISTED = 5


def encode(snapshot: Snapshot, put_blob: PutBlob) -> Object3DRecord:
    """The record of a 3D object, its blobs stored: the file and its companions, points, faces."""
    header = snapshot.header
    record = _encode_points(snapshot, put_blob) if "points" in header else _encode_file(snapshot, put_blob)
    up, is_right_handed = header["up"], header["is_right_handed"]
    return msgspec.structs.replace(
        record,
        caption=header["caption"],
        sample_id=header["sample_id"],
        boxes=with_orders(msgspec.convert(header["boxes"], list[Box3D]) + record.boxes),
        vectors=msgspec.convert(header["vectors"], list[Vector3D]) + record.vectors,
        cameras=msgspec.convert(header["cameras"], list[Camera3D]) + record.cameras,
        point_cloud_type=header["point_cloud_type"] or record.point_cloud_type,
        up=up or _up_of(record),
        is_right_handed=record.format != "babylon" if is_right_handed is None else is_right_handed,
    )


def _up_of(record: Object3DRecord) -> Any:
    # What comes out of structure from motion, as splats do, has y pointing down.
    if record.form == "splat":
        return "-y"
    return "z" if record.format == "ply" and record.form == "cloud" else _UPS.get(record.format, "y")


def _encode_points(snapshot: Snapshot, put_blob: PutBlob) -> Object3DRecord:
    import numpy as np

    about, joined = snapshot.header["points"], snapshot.header.get("faces")
    cloud = _cloud_of_array(
        snapshot.buffers[0].read(),
        about["held_dtype"],
        about["shape"],
        about["dtype"],
        snapshot.header,
        put_blob,
        is_scattered=joined is None,
    )
    if joined is None:
        return Object3DRecord(form="cloud", format="array", cloud=cloud, vertex_count=cloud.count)
    faces = np.frombuffer(snapshot.buffers[1].read(), joined["held_dtype"]).astype("<u4")
    return Object3DRecord(
        form="mesh",
        format="array",
        cloud=cloud,
        faces=put_blob(faces.data, FACES_MIME),
        vertex_count=cloud.count,
        triangle_count=joined["count"],
    )


def _cloud_of_array(
    data: bytes | memoryview,
    held_dtype: str,
    shape: list[int],
    dtype: str,
    header: Mapping[str, Any],
    put_blob: PutBlob,
    *,
    is_scattered: bool = True,
) -> PointCloud:
    import numpy as np

    points = np.frombuffer(data, held_dtype).reshape(shape)
    labels = header["class_labels"]
    columns = columns_from_points(points, header["fourth"], bool(labels))
    return store_cloud(
        columns, put_blob, is_scattered=is_scattered, shape=shape, dtype=dtype, classes=_classes_of(header)
    )


def _classes_of(header: Mapping[str, Any]) -> tuple[dict[int, str], dict[int, str]]:
    # Journals of older versions hold no colours.
    return header["class_labels"], header.get("class_colors", {})


def _encode_file(snapshot: Snapshot, put_blob: PutBlob) -> Object3DRecord:
    header = snapshot.header
    file_format, names = header["format"], header["files"]
    data = snapshot.buffers[0].source()
    notes = []
    sizes = {name: kept.size_bytes for name, kept in zip(names, snapshot.buffers[1:], strict=True)}
    try:
        facts = run_limited(
            "diorama.media.object3d.facts:inspect",
            {"format": file_format, "files": sizes},
            data,
            # Text and packed points take their time, which the limits' growth with the data does not know.
            cpu_secs=CPU_SECS + size_of(data) / SLOWEST_BYTES_A_SEC,
            wall_secs=WALL_SECS + 3 * size_of(data) / SLOWEST_BYTES_A_SEC,
        )
    except (DecodeError, OSError) as error:
        facts, notes = {}, [f"it can't be read as {file_format}: {error}"]
    if facts.get("note"):
        notes.append(facts["note"])
    if header["missing"]:
        listed = ", ".join(header["missing"][:_MISSING_LISTED])
        more = len(header["missing"]) - _MISSING_LISTED
        notes.append(f"{_NOT_FOUND} {listed}{f' and {more} more' if more > 0 else ''}")
    form: Any = facts.get("form") or _FORMS.get(file_format, "model")
    cloud, faces = _stored_points(facts, header, put_blob)
    return Object3DRecord(
        form=form,
        format=file_format,
        name=header["name"] or None,
        blob=put_blob(data, MIMES.get(file_format, OCTETS)),
        files={
            name: put_blob(kept.source(), _mime_of(name))
            for name, kept in zip(names, snapshot.buffers[1:], strict=True)
        },
        missing=header["missing"],
        cloud=cloud,
        faces=faces,
        boxes=msgspec.convert(facts.get("boxes", []), list[Box3D]),
        vectors=msgspec.convert(facts.get("vectors", []), list[Vector3D]),
        cameras=msgspec.convert(facts.get("cameras", []), list[Camera3D]),
        vertex_count=facts.get("vertex_count"),
        triangle_count=facts.get("triangle_count"),
        counts={name: count for name, count in facts.get("counts", {}).items() if count},
        point_cloud_type=facts.get("point_cloud_type"),
        note="; ".join(notes) or None,
    )


def _stored_points(
    facts: Mapping[str, Any], header: Mapping[str, Any], put_blob: PutBlob
) -> tuple[PointCloud | None, BlobRef | None]:
    import numpy as np

    array = facts.get("points")
    if array is not None:
        dtype, shape = array["dtype"], array["shape"]
        return _cloud_of_array(array["data"], dtype, shape, dtype, header, put_blob), None
    if not facts.get("columns"):
        return None, None
    columns = [
        PointColumn(
            each["name"],
            np.frombuffer(each["data"], each["dtype"]).reshape(-1, each["components"]),
            components=each["components"],
        )
        for each in facts["columns"]
    ]
    faces = facts.get("faces")
    cloud = store_cloud(columns, put_blob, is_scattered=faces is None, classes=_classes_of(header))
    return cloud, None if faces is None else put_blob(faces, FACES_MIME)


def _mime_of(name: str) -> str:
    return _COMPANION_MIMES.get(name.lower().rpartition(".")[2], OCTETS)


def warnings_of(record: Object3DRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of values) of what could not be kept as it was given, or be read."""
    warnings = []
    if record.missing:
        text = "a file that a 3D model names was not found beside it"
        warnings.append(("object3d.missing", text, len(record.missing)))
    if record.blob is not None and record.note and record.vertex_count is None:
        text = "a 3D file can't be read as its type; it is kept as it was given"
        warnings.append(("object3d.unreadable", text, 1))
    elif record.note and not record.note.startswith(_NOT_FOUND):
        text = "a 3D file is not whole, or not as it says; it is kept as it was given"
        warnings.append(("object3d.odd", text, 1))
    if record.cloud is not None and record.cloud.non_finite:
        text = "a point has a NaN or infinite coordinate: it is kept, but can't be drawn"
        warnings.append(("object3d.non_finite", text, record.cloud.non_finite))
    if record.cloud is not None:
        clipped = sum(column.out_of_range for column in record.cloud.columns)
        if clipped:
            text = "a colour of a point lies outside 0..255: it is kept, and drawn clipped"
            warnings.append(("object3d.clipped", text, clipped))
    return warnings
