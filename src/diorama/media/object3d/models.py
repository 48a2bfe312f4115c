"""Counts of obj, stl, gltf, glb and babylon files. Runs in a worker process.

These formats are drawn by the viewer from the file itself; here they are only counted and checked, so that a
page can say what is in a file, and what is wrong with it, without opening it.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any

NOTES_LIMIT = 3
_NODES_LIMIT = 1_000_000
_STL_HEAD_BYTES, _STL_TRIANGLE_BYTES = 84, 50
_OBJ_LINE = re.compile(rb"^[ \t]*(v|f|o|g|usemtl)[ \t]+([^\r\n]*)", re.M)
_STL_FACET = re.compile(rb"^[ \t]*facet\b", re.M | re.I)
_STL_SOLID = re.compile(rb"^[ \t]*solid\b", re.M | re.I)
_STL_VERTEX = re.compile(rb"^[ \t]*vertex\b", re.M | re.I)
_COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}


def obj_facts(data: memoryview) -> dict[str, Any]:
    """Vertices, and triangles when each face is cut into a fan."""
    vertices = triangles = degenerate = 0
    objects, materials = set(), set()
    text = bytes(data).replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    for found in _OBJ_LINE.finditer(text):
        word = found[1]
        if word == b"v":
            vertices += 1
        elif word == b"f":
            corners = len(found[2].partition(b"#")[0].split())
            triangles += max(0, corners - 2)
            degenerate += corners < 3
        elif word == b"usemtl":
            materials.add(found[2].strip())
        elif word == b"o":
            objects.add(found[2].strip())
    note = None
    if not vertices:
        note = "it has no vertices"
    elif degenerate:
        note = f"{degenerate} faces have fewer than three corners"
    return {
        "vertex_count": vertices,
        "triangle_count": triangles,
        "counts": {"objects": len(objects), "materials": len(materials)},
        "note": note,
    }


def stl_facts(data: memoryview) -> dict[str, Any]:
    """Of a binary or an ASCII file, which may hold many solids. A binary one may begin with "solid", too."""
    size = len(data)
    declared = int.from_bytes(data[80:84], "little") if size >= _STL_HEAD_BYTES else 0
    is_exact = size == _STL_HEAD_BYTES + declared * _STL_TRIANGLE_BYTES
    head = bytes(data[:1024]).lstrip().lower()
    if not is_exact and head.startswith(b"solid"):
        text = bytes(data)
        facets = len(_STL_FACET.findall(text))
        vertices = len(_STL_VERTEX.findall(text))
        if facets or b"endsolid" in text.lower():
            note = f"{facets} facets have {vertices} vertices" if vertices != 3 * facets else None
            solids = len(_STL_SOLID.findall(text))
            return _stl(facets, solids, "it has no facets" if not facets else note)
    if size < _STL_HEAD_BYTES:
        raise ValueError("it is neither an ASCII nor a binary STL")
    held = (size - _STL_HEAD_BYTES) // _STL_TRIANGLE_BYTES
    note = None if declared <= held else f"it says {declared} triangles, but it holds {held}"
    if not declared:
        note = "it has no triangles"
    return _stl(min(declared, held), 1, note)


def _stl(triangles: int, solids: int, note: str | None) -> dict[str, Any]:
    counts = {"solids": solids}
    return {
        "vertex_count": 3 * triangles,
        "triangle_count": triangles,
        "counts": counts,
        "note": note,
    }


def glb_facts(data: memoryview, files: Mapping[str, int]) -> dict[str, Any]:
    if len(data) < 20 or bytes(data[:4]) != b"glTF":
        raise ValueError("it does not begin as a GLB file does")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise ValueError(f"it is of version {version}; only version 2 is known")
    notes = [] if length <= len(data) else [f"it says {length} bytes, but it has {len(data)}"]
    chunks: dict[bytes, memoryview] = {}
    offset = 12
    while offset + 8 <= len(data):
        size, name = struct.unpack_from("<I4s", data, offset)
        if offset + 8 + size > len(data):
            notes.append("its last chunk is cut off")
        chunks.setdefault(name, data[offset + 8 : offset + 8 + size])
        offset += 8 + size
    if b"JSON" not in chunks:
        raise ValueError("it has no JSON chunk")
    return _gltf(_object(chunks[b"JSON"]), files, len(chunks.get(b"BIN\0", b"")), notes)


def gltf_facts(data: memoryview, files: Mapping[str, int]) -> dict[str, Any]:
    return _gltf(_object(data), files, None, [])


def _object(data: memoryview) -> dict[str, Any]:
    document = json.loads(bytes(data).rstrip(b"\0 "))
    if not isinstance(document, dict):
        raise ValueError("its JSON is no object")
    return document


def _gltf(
    document: dict[str, Any], files: Mapping[str, int], bin_bytes: int | None, notes: list[str]
) -> dict[str, Any]:
    if not isinstance(document.get("asset"), dict):
        notes.append("it has no 'asset', so it may be no glTF 2.0")
    accessors = _list(document, "accessors")
    notes += _gltf_bounds(document, accessors, files, bin_bytes)
    notes += _gltf_cycles(_list(document, "nodes"))
    seen: set[int] = set()
    triangles = 0
    for mesh in _list(document, "meshes"):
        for primitive in _list(mesh, "primitives"):
            position = _map(primitive, "attributes").get("POSITION")
            corners = primitive.get("indices", position)
            if isinstance(position, int) and _is_index(position, accessors):
                seen.add(position)
            if _is_index(corners, accessors):
                triangles += _triangles(primitive.get("mode", 4), _count(accessors[corners]))
    counts = {name: len(_list(document, name)) for name in ("meshes", "nodes", "materials", "animations")}
    counts["textures"] = len(_list(document, "images"))
    return {
        "vertex_count": sum(_count(accessors[index]) for index in seen),
        "triangle_count": triangles,
        "counts": counts,
        "note": "; ".join(notes[:NOTES_LIMIT]) or None,
    }


def _gltf_bounds(
    document: dict[str, Any], accessors: list[Any], files: Mapping[str, int], bin_bytes: int | None
) -> list[str]:
    """Parts that point behind the end of a file: a viewer would read foreign memory, or ask for too much."""
    notes = []
    buffers, views = _list(document, "buffers"), _list(document, "bufferViews")
    for place, buffer in enumerate(buffers):
        uri, said = buffer.get("uri"), _count(buffer, "byteLength")
        held = files.get(uri) if isinstance(uri, str) else bin_bytes
        if isinstance(uri, str) and uri.startswith("data:"):
            held = (len(uri) - uri.find(",") - 1) * 3 // 4
        if held is not None and held < said:
            notes.append(f"buffer {place} says {said} bytes, but there are {held}")
    for place, view in enumerate(views):
        buffer = view.get("buffer")
        size = _count(buffers[buffer], "byteLength") if _is_index(buffer, buffers) else 0
        if _count(view, "byteOffset") + _count(view, "byteLength") > size:
            notes.append(f"bufferView {place} reaches past the end of its buffer")
    for place, accessor in enumerate(accessors):
        view = accessor.get("bufferView")
        if view is None:
            continue
        item_bytes = _COMPONENT_BYTES.get(accessor.get("componentType"), 1) * _COMPONENTS.get(
            accessor.get("type"), 1
        )
        if not _is_index(view, views):
            notes.append(f"accessor {place} has no bufferView {view!r}"[:200])
            continue
        stride = _count(views[view], "byteStride") or item_bytes
        needed = _count(accessor, "byteOffset") + stride * (_count(accessor) - 1) + item_bytes
        if _count(accessor) and needed > _count(views[view], "byteLength"):
            notes.append(f"accessor {place} reaches past the end of its bufferView")
    return notes


def _gltf_cycles(nodes: list[Any]) -> list[str]:
    """A note if a node is its own descendant: whoever walks the tree would walk for ever."""
    parents = [0] * len(nodes)
    for node in nodes[:_NODES_LIMIT]:
        for child in node.get("children") or ():
            if _is_index(child, nodes):
                parents[child] += 1
    free = [place for place, count in enumerate(parents) if not count]
    reached = 0
    while free:
        reached += 1
        for child in nodes[free.pop()].get("children") or ():
            if _is_index(child, nodes):
                parents[child] -= 1
                if not parents[child]:
                    free.append(child)
    return [] if reached == len(nodes) else ["its nodes go round in a circle"]


def babylon_facts(data: memoryview) -> dict[str, Any]:
    document = _object(data)
    meshes = _list(document, "meshes")
    shapes = [*meshes, *_list(_map(document, "geometries"), "vertexData")]
    vertices = sum(len(_list_of_any(shape, "positions")) for shape in shapes) // 3
    corners = sum(len(_list_of_any(shape, "indices")) for shape in shapes)
    counts = {name: len(_list(document, name)) for name in ("meshes", "materials", "lights", "cameras")}
    counts["skeletons"] = len(_list(document, "skeletons"))
    return {
        "vertex_count": vertices,
        "triangle_count": corners // 3,
        "counts": counts,
        "note": None if meshes else "it has no meshes",
    }


def _list(parent: Any, name: str) -> list[Any]:
    """A list of objects, whatever the file says; what is no object is an empty one."""
    return [each if isinstance(each, dict) else {} for each in _list_of_any(parent, name)]


def _list_of_any(parent: Any, name: str) -> list[Any]:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, list) else []


def _map(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _count(parent: dict[str, Any], name: str = "count") -> int:
    value = parent.get(name, 0)
    return value if isinstance(value, int) and value >= 0 else 0


def _is_index(value: Any, items: list[Any]) -> bool:
    return isinstance(value, int) and 0 <= value < len(items)


def _triangles(mode: Any, corners: int) -> int:
    if mode == 4:
        return corners // 3
    return max(0, corners - 2) if mode in (5, 6) else 0
