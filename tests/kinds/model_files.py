"""Writers of small 3D files, one for each format that Object3D takes."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
FACES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da63f80f00010101005bb7ae530000000049454e44ae426082"
)
"""One grey pixel."""


def obj_text(library: str = "") -> str:
    head = f"mtllib {library}\n" if library else ""
    vertices = "".join(f"v {x} {y} {z}\n" for x, y, z in CORNERS)
    faces = "".join(f"f {a + 1}/1 {b + 1}/1 {c + 1}/1\n" for a, b, c in FACES)
    return f"# a tetrahedron\n{head}{vertices}vt 0 0\nusemtl skin\n{faces}f 1 2 3 4\n"


def write_obj(folder: Path, texture: str = "skin colour.png") -> Path:
    """A tetrahedron and a quad; with its material, and a texture whose name has a space."""
    (folder / "thing.mtl").write_text(f"newmtl skin\nKd 1 1 1\nmap_Kd -s 1 1 1 -bm 0.5 {texture}\n")
    (folder / texture).write_bytes(PNG)
    path = folder / "thing.obj"
    path.write_text(obj_text("thing.mtl"))
    return path


def gltf_parts() -> tuple[dict[str, Any], bytes]:
    positions = np.array(CORNERS, "<f4").tobytes()
    indices = np.array(FACES, "<u2").tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "children": [1]}, {}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0}],
        "images": [{"uri": "skin%20colour.png"}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": len(positions)},
            {"buffer": 0, "byteOffset": len(positions), "byteLength": len(indices)},
        ],
        "buffers": [{"byteLength": len(positions) + len(indices), "uri": "parts/thing.bin"}],
    }
    return document, positions + indices


def write_gltf(folder: Path, **changes: Any) -> Path:
    document, data = gltf_parts()
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "parts" / "thing.bin").write_bytes(data)
    (folder / "skin colour.png").write_bytes(PNG)
    path = folder / "thing.gltf"
    path.write_text(json.dumps({**document, **changes}))
    return path


def glb_bytes(**changes: Any) -> bytes:
    document, data = gltf_parts()
    del document["buffers"][0]["uri"], document["images"], document["textures"]
    text = json.dumps({**document, **changes}).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def babylon_text(texture: str = "wood.jpg") -> str:
    mesh = {
        "name": "thing",
        "positions": [number for corner in CORNERS for number in corner],
        "indices": [index for face in FACES for index in face],
        "materialId": "m",
    }
    materials = [{"name": "m", "id": "m", "diffuseTexture": {"name": texture, "level": 1}}]
    return json.dumps({"meshes": [mesh], "materials": materials, "lights": [{}], "cameras": []})


def stl_ascii(solids: int = 2) -> str:
    facet = "facet normal 0 0 0\n outer loop\n{}endloop\nendfacet\n"
    corners = ["".join(f"  vertex {x} {y} {z}\n" for x, y, z in (CORNERS[i] for i in f)) for f in FACES]
    one = "".join(facet.format(text) for text in corners)
    return "".join(f"solid part{number}\n{one}endsolid part{number}\n" for number in range(solids))


def stl_binary(head: bytes = b"made by a test", declared: int = len(FACES)) -> bytes:
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(number for index in face for number in CORNERS[index]), 0)
        for face in FACES
    )
    return head.ljust(80, b"\0") + struct.pack("<I", declared) + body


def ply_bytes(
    points: np.ndarray,
    faces: list[tuple[int, ...]] | None = None,
    form: str = "ascii",
    colors: np.ndarray | None = None,
    extra: dict[str, np.ndarray] | None = None,
) -> bytes:
    """A PLY of (n, 3) float points with uint8 colours and float32 extra properties."""
    extra = extra or {}
    kind = {"f4": "float", "f8": "double", "i4": "int"}[points.dtype.str[1:]]
    head = ["ply", f"format {form} 1.0", "comment made by a test", f"element vertex {len(points)}"]
    head += [f"property {kind} {axis}" for axis in "xyz"]
    head += [f"property uchar {name}" for name in ("red", "green", "blue")] if colors is not None else []
    head += [f"property float {name}" for name in extra]
    if faces is not None:
        head += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    data = "\n".join([*head, "end_header\n"]).encode()
    order = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}[form]
    for place, point in enumerate(points):
        rest = [] if colors is None else list(colors[place])
        more = [column[place] for column in extra.values()]
        if form == "ascii":
            words = [repr(value.item()) for value in (*point, *rest, *more)]
            data += (" ".join(words) + "\n").encode()
        else:
            data += point.astype(order + points.dtype.str[1:]).tobytes() + bytes(rest)
            data += np.array(more, order + "f4").tobytes()
    for face in faces or []:
        if form == "ascii":
            data += (" ".join(map(str, (len(face), *face))) + "\n").encode()
        else:
            data += bytes([len(face)]) + np.array(face, order + "i4").tobytes()
    return data


def splat_ply_bytes(count: int = 3) -> bytes:
    names = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"]
    names += [f"scale_{i}" for i in range(3)] + [f"rot_{i}" for i in range(4)]
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {count}"]
    head += [f"property float {name}" for name in names]
    return "\n".join([*head, "end_header\n"]).encode() + np.zeros((count, len(names)), "<f4").tobytes()


def lzf_compress(data: bytes) -> bytes:
    """A plain LZF: greedy, with a table of the last place of each three bytes."""
    out, literals, seen, at = bytearray(), bytearray(), {}, 0

    def flush() -> None:
        for start in range(0, len(literals), 32):
            piece = literals[start : start + 32]
            out.append(len(piece) - 1)
            out.extend(piece)
        literals.clear()

    while at < len(data):
        key = data[at : at + 3]
        place = seen.get(key, -1)
        seen[key] = at
        back = at - place - 1
        if place < 0 or len(key) < 3 or back > 8191:
            literals.append(data[at])
            at += 1
            continue
        length = 3
        while length < 264 and at + length < len(data) and data[place + length] == data[at + length]:
            length += 1
        flush()
        code = length - 2
        out.append((min(code, 7) << 5) | (back >> 8))
        if code >= 7:
            out.append(code - 7)
        out.append(back & 255)
        at += length
    flush()
    return bytes(out)


def pcd_bytes(columns: dict[str, np.ndarray], form: str = "ascii", points: int | None = None) -> bytes:
    """A PCD of one-number fields, in the order of `columns`."""
    count = len(next(iter(columns.values())))
    kinds = {"f": "F", "u": "U", "i": "I"}
    head = [
        "# .PCD v0.7",
        "VERSION 0.7",
        "FIELDS " + " ".join(columns),
        "SIZE " + " ".join(str(column.dtype.itemsize) for column in columns.values()),
        "TYPE " + " ".join(kinds[column.dtype.kind] for column in columns.values()),
        "COUNT " + " ".join("1" for _ in columns),
        f"WIDTH {count}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {count if points is None else points}",
        f"DATA {form}\n",
    ]
    data = "\n".join(head).encode()
    if form == "ascii":
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return data + "".join(" ".join(map(repr, row)) + "\n" for row in rows).encode()
    if form == "binary":
        packed = np.rec.fromarrays(list(columns.values()))
        return data + packed.tobytes()
    raw = b"".join(column.tobytes() for column in columns.values())
    small = lzf_compress(raw)
    return data + struct.pack("<II", len(small), len(raw)) + small


def every_file(folder: Path) -> dict[str, Path]:
    """One good file of every format, by format."""
    points = np.array(CORNERS, "<f4")
    paths = {"obj": write_obj(folder), "gltf": write_gltf(folder)}
    contents: dict[str, bytes | str] = {
        "glb": glb_bytes(),
        "babylon": babylon_text(),
        "stl": stl_binary(),
        "pts.json": json.dumps([[0, 0, 0], [1, 2, 3]]),
        "ply": ply_bytes(points, FACES),
        "pcd": pcd_bytes({axis: points[:, i] for i, axis in enumerate("xyz")}),
        "splat": bytes(64),
    }
    (folder / "wood.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    for name, content in contents.items():
        paths[name] = folder / f"thing.{name}"
        paths[name].write_bytes(content.encode() if isinstance(content, str) else content)
    return paths
