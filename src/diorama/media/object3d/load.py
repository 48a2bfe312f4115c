"""From the record of a 3D object back to what was logged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import GetBlob
from diorama.media.object3d.cloud import load_cloud
from diorama.media.object3d.record import Object3DRecord
from diorama.media.object3d.scene import boxes_as_given, cameras_as_given, vectors_as_given

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LoadedObject3D:
    """A 3D object read back. Bytes are read when they are first asked for.

    points: of an array, as it was logged: shape, dtype, order. Of a pts.json, ply or pcd: (n, 3) positions,
    or (n, 4) or (n, 6) with its category, value or colour. None for other files.
    columns: "position", "color", "category", "value", each (n, components). faces: (n, 3) uint32 of a mesh.
    boxes, vectors, cameras: dicts as they are logged; colours are 0..255.
    file: the bytes of the file; files: of its companions, by the name that the file calls them.
    """

    def __init__(self, record: Object3DRecord, get_blob: GetBlob) -> None:
        self.caption = record.caption
        self.boxes = boxes_as_given(record.boxes)
        self.vectors = vectors_as_given(record.vectors)
        self.cameras = cameras_as_given(record.cameras)
        self.class_labels = dict(record.cloud.class_labels) if record.cloud else {}
        self._record = record
        self._get_blob = get_blob

    @cached_property
    def _cloud(self) -> tuple[NDArray[Any] | None, dict[str, NDArray[Any]]]:
        return (None, {}) if self._record.cloud is None else load_cloud(self._record.cloud, self._get_blob)

    @property
    def points(self) -> NDArray[Any] | None:
        return self._cloud[0]

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        return self._cloud[1]

    @cached_property
    def faces(self) -> NDArray[Any] | None:
        import numpy as np

        faces = self._record.faces
        return None if faces is None else np.frombuffer(self._get_blob(faces), "<u4").reshape(-1, 3)

    @cached_property
    def file(self) -> bytes | None:
        return None if self._record.blob is None else self._get_blob(self._record.blob)

    @cached_property
    def files(self) -> dict[str, bytes]:
        return {name: self._get_blob(blob) for name, blob in self._record.files.items()}


def decode(record: Object3DRecord, get_blob: GetBlob) -> LoadedObject3D:
    """The points, boxes and files of a record."""
    return LoadedObject3D(record, get_blob)
