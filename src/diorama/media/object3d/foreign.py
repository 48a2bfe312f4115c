"""Meshes, scenes and clouds of trimesh, recognised by class name without importing it."""

from __future__ import annotations

from typing import Any

from diorama.media.core.foreign import array_from

_MODELS = frozenset(("trimesh.base.Trimesh", "trimesh.scene.scene.Scene"))
_CLOUDS = frozenset(("trimesh.points.PointCloud",))
ADOPTS = tuple(sorted(_MODELS | _CLOUDS))


def unpack_foreign(value: Any) -> tuple[Any, str | None]:
    """(what Object3D takes, its file type) of a foreign object; any other value comes back as it is.

    Meshes and scenes are written as glb, which keeps their materials and textures.
    """
    for base in type(value).__mro__:
        name = f"{base.__module__}.{base.__qualname__}"
        if name in _MODELS:
            return bytes(value.export(file_type="glb")), "glb"
        if name in _CLOUDS:
            return _points_with_colors(value), None
    return value, None


def _points_with_colors(cloud: Any) -> Any:
    import numpy as np

    points, colors = array_from(cloud.vertices), array_from(cloud.colors)
    has_colors = colors.ndim == 2 and len(colors) == len(points) and colors.shape[1] >= 3
    return np.column_stack([points, colors[:, :3]]) if has_colors else points
