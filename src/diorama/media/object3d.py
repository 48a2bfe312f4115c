"""Three-dimensional things: models, point clouds, scenes, splats."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class CloudColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a point cloud. name: "position" (3 components), "color" (3, 0..255), "category" (1) or
    "value" (1; intensity and such). dtype: "<f4", "<f8", "|u1", "<u2", "<i4" ... little-endian numpy names."""

    name: str
    dtype: str
    components: int


class PointCloud(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points as binary columns in a progressive order: the first k points, for any k, are a fair sample.

    blob: pages of `page_points` points (the last one shorter); in a page the columns follow one another, each
    row-major, without padding. order: how the points were shuffled, so that reading back restores the
    order that they were logged in. shape, dtype: of the array as it was logged. low, high: the box around
    all finite positions. non_finite: how many points have a NaN or infinite coordinate.
    """

    blob: BlobRef
    count: int
    page_points: int
    columns: list[CloudColumn]
    order: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    shape: list[int] | None = None
    dtype: str | None = None
    non_finite: int = 0


class Box3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A box by its 8 corners, in the order of itertools.product((-1, 1), repeat=3). color: RGB 0..255."""

    corners: list[tuple[float, float, float]]
    label: str | None = None
    score: float | None = None
    color: tuple[float, float, float] | None = None


class Vector3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An arrow. color: RGB 0..255."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    color: tuple[float, float, float] | None = None


class Camera3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to look from. fov_degrees: vertical field of view."""

    position: tuple[float, float, float]
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    up: tuple[float, float, float] | None = None
    fov_degrees: float | None = None
    label: str | None = None


class Object3DRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="object3d"):
    """A model file, a point cloud with or without boxes, vectors and cameras, or a Gaussian splat.

    form: what a viewer draws. "model": blob is a file of `format` (obj, gltf, glb, babylon, stl) and files are
    its companions by the relative name that the file calls them (gltf's .bin and textures, obj's .mtl and
    textures). "cloud": `cloud` holds the points. "mesh": `cloud` holds the vertices and `faces` the triangles
    (uint32, little-endian, n x 3, indices into the vertices in logged order); `cloud` is in logged order then.
    "splat": blob is a .splat, or a .ply of Gaussian splats.
    blob: the file as it was given, byte for byte; None for arrays. format: its type, or "array".
    up: the axis that points up, as the format defines it or the user says. is_right_handed: the
    coordinate system of the numbers.
    """

    form: Literal["model", "cloud", "mesh", "splat"]
    format: str
    blob: BlobRef | None = None
    name: str | None = None
    files: dict[str, BlobRef] = {}
    cloud: PointCloud | None = None
    faces: BlobRef | None = None
    boxes: list[Box3D] = []
    vectors: list[Vector3D] = []
    cameras: list[Camera3D] = []
    up: Literal["x", "y", "z"] = "y"
    is_right_handed: bool = True
    vertex_count: int | None = None
    triangle_count: int | None = None
    note: str | None = None


class Object3D(Media):
    """To be written."""

    KIND = "object3d"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def box3d(**options: Any) -> Box3D:
    raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> Object3DRecord:
    raise NotImplementedError


def decode(record: Object3DRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="object3d", cls=Object3D, record=Object3DRecord, encode=encode, decode=decode)
