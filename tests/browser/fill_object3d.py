"""Fill a store with 3D things whose every colour and side is known, through the real SDK.

DIORAMA_DIR=DIR python fill_object3d.py
"""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
from stored import wait_until_stored

import diorama

STEPS = 3
# In the plane z = 0, seen from +z: red on the right, green on the left, blue above.
PATCHES = {
    (255, 0, 0): ((0.4, -0.5), (1.4, 0.5)),
    (0, 255, 0): ((-1.4, -0.5), (-0.4, 0.5)),
    (0, 0, 255): ((-0.3, 0.8), (0.3, 1.4)),
}
BOX_COLOR = (255, 0, 254)
POINTS = 250_000


def gltf(turn: int = 0) -> tuple[dict[str, Any], bytes]:
    """The patches as a glTF without its buffer's place. `turn` moves the colours on."""
    colors = list(PATCHES)
    buffer = b""
    views: list[dict[str, int]] = []
    accessors: list[dict[str, Any]] = []
    meshes: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    for at, ((x0, y0), (x1, y1)) in enumerate(PATCHES.values()):
        corners = np.array([[x0, y0, 0], [x1, y0, 0], [x1, y1, 0], [x0, y1, 0]], "<f4")
        triangles = np.array([0, 1, 2, 0, 2, 3], "<u2")
        for data, kind, size, name in ((corners, 5126, 4, "VEC3"), (triangles, 5123, 6, "SCALAR")):
            views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": data.nbytes})
            accessors.append(
                {"bufferView": len(views) - 1, "componentType": kind, "count": size, "type": name}
            )
            buffer += data.tobytes()
        accessors[-2] |= {"min": corners.min(0).tolist(), "max": corners.max(0).tolist()}
        red, green, blue = colors[(at + turn) % len(colors)]
        materials.append(
            {
                "pbrMetallicRoughness": {"baseColorFactor": [red / 255, green / 255, blue / 255, 1]},
                "extensions": {"KHR_materials_unlit": {}},
            }
        )
        part = {"attributes": {"POSITION": 2 * at}, "indices": 2 * at + 1, "material": at}
        meshes.append({"primitives": [part]})
    model = {
        "asset": {"version": "2.0"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": [0, 1, 2]}],
        "nodes": [{"mesh": at} for at in range(3)],
        "meshes": meshes,
        "materials": materials,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(buffer)}],
    }
    return model, buffer


def glb(turn: int = 0) -> bytes:
    """The patches as one file."""
    model, buffer = gltf(turn)
    text = json.dumps(model).encode()
    text += b" " * (-len(text) % 4)
    buffer += b"\0" * (-len(buffer) % 4)
    size = 12 + 8 + len(text) + 8 + len(buffer)
    head = struct.pack("<4sII", b"glTF", 2, size)
    return (
        head
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + struct.pack("<I4s", len(buffer), b"BIN\0")
        + buffer
    )


def asking_outside(buffer_uri: str | None) -> bytes:
    """A glTF whose picture lies elsewhere; with `buffer_uri` its numbers do too."""
    import base64

    model, buffer = gltf()
    data = "data:application/octet-stream;base64," + base64.b64encode(buffer).decode()
    model["buffers"][0]["uri"] = buffer_uri or data
    model["images"] = [{"uri": "http://elsewhere.invalid/picture.png"}]
    model["textures"] = [{"source": 0}]
    model["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    return json.dumps(model).encode()


def cloud() -> diorama.Object3D:
    """Points of one colour far from zero, beside a box that stands around nothing."""
    rng = np.random.default_rng(0)
    far = np.array([500_000.0, 4_000_000.0, 100.0])
    points = np.concatenate([rng.uniform(-1, 1, (POINTS, 3)) + far, np.full((POINTS, 3), [0, 200, 100])], 1)
    points[5, 0] = np.nan
    points[6, 1] = 1e30
    corners = np.array([[x, y, z] for x in (1.2, 2) for y in (-1, 1) for z in (-1, 1)])
    boxes = [
        {"corners": (corners * side + far).tolist(), "label": label, "score": score, "color": color}
        for label, score, color, side in (
            ("car", 0.9, BOX_COLOR, 1),
            ("<img src=x onerror=alert(1)>", 0.2, (9, 9, 9), -1),
        )
    ]
    return diorama.Object3D.from_point_cloud(points, boxes)


def main() -> None:
    run = diorama.init(entity="lab", project="solids", name="only")
    for step in range(STEPS):
        run.log({"model": diorama.Object3D(io.BytesIO(glb(step)), file_type="glb")}, step=step)
    run.log({"cloud": cloud()}, step=0)
    run.log({"cut": diorama.Object3D(io.BytesIO(glb()[:400]), file_type="glb")}, step=0)
    outside = {"picture": asking_outside(None), "buffer": asking_outside("../../etc/passwd")}
    for name, data in outside.items():
        run.log({f"outside_{name}": diorama.Object3D(io.BytesIO(data), file_type="gltf")}, step=0)
    run.flush(wait=True)
    run.finish()
    wait_until_stored("lab", "solids")


if __name__ == "__main__":
    main()
