"""Three-dimensional things: models, point clouds, scenes, splats."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.warn import warn_user
from diorama.media.image.overlays.layers import Classes, class_labels_from
from diorama.media.object3d.files import (
    FORMATS,
    ModelFile,
    checked_companions,
    model_from_bytes,
    model_from_path,
    model_from_stream,
)
from diorama.media.object3d.foreign import unpack_foreign
from diorama.media.object3d.points import Faces, Points, faces_from, points_from
from diorama.media.object3d.record import Up
from diorama.media.object3d.scene import boxes_from, cameras_from, vectors_from
from diorama.model import clean_text

POINT_CLOUD_TYPES = ("lidar/beta",)
_SCENE_KEYS = frozenset(("type", "points", "boxes", "vectors", "camera", "cameras"))


class Object3D(Media):
    """A 3D model, a point cloud, a scene of points, boxes and vectors, or a Gaussian splat to log.

    Accepts as `data_or_path`:
    * an array or tensor of real numbers, or nested lists: (n, 3) x y z; (n, 4) x y z and a category or a
      value; (n, 6) x y z and red, green, blue. NaN and infinite coordinates are kept, and not drawn;
    * a dict {"type": "lidar/beta", "points", "boxes", "vectors", "camera"}, each key optional;
    * the path of an obj, gltf, glb, babylon, stl, pts.json, ply, pcd or splat, kept byte for byte, with the
      materials, textures and buffers that it names and that lie in its folder;
    * an open file or stream, or bytes, of such a file, with `file_type`;
    * a trimesh Trimesh, Scene or PointCloud.

    `faces`: (m, 3) integers, the points that each triangle joins; the points are the vertices of a mesh then.
    `caption`, `sample_id`: text. `file_type`: one of the types above. `boxes`, `vectors`, `cameras`: see
    `from_point_cloud`. `class_labels`: {category: name}, or as `Classes`; any whole numbers are categories
    then. `fourth`: what the fourth column is, "category" or "value"; without it whole numbers from 0 to 14
    are categories.
    `files`: {name: path or bytes} of companions that lie elsewhere. `up`: the axis that points up, "x", "y",
    "z", "-x", "-y" or "-z"; `is_right_handed`: of the coordinates; without them what the format says.

    Colours are 0..255; 0..1 if none is over 1; 16-bit if they are uint16 or most are over 255. What lies
    beyond is clipped and counted.

    Raises: ValueError for other shapes, file types, URLs, folders, empty files and wrong boxes; TypeError for
    points that are no real numbers; FileNotFoundError. A file that is broken inside is kept all the same.

    >>> Object3D([[0, 0, 0], [1, 2, 3]], caption="two points")
    Object3D(2 points, caption='two points')
    """

    KIND = "object3d"
    SUPPORTED_TYPES = frozenset(FORMATS)
    SUPPORTED_POINT_CLOUD_TYPES = frozenset(POINT_CLOUD_TYPES)

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        *,
        file_type: str | None = None,
        sample_id: str | None = None,
        faces: Any = None,
        boxes: Any = None,
        vectors: Any = None,
        cameras: Any = None,
        class_labels: Mapping[int, str] | Classes | Sequence[Mapping[str, Any]] | None = None,
        fourth: Literal["category", "value"] | None = None,
        files: Mapping[str, Any] | None = None,
        up: Up | None = None,
        is_right_handed: bool | None = None,
    ) -> None:
        if fourth not in (None, "category", "value"):
            raise ValueError(f"fourth must be 'category' or 'value', not {fourth!r}")
        if up not in (None, *get_args(Up)):
            raise ValueError(f"up must be one of {', '.join(get_args(Up))}, not {up!r}")
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self._points: Points | None = None
        self._model: ModelFile | None = None
        self._boxes, self._vectors = boxes_from(boxes), vectors_from(vectors)
        self._cameras = cameras_from(cameras)
        classes = class_labels_from(class_labels, "Object3D")
        self._options = {
            "class_labels": classes.names,
            "class_colors": classes.colors,
            "fourth": fourth,
            "up": up,
            "is_right_handed": None if is_right_handed is None else bool(is_right_handed),
            "point_cloud_type": None,
        }
        companions = checked_companions(files)
        data_or_path, foreign_type = unpack_foreign(data_or_path)
        file_type = foreign_type or file_type
        if isinstance(data_or_path, Mapping):
            self._take_scene(data_or_path)
        elif isinstance(data_or_path, (bytes, bytearray, memoryview)):
            self._model = model_from_bytes(data_or_path, file_type, companions)
        elif isinstance(data_or_path, (str, os.PathLike)):
            self._model = model_from_path(data_or_path, file_type, companions)
        elif hasattr(data_or_path, "read"):
            self._model = model_from_stream(data_or_path, file_type, companions)
        else:
            self._points = points_from(data_or_path)
        self._faces: Faces | None = None
        if faces is not None:
            if self._points is None:
                raise ValueError("faces need points that they join; a file has faces of its own")
            self._faces = faces_from(faces, self._points.shape[0])

    def _take_scene(self, scene: Mapping[str, Any]) -> None:
        scene_type = scene.get("type", POINT_CLOUD_TYPES[0])
        _check_point_cloud_type(scene_type)
        unknown = sorted(str(key) for key in scene if key not in _SCENE_KEYS)
        if unknown:
            warn_user(f"a scene has no {unknown}, which are not kept; it has {sorted(_SCENE_KEYS)}")
        points = scene.get("points")
        self._points = points_from([] if points is None else points)
        self._boxes += boxes_from(scene.get("boxes"))
        self._vectors += vectors_from(scene.get("vectors"))
        self._cameras += cameras_from(scene.get("cameras")) + cameras_from(scene.get("camera"))
        self._options["point_cloud_type"] = scene_type

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None, **options: Any) -> Object3D:
        """Of a file or stream; `file_type` is needed for streams. Options as for `Object3D`."""
        return cls(data_or_path, file_type=file_type, **options)

    @classmethod
    def from_numpy(cls, data: Any, **options: Any) -> Object3D:
        """Of an (n, 3), (n, 4) or (n, 6) array. Options as for `Object3D`."""
        return cls(data, **options)

    @classmethod
    def from_mesh(cls, vertices: Any, faces: Any, **options: Any) -> Object3D:
        """Of vertices, as points are given (with colours, say), and triangles. Options as for `Object3D`."""
        return cls(vertices, faces=faces, **options)

    @classmethod
    def from_point_cloud(
        cls,
        points: Any,
        boxes: Any = (),
        vectors: Any = None,
        point_cloud_type: str = "lidar/beta",
        cameras: Any = None,
        **options: Any,
    ) -> Object3D:
        """Of points with boxes, vectors and cameras. Options as for `Object3D`.

        boxes: dicts {"corners": 8 points in any order, "label"?, "score"?, "color"?}, as `box3d()` makes.
        vectors: dicts {"start", "end", "color"?, "label"?}.
        cameras: dicts {"position", "target"?, "up"?, "fov_degrees"?, "label"?}.
        """
        _check_point_cloud_type(point_cloud_type)
        scene = {"type": point_cloud_type, "points": points, "boxes": boxes, "vectors": vectors}
        return cls({**scene, "cameras": cameras}, **options)

    def snapshot(self) -> Snapshot:
        header: dict[str, Any] = {
            "caption": self.caption,
            "sample_id": self.sample_id,
            "boxes": _plain(self._boxes),
            "vectors": _plain(self._vectors),
            "cameras": _plain(self._cameras),
            **self._options,
        }
        if self._model is None:
            assert self._points is not None
            header["points"] = self._points.header
            if self._faces is None:
                return Snapshot(self.KIND, header, (self._points.kept,))
            header["faces"] = self._faces.header
            return Snapshot(self.KIND, header, (self._points.kept, self._faces.kept))
        model = self._model
        header |= {"format": model.format, "name": model.name, "missing": model.missing}
        header["files"] = list(model.files)
        return Snapshot(self.KIND, header, (model.kept, *model.files.values()))

    def __repr__(self) -> str:
        if self._points is not None:
            return f"Object3D({self._points.shape[0]} points, caption={self.caption!r})"
        assert self._model is not None
        return f"Object3D({self._model.name or self._model.format!r}, caption={self.caption!r})"


def _plain(structs: list[Any]) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(structs)) if structs else []


def _check_point_cloud_type(name: Any) -> None:
    if name not in POINT_CLOUD_TYPES:
        raise ValueError(f"Type not supported, only 'lidar/beta' is currently supported, not {name!r}")
