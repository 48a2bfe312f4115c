"""What the store keeps of a three-dimensional thing."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef

Up = Literal["x", "y", "z", "-x", "-y", "-z"]


class CloudColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a point cloud. name: "position" (3 components), "color" (3), "category" (1) or "value"
    (1; intensity and such). dtype: "<f4", "<f8", "|u1", "<u2", "<i4" ... little-endian numpy names.

    scale: what a colour is multiplied with to be 0..255 (255 for colours logged as 0..1).
    low, high: the least and the greatest finite number of a one-component column; None if there is none.
    out_of_range: how many numbers of a colour are drawn clipped.
    """

    name: str
    dtype: str
    components: int
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    out_of_range: int = 0


class PointCloud(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points as binary columns in a progressive order: the first k points, for any k, are a fair sample.

    blob: pages of `page_points` points each, the last one shorter. With point_bytes = the sum over `columns`
    of components x bytes of the dtype, page p starts at byte p x page_points x point_bytes and holds
    m = min(page_points, count - p x page_points) points. In a page the columns follow one another in the
    order of `columns`, each as m x components little-endian numbers, row-major, without padding. Columns with
    wider numbers come first, so that each column starts at a multiple of its number's size. The first pages,
    fetched by an HTTP range, are a fair sample of the whole cloud.

    order: how the points were shuffled. "logged": not at all. "scatter": the i-th stored point is the i-th
    logged index in scatter(0), scatter(1), ... when numbers >= count are passed over, where scatter is the
    bijection of b-bit numbers (2**b the least power of two >= count, at least 2) in media/object3d/order.py.

    shape, dtype: of the array as it was logged (its columns side by side), else None. low, high: the box
    around the points whose coordinates are all finite (zeros if there are none). non_finite: how many points
    have a NaN or infinite coordinate. class_labels: names of categories. class_counts: category -> points,
    when there are at most 1,000 categories. class_colors: category -> "#rrggbb", where one was given.
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
    class_labels: dict[int, str] = msgspec.field(default_factory=dict)
    class_counts: dict[int, int] = msgspec.field(default_factory=dict)
    class_colors: dict[int, str] = msgspec.field(default_factory=dict)


class Box3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A box by its 8 corners, in the order in which they were logged (NaN included). color: RGB 0..255.

    order: which corners are (-,-,-), (-,-,+), (-,+,-), (-,+,+), (+,-,-), (+,-,+), (+,+,-), (+,+,+) along the
    box's own three edges, that is itertools.product((-1, 1), repeat=3); None: they are in this order already.
    Two corners are joined by an edge when their places in this order differ in one bit. extra: other keys
    that the box had.
    """

    corners: list[tuple[float, float, float]]
    label: str | None = None
    score: float | None = None
    color: tuple[float, float, float] | None = None
    order: list[int] | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Vector3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An arrow. color: RGB 0..255."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    color: tuple[float, float, float] | None = None
    label: str | None = None


class Camera3D(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to look from. fov_degrees: vertical field of view."""

    position: tuple[float, float, float]
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    up: tuple[float, float, float] | None = None
    fov_degrees: float | None = None
    label: str | None = None


class Object3DRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="object3d"):
    """A model file, a point cloud with or without boxes, vectors and cameras, or a Gaussian splat.

    form: what a viewer draws. "model": blob is a file of `format` (obj, gltf, glb, babylon, stl) and files
    are its companions by the relative name that the file calls them (gltf's .bin and textures, obj's .mtl and
    textures); missing: companions that it names and that were not there. "cloud": `cloud` holds the points,
    if they could be read. "mesh": `cloud` holds the vertices and `faces` the triangles (uint32,
    little-endian, n x 3, indices into the vertices in logged order); the cloud's order is "logged" then.
    "splat": blob is a .splat, or a .ply of Gaussian splats.

    blob: the file as it was given, byte for byte; None for arrays. format: its type, or "array". name: of the
    file. up: the axis that points up, as the format defines it or the user says. is_right_handed: the
    coordinate system of the numbers. vertex_count: vertices, points or splats. counts: more of what is in
    the file (meshes, materials, textures, animations, solids ...). point_cloud_type: W&B's name of the scene.
    note: what is wrong with it.
    """

    form: Literal["model", "cloud", "mesh", "splat"]
    format: str
    blob: BlobRef | None = None
    name: str | None = None
    files: dict[str, BlobRef] = msgspec.field(default_factory=dict)
    missing: list[str] = msgspec.field(default_factory=list)
    cloud: PointCloud | None = None
    faces: BlobRef | None = None
    boxes: list[Box3D] = msgspec.field(default_factory=list)
    vectors: list[Vector3D] = msgspec.field(default_factory=list)
    cameras: list[Camera3D] = msgspec.field(default_factory=list)
    up: Up = "y"
    is_right_handed: bool = True
    vertex_count: int | None = None
    triangle_count: int | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    point_cloud_type: str | None = None
    note: str | None = None
