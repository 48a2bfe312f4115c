"""Three-dimensional things: models, point clouds, scenes, splats."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, PutBlob, Snapshot
from diorama.media.object3d_record import Object3DRecord


class Object3D(Media):
    """To be written."""

    KIND = "object3d"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def box3d(**options: Any) -> dict[str, Any]:
    raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> Object3DRecord:
    raise NotImplementedError


def decode(record: Object3DRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="object3d", cls=Object3D, record=Object3DRecord, encode=encode, decode=decode)
