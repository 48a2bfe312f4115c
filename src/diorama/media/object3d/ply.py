"""PLY files: meshes, clouds and Gaussian splats, ASCII and binary. Runs in a worker process.

A PLY is a header that declares elements (so many vertices, so many faces, each with typed properties, some of
them lists) and then their values, as text or as packed numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diorama.media.object3d.ply_read import Element, Ragged, read_elements, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPLAT_PROPERTIES = {"f_dc_0", "scale_0", "rot_0", "opacity"}
_COLORS = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
)
_CATEGORIES = ("label", "class", "classification", "category", "semantic")
_VALUES = ("intensity", "reflectance", "remission", "value", "quality", "confidence")
"""In the order of preference; CloudCompare writes them with "scalar_" in front."""


def ply_facts(data: memoryview) -> dict[str, Any]:
    byte_order, elements, start = read_header(data)
    by_name = {each.name: each for each in elements}
    vertex = by_name.get("vertex")
    if vertex is None:
        raise ValueError("it has no element 'vertex'")
    names = {each.name for each in vertex.properties}
    if names >= _SPLAT_PROPERTIES or ("chunk" in by_name and "packed_position" in names):
        return {"form": "splat", "vertex_count": vertex.count, "note": _splat_note(data, elements, start)}
    if not {"x", "y", "z"} <= names:
        raise ValueError("its vertices have no x, y and z")
    notes: list[str] = []
    values: dict[str, dict[str, Any]] = {}
    for element, properties, held in read_elements(data, elements, start, byte_order):
        values.setdefault(element.name, properties)
        if held < element.count:
            notes.append(f"it says {element.count} of {element.name!r}, but it holds {held}")
    columns = _columns(values.get("vertex", {}))
    if not columns:
        raise ValueError(notes[0] if notes else "it holds no vertices")
    count = columns[0]["data"].shape[0]
    faces = _faces(values.get("face", {}), count, notes)
    for column in columns:
        column |= {"components": column["data"].shape[1], "data": column["data"].tobytes()}
    return {
        "form": "cloud" if faces is None else "mesh",
        "columns": columns,
        "faces": None if faces is None else faces.tobytes(),
        "vertex_count": count,
        "triangle_count": None if faces is None else len(faces),
        "note": "; ".join(notes) or None,
    }


def _splat_note(data: memoryview, elements: list[Element], start: int) -> str | None:
    import numpy as np

    needed = sum(
        each.count * sum(np.dtype(one.dtype).itemsize for one in each.properties)
        for each in elements
        if not each.has_lists
    )
    held = len(data) - start
    return f"its splats take {needed} bytes, but it holds {held}" if held < needed else None


def _columns(vertex: dict[str, Any]) -> list[dict[str, Any]]:
    """Positions, and a colour, a category and a value where the names of properties say so."""
    import numpy as np

    def together(names: tuple[str, ...]) -> NDArray[Any]:
        kind = np.result_type(*(vertex[name].dtype for name in names)).newbyteorder("<")
        return np.stack([vertex[name] for name in names], axis=1).astype(kind)

    vertex = {name: column for name, column in vertex.items() if not isinstance(column, Ragged)}
    if not {"x", "y", "z"} <= set(vertex):
        return []
    found: list[tuple[str, tuple[str, ...]]] = [("position", ("x", "y", "z"))]
    found += [("color", names) for names in _COLORS if set(names) <= set(vertex)][:1]
    by_plain_name = {name.lower().removeprefix("scalar_"): name for name in vertex}
    for column, wanted in (("category", _CATEGORIES), ("value", _VALUES)):
        found += [(column, (by_plain_name[name],)) for name in wanted if name in by_plain_name][:1]
    columns = [(name, together(names)) for name, names in found]
    return [{"name": name, "dtype": data.dtype.str, "data": data} for name, data in columns]


def _faces(face: dict[str, Any], vertices: int, notes: list[str]) -> NDArray[Any] | None:
    """Triangles as (n, 3) uint32: each polygon cut into a fan. None if there are no faces."""
    import numpy as np

    lists = next((face[name] for name in ("vertex_indices", "vertex_index") if name in face), None)
    if not isinstance(lists, Ragged) or not len(lists.lengths):
        return None
    indices = lists.items.astype(np.int64)
    fans = np.maximum(lists.lengths - 2, 0)
    first = np.repeat(np.cumsum(lists.lengths) - lists.lengths, fans)
    within = np.arange(int(fans.sum())) - np.repeat(np.cumsum(fans) - fans, fans)
    if not len(first):
        notes.append("its faces have fewer than three corners")
        return np.empty((0, 3), np.uint32)
    corners = np.stack([first, first + within + 1, first + within + 2], axis=1)
    triangles = indices[corners]
    is_good = ((triangles >= 0) & (triangles < vertices)).all(axis=1)
    if not is_good.all():
        bad = len(triangles) - int(np.count_nonzero(is_good))
        notes.append(f"{bad} triangles name vertices that are not there")
        triangles = triangles[is_good]
    named: NDArray[Any] = triangles.astype("<u4")
    return named
