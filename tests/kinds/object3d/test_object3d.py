"""Points, scenes and boxes come back as they were logged, and any prefix of a cloud is a fair sample."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from typing import Any

import model_files as made
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diorama.media import Object3D, adopt, record_warnings
from diorama.media.core.base import Snapshot
from diorama.media.object3d.cloud import PAGE_POINTS
from diorama.media.object3d.load import decode
from diorama.media.object3d.order import scatter, scatter_bits, scattered_indices
from diorama.model import BlobRef

DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
UNIT_BOX = list(itertools.product((0.0, 1.0), repeat=3))


def points_of(trip, *arguments: Any, **options: Any) -> np.ndarray:
    return trip(Object3D(*arguments, **options)).loaded.points


@st.composite
def point_arrays(draw: Any) -> np.ndarray:
    dtype = np.dtype(draw(st.sampled_from(DTYPES))).newbyteorder(draw(st.sampled_from("<>")))
    shape = (draw(st.integers(0, 40)), draw(st.sampled_from([3, 4, 6])))
    return draw(arrays(dtype, shape))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(points=point_arrays())
def test_any_array_comes_back(trip, points: np.ndarray) -> None:
    logged = points.copy()
    media = Object3D(points)
    points[...] = 0
    done = trip(media)
    assert done.loaded.points.dtype == logged.dtype
    np.testing.assert_array_equal(done.loaded.points, logged)
    cloud = done.record.cloud
    assert (cloud.count, cloud.shape, done.record.vertex_count) == (
        len(logged),
        list(logged.shape),
        len(logged),
    )
    finite = logged[:, :3][np.isfinite(logged[:, :3]).all(axis=1)]
    assert cloud.non_finite == len(logged) - len(finite)
    if len(finite):
        assert cloud.low == tuple(finite.min(axis=0).astype(float))
        assert cloud.high == tuple(finite.max(axis=0).astype(float))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(points=point_arrays())
def test_the_blob_is_laid_out_as_the_record_says(trip, points: np.ndarray) -> None:
    done = trip(Object3D(points))
    cloud, data = done.record.cloud, done.blobs.get(done.record.cloud.blob)
    [indices] = list(scattered_indices(len(points), PAGE_POINTS)) or [np.empty(0, int)]
    offset = 0
    for column in cloud.columns:
        kind = np.dtype(column.dtype)
        assert offset % kind.itemsize == 0
        stored = np.frombuffer(data, kind, len(points) * column.components, offset)
        offset += stored.nbytes
        logged = points[:, :3] if column.name == "position" else points[:, 3:]
        np.testing.assert_array_equal(stored.reshape(-1, column.components), logged[indices])
    assert offset == len(data)


def test_many_pages(trip) -> None:
    points = np.random.default_rng(0).normal(size=(3 * PAGE_POINTS + 17, 6))
    points[:, 3:] = np.floor(points[:, 3:] * 20 + 128).clip(0, 255)
    done = trip(Object3D(points))
    np.testing.assert_array_equal(done.loaded.points, points)
    cloud = done.record.cloud
    assert [(each.name, each.dtype) for each in cloud.columns] == [("position", "<f8"), ("color", "|u1")]
    # The second page begins where the docstring says.
    point_bytes = 3 * 8 + 3
    data = done.blobs.get(cloud.blob)
    page = np.frombuffer(data, "<f8", 3 * cloud.page_points, cloud.page_points * point_bytes).reshape(-1, 3)
    indices = np.concatenate(list(scattered_indices(len(points), PAGE_POINTS)))
    np.testing.assert_array_equal(page, points[indices[cloud.page_points : 2 * cloud.page_points], :3])


@settings(max_examples=100, deadline=None)
@given(count=st.integers(0, 70_000))
def test_the_order_visits_every_point_once(count: int) -> None:
    pages = list(scattered_indices(count, 1000))
    assert all(len(page) == 1000 for page in pages[:-1])
    indices = np.concatenate(pages) if pages else np.empty(0, int)
    assert np.array_equal(np.sort(indices), np.arange(count))


@settings(max_examples=60, deadline=None)
@given(count=st.integers(20_000, 400_000), share=st.floats(0.01, 0.9), period=st.integers(2, 50))
def test_any_prefix_is_a_fair_sample(count: int, share: float, period: int) -> None:
    """Of every stretch of a scan, and of every beam of a lidar that logs them in turn."""
    indices = np.concatenate(list(scattered_indices(count, PAGE_POINTS)))[: int(count * share)]
    for groups, kinds in ((indices * 20 // count, 20), (indices % period, period)):
        expected = len(indices) / kinds
        # Six standard deviations of a random sample, which a fair one leaves once in a billion.
        bound = 6 * math.sqrt(expected) + 2
        assert np.abs(np.bincount(groups, minlength=kinds) - expected).max() < bound


def test_the_order_never_changes() -> None:
    [small] = scattered_indices(10, 100)
    assert small.tolist() == [1, 4, 5, 9, 8, 3, 2, 7, 0, 6]
    large = np.concatenate(list(scattered_indices(1_000_000, PAGE_POINTS)))
    assert large[:5].tolist() == [419761, 954430, 549875, 607686, 105421]
    assert scatter(np.arange(4, dtype=np.uint64), 32).tolist() == [
        374761393,
        2812192051,
        797978792,
        2308692352,
    ]
    assert [scatter_bits(count) for count in (0, 1, 2, 3, 4, 5, 1 << 32)] == [1, 1, 1, 2, 2, 3, 32]


def test_too_many_points_to_shuffle() -> None:
    with pytest.raises(ValueError, match="more than 4294967296"):
        next(scattered_indices((1 << 32) + 1, 1))


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0, 0], [1, 2, 3]],
        [(0.5, 0, 0), (1, 2, 3)],
        ((0, 0, 0, 1), (1, 2, 3, 14)),
        np.array([[0, 0, 0, 7]]),
        [np.array([0.0, 1, 2]), [3, 4, 5]],
        np.asfortranarray(np.arange(12.0).reshape(2, 6)),
        np.arange(48.0).reshape(4, 12)[:, ::2],
        np.array([[1.0, 2, 3]], object),
        [[Decimal("1.5"), 2, 3]],
    ],
)
def test_inputs(trip, points: Any) -> None:
    wanted = np.array([list(row) for row in points])
    wanted = wanted.astype(float) if wanted.dtype == object else wanted
    loaded = points_of(trip, points)
    assert loaded.dtype == wanted.dtype
    np.testing.assert_array_equal(loaded, wanted)


def test_tensors(trip, tensor) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    for each in (
        tensor(array, requires_grad=True),
        tensor(array, device="cuda:0"),
        tensor(array, dtype="bfloat16"),
        [tensor(array[0]), tensor(array[1], requires_grad=True)],
    ):
        np.testing.assert_array_equal(points_of(trip, each), array)


def test_long_doubles_are_kept_as_doubles(trip) -> None:
    loaded = points_of(trip, np.array([[1, 2, 3]], np.longdouble))
    assert loaded.dtype == np.float64


def test_no_points(trip) -> None:
    for points in ([], np.zeros((0, 6)), np.zeros((0, 3), np.float16)):
        done = trip(Object3D(points))
        assert done.record.cloud.count == 0
        assert len(done.loaded.points) == 0
        assert done.record.cloud.low == done.record.cloud.high == (0, 0, 0)


@pytest.mark.parametrize(
    ("fourth", "options", "name", "dtype"),
    [
        ([1.0, 14.0], {}, "category", "|u1"),
        ([0, 3], {}, "category", "|u1"),
        ([0, 15], {}, "value", "|u1"),
        ([-1.0, 3.0], {}, "value", "<f8"),
        ([0.5, 1.0], {}, "value", "<f8"),
        ([np.nan, 1.0], {}, "value", "<f8"),
        ([1.0, 2.0], {"fourth": "value"}, "value", "<f8"),
        ([1.0, 259.0], {"fourth": "category"}, "category", "<u2"),
        ([-1.0, 100_000.0], {"class_labels": {-1: "none"}}, "category", "<i4"),
        ([0.5, 2.0], {"class_labels": {2: "car"}}, "value", "<f8"),
    ],
)
def test_what_the_fourth_column_is(trip, fourth: Any, options: Any, name: str, dtype: str) -> None:
    points = np.column_stack([np.zeros((2, 3)), fourth])
    done = trip(Object3D(points, **options))
    column = next(each for each in done.record.cloud.columns if each.name != "position")
    assert column.name == name
    if dtype[1] != "f" and name == "value":
        dtype = "<f8"
    assert column.dtype == dtype
    finite = [float(each) for each in fourth if not math.isnan(each)]
    assert (column.low, column.high) == (min(finite), max(finite))
    np.testing.assert_array_equal(done.loaded.points, points)


def test_classes_are_named_and_counted(trip) -> None:
    points = np.array([[0, 0, 0, 40], [1, 1, 1, 40], [2, 2, 2, 252]])
    done = trip(Object3D(points, class_labels={40: "road", 252: "moving car"}))
    cloud = done.record.cloud
    assert cloud.class_labels == done.loaded.class_labels == {40: "road", 252: "moving car"}
    assert cloud.class_counts == {40: 2, 252: 1}
    many = np.column_stack([np.zeros((2000, 3)), np.arange(2000)])
    assert trip(Object3D(many, fourth="category")).record.cloud.class_counts == {}


@pytest.mark.parametrize(
    ("colors", "dtype", "scale"),
    [
        ([[255, 0, 7]], "|u1", 1),
        ([[255.0, 0, 7]], "|u1", 1),
        ([[1.0, 0, 0.5]], "<f8", 255),
        ([[0.5, 254.5, 0]], "<f8", 1),
        ([[65535, 0, 0]], "<u2", 1 / 257),
        ([[np.nan, 0.2, 0]], "<f8", 255),
        ([[np.nan, np.nan, np.nan]], "<f8", 1),
    ],
)
def test_how_colours_are_understood(trip, colors: Any, dtype: str, scale: float) -> None:
    points = np.column_stack([np.zeros((1, 3)), colors])
    done = trip(Object3D(points))
    color = next(each for each in done.record.cloud.columns if each.name == "color")
    assert color.scale == scale
    assert color.dtype == ("<f8" if scale == 1 / 257 else dtype)
    np.testing.assert_array_equal(done.loaded.points, points)


@pytest.mark.parametrize(
    ("odd", "dtype", "scale"),
    [(255.5, np.float64, 1), (256, np.int64, 1), (300.0, np.float32, 1), (1.0000002, np.float64, 255)],
)
def test_one_colour_out_of_range_is_clipped_and_the_others_stay(
    trip, odd: Any, dtype: Any, scale: float
) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (50, 3)) / (1 if scale == 1 else 255)
    points = np.column_stack([np.zeros((50, 3)), colors]).astype(dtype)
    points[7, 4] = odd
    done = trip(Object3D(points))
    color = next(each for each in done.record.cloud.columns if each.name == "color")
    assert (color.scale, color.out_of_range) == (scale, 1)
    assert [code for code, _, _ in record_warnings(done.record)] == ["object3d.clipped"]
    np.testing.assert_array_equal(done.loaded.points, points)


def test_deep_colours_are_those_of_their_dtype_or_of_most_numbers(trip) -> None:
    colors = np.random.default_rng(0).integers(0, 65536, (50, 3))
    for points in (
        np.column_stack([np.zeros((50, 3)), colors]),
        np.array([[0, 0, 0, 9, 256, 9]], np.uint16),
    ):
        record = trip(Object3D(points)).record
        assert next(each for each in record.cloud.columns if each.name == "color").scale == 1 / 257


def test_leading_axes_of_size_one_are_dropped(trip) -> None:
    assert trip(Object3D(np.zeros((1, 1, 5, 6)))).record.cloud.count == 5
    mesh = trip(Object3D(np.eye(3)[None], faces=np.array([[[0, 1, 2]]])))
    assert (mesh.record.vertex_count, mesh.record.triangle_count) == (3, 1)
    box = {"corners": np.zeros((1, 8, 3))}
    assert len(trip(Object3D(np.zeros((1, 3)), boxes=[box])).record.boxes) == 1


def test_a_box_without_corners_is_left_out_with_a_warning(trip) -> None:
    with pytest.warns(UserWarning, match=r"boxes\[0\] has no corners"):
        scene = Object3D.from_point_cloud(points=[[0, 0, 0]], boxes=[{"corners": [], "label": "nothing"}])
    assert trip(scene).record.boxes == []


def test_categories_may_have_colours(trip) -> None:
    classes = [{"id": 1, "name": "road", "color": "#FF00aa"}, {"id": 2, "name": "car"}]
    cloud = trip(Object3D([[0, 0, 0, 1], [1, 1, 1, 2]], class_labels=classes)).record.cloud
    assert (cloud.class_labels, cloud.class_colors) == ({1: "road", 2: "car"}, {1: "#ff00aa"})


def test_points_under_a_mask_are_not_drawn_and_counted(trip) -> None:
    points = np.ma.array([[0.0, 0, 0], [1e20, 1, 1]], mask=[[0, 0, 0], [1, 0, 0]])
    cloud = trip(Object3D(points)).record.cloud
    assert (cloud.non_finite, cloud.high) == (1, (0, 0, 0))


def test_points_that_are_not_finite_are_kept_and_counted(trip) -> None:
    points = np.array([[np.nan, 0, 0], [1, 2, 3], [0, np.inf, 0], [1e308, -1e308, 0]])
    done = trip(Object3D(points))
    np.testing.assert_array_equal(done.loaded.points, points)
    cloud = done.record.cloud
    assert (cloud.non_finite, cloud.low, cloud.high) == (2, (1, -1e308, 0), (1e308, 2, 3))
    [(code, text, count)] = record_warnings(done.record)
    assert (code, count) == ("object3d.non_finite", 2)
    assert "NaN" in text


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.zeros((2, 2)), ValueError, "The shape of the numpy array must be one of"),
        (np.zeros((2, 5)), ValueError, r"points\[:, :4\]"),
        (np.zeros(3), ValueError, "shape"),
        (np.zeros((2, 2, 3)), ValueError, "shape"),
        (np.float64(1), ValueError, "shape"),
        ([[0, 0, 0], [1, 2]], ValueError, "different lengths"),
        (np.zeros((2, 3), complex), TypeError, "real numbers"),
        (np.array([["a", "b", "c"]]), TypeError, "real numbers"),
        ([["a", "b", "c"]], TypeError, "real numbers"),
        (np.array([[object(), 1, 2]]), TypeError, "real numbers"),
        (None, ValueError, "points must be an array"),
        (5, ValueError, "data must be a numpy array, dict or a file object"),
        ({"type": "mesh"}, ValueError, "only 'lidar/beta' is currently supported"),
        ({"points": {}}, ValueError, "points must be an array"),
    ],
)
def test_errors(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Object3D(data)


class TestMeshes:
    @settings(max_examples=60, deadline=None)
    @given(
        data=st.data(),
        columns=st.sampled_from([3, 4, 6]),
        dtype=st.sampled_from(["i2", "i4", "i8", "u1", "u8", ">i4"]),
    )
    def test_any_mesh_comes_back(self, trip, data: Any, columns: int, dtype: str) -> None:
        count = data.draw(st.integers(1, 30))
        vertices = np.random.default_rng(count).normal(size=(count, columns))
        faces = data.draw(
            arrays(dtype, st.tuples(st.integers(0, 20), st.just(3)), elements=st.integers(0, count - 1))
        )
        media = Object3D.from_mesh(vertices, faces, caption="a mesh")
        logged, faces[...] = faces.copy(), 0
        done = trip(media)
        np.testing.assert_array_equal(done.loaded.points, vertices)
        np.testing.assert_array_equal(done.loaded.faces, logged)
        record = done.record
        assert (record.form, record.format, record.cloud.order) == ("mesh", "array", "logged")
        assert (record.vertex_count, record.triangle_count) == (count, len(logged))
        stored = np.frombuffer(done.blobs.get(record.faces), "<u4").reshape(-1, 3)
        np.testing.assert_array_equal(stored, logged)

    def test_lists_and_tensors(self, trip, tensor) -> None:
        for faces in ([[0, 1, 2]], tensor(np.array([[0, 1, 2]]), device="cuda:0")):
            assert trip(Object3D(np.eye(3), faces=faces)).loaded.faces.tolist() == [[0, 1, 2]]
        assert trip(Object3D(np.eye(3), faces=[])).loaded.faces.shape == (0, 3)

    @pytest.mark.parametrize(
        ("faces", "error", "message"),
        [
            ([[0, 1, 3]], ValueError, "from 0 to 3; there are 3"),
            ([[0, 1, -1]], ValueError, "from -1 to 1"),
            ([[0, 1]], ValueError, "n x 3"),
            ([[0, 1, 2], [0]], ValueError, "n rows of 3"),
            ([[0, 1, 0.5]], TypeError, "must be integers"),
        ],
    )
    def test_errors(self, faces: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Object3D(np.eye(3), faces=faces)

    def test_files_have_their_own(self) -> None:
        with pytest.raises(ValueError, match="faces of its own"):
            Object3D(b"v 0 0 0", file_type="obj", faces=[[0, 1, 2]])


def stand_in(name: str, **members: Any) -> Any:
    """An object of a class that looks like one of trimesh."""
    module, _, qualname = name.rpartition(".")
    return type(qualname, (), {**members, "__module__": module, "__qualname__": qualname})()


def test_meshes_and_clouds_of_trimesh(trip) -> None:
    for name in ("trimesh.base.Trimesh", "trimesh.scene.scene.Scene"):
        mesh = stand_in(name, export=lambda self, file_type: made.glb_bytes() if file_type == "glb" else b"")
        done = trip(Object3D(mesh, caption="a mesh"))
        assert (done.record.format, done.record.triangle_count, done.record.caption) == ("glb", 4, "a mesh")
    colors = np.array([[255, 0, 7, 255]] * 3, np.uint8)
    cloud = stand_in("trimesh.points.PointCloud", vertices=np.eye(3), colors=colors)
    np.testing.assert_array_equal(trip(Object3D(cloud)).loaded.points, np.hstack([np.eye(3), colors[:, :3]]))
    plain = stand_in("trimesh.points.PointCloud", vertices=np.eye(3), colors=np.array([]))
    np.testing.assert_array_equal(trip(Object3D(plain)).loaded.points, np.eye(3))
    assert isinstance(adopt(plain), Object3D)


def test_up_and_hand(trip) -> None:
    record = trip(Object3D([[0, 0, 0]], up="-y", is_right_handed=False)).record
    assert (record.up, record.is_right_handed) == ("-y", False)


def test_the_snapshot_is_one_copy() -> None:
    points = np.arange(300, dtype=np.float32).reshape(100, 3)
    [kept] = Object3D(points).snapshot().buffers
    assert bytes(kept.read()) == points.tobytes()


def test_damaged_clouds_are_refused(trip) -> None:
    done = trip(Object3D([[0, 0, 0]]))
    with pytest.raises(ValueError, match="instead of 12"):
        _ = decode(done.record, lambda ref: b"short").points
    odd = msgspec.structs.replace(
        done.record, cloud=msgspec.structs.replace(done.record.cloud, order="spiral")
    )
    with pytest.raises(ValueError, match="'spiral'"):
        _ = decode(odd, done.blobs.get).points


def test_bytes_are_read_when_they_are_asked_for(trip) -> None:
    done = trip(Object3D([[0, 0, 0]], vectors=[{"start": [0, 0, 0], "end": [0, 0, 1]}]))
    asked = []

    def get_blob(ref: BlobRef) -> bytes:
        asked.append(ref)
        return done.blobs.get(ref)

    loaded = decode(done.record, get_blob)
    assert len(loaded.vectors) == 1
    assert not asked
    assert loaded.points.shape == (1, 3)
    assert loaded.points is loaded.points
    assert asked == [done.record.cloud.blob]


def test_words() -> None:
    assert repr(Object3D([[0, 0, 0]], caption="one")) == "Object3D(1 points, caption='one')"
    assert isinstance(Object3D.from_numpy(np.zeros((1, 3))).snapshot(), Snapshot)
    assert {"obj", "gltf", "glb", "babylon", "stl", "pts.json"} <= Object3D.SUPPORTED_TYPES
