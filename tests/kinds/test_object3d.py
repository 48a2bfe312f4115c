"""Points, scenes and boxes come back as they were logged, and any prefix of a cloud is a fair sample."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import diorama
from diorama.media import Object3D, record_warnings
from diorama.media.base import Snapshot
from diorama.media.object3d import decode, encode
from diorama.media.object3d_cloud import PAGE_POINTS
from diorama.media.object3d_order import scatter, scatter_bits, scattered_indices
from diorama.media.object3d_record import Camera3D, Vector3D
from diorama.media.object3d_scene import box3d
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
        (np.zeros((1, 2, 3)), ValueError, "shape"),
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


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fourth": "colour"}, ValueError, "'category' or 'value'"),
        ({"up": "w"}, ValueError, "up must be one of"),
        ({"class_labels": {"a": "b"}}, TypeError, "Class labels must be a dictionary"),
        ({"file_type": "fbx"}, ValueError, "obj, gltf, glb"),
        ({"files": ["a.png"]}, TypeError, "files must be a dict"),
        ({"boxes": "tree"}, TypeError, "boxes must be a list"),
        ({"boxes": {"corners": []}}, TypeError, "boxes must be a list"),
        ({"boxes": [5]}, TypeError, r"boxes\[0\] must be a dict"),
        ({"boxes": [{}]}, ValueError, r"boxes\[0\] has no 'corners'"),
        ({"boxes": [{"corners": UNIT_BOX[:7]}]}, ValueError, "must be 8 points"),
        ({"boxes": [{"corners": [(0, 0)] * 8}]}, ValueError, r"a point \(x, y, z\)"),
        ({"boxes": [{"corners": [("a", 0, 0)] * 8}]}, ValueError, "must be a number"),
        ({"boxes": [{"corners": UNIT_BOX, "score": "high"}]}, ValueError, "'score'"),
        ({"boxes": [{"corners": UNIT_BOX, "color": [1, 2]}]}, ValueError, "'color'"),
        ({"boxes": [{"corners": UNIT_BOX, "color": "red"}]}, ValueError, "'color'"),
        ({"boxes": [{"corners": UNIT_BOX, "color": [np.nan, 0, 0]}]}, ValueError, "finite"),
        ({"boxes": [{"corners": UNIT_BOX, "more": object()}]}, TypeError, "no plain values"),
        ({"vectors": [{"start": [0, 0, 0]}]}, ValueError, "no 'end'"),
        ({"vectors": [5]}, TypeError, r"vectors\[0\] must be a dict"),
        ({"cameras": [{}]}, ValueError, "no 'position'"),
        ({"cameras": {"position": [0, 0, 0], "fov_degrees": 180}}, ValueError, "between 0 and 180"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Object3D([[0, 0, 0]], **options)


def test_wrong_point_cloud_type() -> None:
    with pytest.raises(ValueError, match="only 'lidar/beta' is currently supported"):
        Object3D.from_point_cloud([[0, 0, 0]], [], point_cloud_type="radar")


def test_a_whole_scene(trip) -> None:
    box = {
        "corners": [[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]],
        "label": "Tree",
        "color": [123, 321, 111],
        "score": np.float32(0.25),
        "track": 7,
    }
    vectors = np.array([{"start": [0, 0, 0], "end": [0.1, 0.2, 0.5], "color": [255, 0, 0]}])
    media = Object3D.from_point_cloud(
        points=np.array([[0, 0, 0, 1], [0, 0, 1, 13], [0, 1, 0, 2]]),
        boxes=np.array([box]),
        vectors=vectors,
        point_cloud_type="lidar/beta",
        cameras={"viewpoint": [[1, 2, 3]], "target": [0, 0, 1], "label": "front"},
        caption="a scene",
        sample_id="s1",
    )
    box["corners"][0][0] = 99
    done = trip(media)
    record = done.record
    assert (record.form, record.format, record.up, record.is_right_handed) == ("cloud", "array", "z", True)
    assert (record.caption, record.sample_id, record.point_cloud_type) == ("a scene", "s1", "lidar/beta")
    [loaded] = done.loaded.boxes
    assert loaded["corners"][0] == (0, 0, 0)
    assert loaded["corners"][3] == (1, 0, 0)
    assert (loaded["label"], loaded["score"], loaded["track"]) == ("Tree", 0.25, 7)
    assert loaded["color"] == (123, 255, 111)
    assert done.loaded.vectors == [{"start": (0, 0, 0), "end": (0.1, 0.2, 0.5), "color": (255, 0, 0)}]
    assert record.cameras == [Camera3D(position=(1, 2, 3), target=(0, 0, 1), label="front")]
    # What came back can be logged again.
    again = Object3D(
        done.loaded.points,
        boxes=done.loaded.boxes,
        vectors=done.loaded.vectors,
        cameras=done.loaded.cameras,
    )
    assert trip(again).record.boxes == record.boxes


def test_scenes_as_dicts(trip) -> None:
    points = [[0.0, 0, 0], [1, 1, 1]]
    whole = {"type": "lidar/beta", "points": np.array(points), "boxes": np.array([{"corners": UNIT_BOX}])}
    for scene in (whole, {"points": points}, {"type": "lidar/beta"}, {"points": None, "boxes": None}):
        done = trip(Object3D(scene))
        assert len(done.record.boxes) == len(scene.get("boxes", ()) if scene.get("boxes") is not None else ())
        assert len(done.loaded.points) == (2 if scene.get("points") is not None else 0)
    assert len(trip(Object3D(whole, boxes=[{"corners": UNIT_BOX}])).record.boxes) == 2
    with pytest.warns(UserWarning, match="'lines'"):
        Object3D({"points": points, "lines": []})


def test_structs_are_taken_as_they_are(trip) -> None:
    vector = Vector3D(start=(0, 0, 0), end=(1, 0, 0), label="ahead")
    camera = Camera3D(position=(1, 1, 1), up=(0, 0, 1), fov_degrees=60.0)
    boxes = trip(Object3D([], boxes=[{"corners": UNIT_BOX}])).record.boxes
    record = trip(Object3D([], boxes=boxes, vectors=[vector], cameras=camera)).record
    assert (record.boxes, record.vectors, record.cameras) == (boxes, [vector], [camera])


@settings(max_examples=80, deadline=None)
@given(
    size=st.tuples(*[st.floats(0.1, 50)] * 3),
    center=st.tuples(*[st.floats(-100, 100)] * 3),
    quaternion=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: max(map(abs, q)) > 0.01),
    places=st.permutations(range(8)),
)
def test_edges_are_found_whatever_the_order(
    trip, size: Any, center: Any, quaternion: Any, places: Any
) -> None:
    straight = box3d(center=center, size=size, orientation=quaternion, color=(1, 1, 1))["corners"]
    [box] = trip(Object3D([], boxes=[{"corners": [straight[place] for place in places]}])).record.boxes
    assert box.corners == [straight[place] for place in places]
    corners = np.array([box.corners[place] for place in box.order or range(8)])
    assert sorted(box.order or range(8)) == list(range(8))
    lengths = [np.linalg.norm(corners[0] - corners[1 << bit]) for bit in range(3)]
    np.testing.assert_allclose(sorted(lengths), sorted(size), rtol=1e-6, atol=1e-9)
    for place, bit in itertools.product(range(8), range(3)):
        edge = np.linalg.norm(corners[place] - corners[place ^ (1 << bit)])
        assert edge == pytest.approx(lengths[bit], rel=1e-6)


def test_odd_boxes_get_an_order_too(trip) -> None:
    frustum = [
        (x * (1 + z), y * (1 + z), 4.0 * z) for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)) for z in (0, 1)
    ]
    odd = [{"corners": frustum}, {"corners": [(0, 0, 0)] * 8}]
    bent, point = trip(Object3D([], boxes=odd)).record.boxes
    corners = np.array([bent.corners[place] for place in bent.order])
    for place, bit in itertools.product(range(8), range(3)):
        edge = corners[place] - corners[place ^ (1 << bit)]
        # Every edge of a frustum lies in a side of it: none crosses the middle.
        assert np.count_nonzero(edge[:2]) in (1, 2)
        assert np.linalg.norm(edge) < 6
    assert point.order is None


def test_boxes_with_nan_are_kept() -> None:
    snapshot = Object3D([], boxes=[{"corners": [(math.nan, 0, 0)] * 8, "score": math.inf}]).snapshot()
    [box] = encode(snapshot, lambda data, mime: BlobRef(sha256="0" * 64, size_bytes=0, mime=mime)).boxes
    assert math.isnan(box.corners[7][0])
    assert (box.score, box.order) == (math.inf, None)


def test_many_boxes_made_in_different_ways(trip) -> None:
    rng = np.random.default_rng(0)
    ways = [rng.permutation(8) for _ in range(12)]
    boxes = []
    for number in range(300):
        corners = np.array(UNIT_BOX) * (1, 2, 3) + number
        boxes.append({"corners": corners[ways[number % 12]]})
    for box in trip(Object3D([], boxes=boxes)).record.boxes:
        corners = np.array([box.corners[place] for place in box.order or range(8)])
        for place, bit in itertools.product(range(8), range(3)):
            assert np.count_nonzero(corners[place] - corners[place ^ (1 << bit)]) == 1


@pytest.mark.parametrize(
    ("color", "wanted"),
    [
        ([255, 0, 7], [255, 0, 7]),
        ((0.5, 0, 1), [127.5, 0, 255]),
        ([1, 1, 1], [255, 255, 255]),
        ([321, -5, 2], [255, 0, 2]),
        ([255, 0, 0, 128], [255, 0, 0]),
        ("#ff8000", [255, 128, 0]),
        (np.array([10, 20, 30], np.uint8), [10, 20, 30]),
        (None, None),
    ],
)
def test_colours_of_boxes(color: Any, wanted: Any) -> None:
    [box] = Object3D([], boxes=[{"corners": UNIT_BOX, "color": color}]).snapshot().header["boxes"]
    assert box.get("color") == wanted


class TestBox3D:
    def test_without_turn(self) -> None:
        box = box3d(center=(1, 2, 3), size=(2, 4, 6), orientation=(1, 0, 0, 0), color=(255, 0, 0), score=1)
        wanted = [(1 + x, 2 + 2 * y, 3 + 3 * z) for x, y, z in itertools.product((-1, 1), repeat=3)]
        assert box["corners"] == tuple(wanted)
        assert (box["color"], box["label"], box["score"]) == ((255, 0, 0), None, 1)

    @pytest.mark.parametrize("degrees", [-135, -45, 0, 30, 45, 90, 180])
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_turns_counter_clockwise(self, degrees: float, axis: int) -> None:
        half = math.radians(degrees) / 2
        quaternion = [math.cos(half), 0.0, 0.0, 0.0]
        quaternion[axis + 1] = math.sin(half)
        corners = np.array(
            box3d(center=(0, 0, 0), size=(4, 2, 1), orientation=quaternion, color=(0, 0, 0))["corners"]
        )
        c, s = math.cos(2 * half), math.sin(2 * half)
        turn = {
            0: [[1, 0, 0], [0, c, -s], [0, s, c]],
            1: [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            2: [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis]
        straight = np.array(list(itertools.product((-2, 2), (-1, 1), (-0.5, 0.5))))
        np.testing.assert_allclose(corners, straight @ np.array(turn).T, atol=1e-12)

    def test_left_and_right_differ(self) -> None:
        def corners(sign: int) -> np.ndarray:
            angle = sign * math.pi / 8
            turn = (math.cos(angle), 0, 0, math.sin(angle))
            return np.array(
                box3d(center=(0, 0, 0), size=(4, 1, 1), orientation=turn, color=(0, 0, 0))["corners"]
            )

        assert np.abs(corners(1) - corners(-1)).max() > 1

    @pytest.mark.parametrize("length", [1e-300, 1e-3, 7.0, 1e300])
    def test_length_and_sign_of_the_quaternion_do_not_matter(self, length: float) -> None:
        make = {"center": (0, 0, 0), "size": (1, 2, 3), "color": (0, 0, 0)}
        q = np.array([0.5, -0.5, 0.5, 0.5])
        unit = box3d(orientation=q, **make)["corners"]
        for other in (q * length, -q * length):
            np.testing.assert_allclose(box3d(orientation=other, **make)["corners"], unit, atol=1e-12)

    def test_tensors(self, tensor) -> None:
        box = box3d(
            center=tensor([0.0, 0.0, 0.0], requires_grad=True),
            size=np.array([2, 2, 2]),
            orientation=tensor([1.0, 0, 0, 0], device="cuda:0"),
            color=np.array([0, 0.5, 1]),
            score=tensor(0.5, requires_grad=True),
        )
        assert box["corners"][0] == (-1, -1, -1)
        assert Object3D([], boxes=[box]).snapshot().header["boxes"][0]["color"] == [0, 127.5, 255]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"orientation": (0, 0, 0, 0)}, "zero quaternion"),
            ({"orientation": (1, 0, 0)}, "orientation must be 4 numbers"),
            ({"orientation": (math.nan, 0, 0, 0)}, "must be finite"),
            ({"center": (0, 0)}, "center must be 3 numbers"),
            ({"size": 4}, "size must be 3 numbers"),
            ({"size": (1, math.inf, 1)}, "must be finite"),
            ({"color": (0, 0, "red")}, "must be a number"),
            ({"score": "high"}, "must be a number"),
        ],
    )
    def test_errors(self, change: dict[str, Any], message: str) -> None:
        good = {"center": (0, 0, 0), "size": (1, 1, 1), "orientation": (1, 0, 0, 0), "color": (1, 1, 1)}
        with pytest.raises(ValueError, match=message):
            box3d(**{**good, **change})

    def test_at_the_top(self) -> None:
        assert diorama.box3d is box3d


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
        decode(done.record, lambda ref: b"short")
    odd = msgspec.structs.replace(
        done.record, cloud=msgspec.structs.replace(done.record.cloud, order="spiral")
    )
    with pytest.raises(ValueError, match="'spiral'"):
        decode(odd, done.blobs.get)


def test_words() -> None:
    assert repr(Object3D([[0, 0, 0]], caption="one")) == "Object3D(1 points, caption='one')"
    assert isinstance(Object3D.from_numpy(np.zeros((1, 3))).snapshot(), Snapshot)
    assert {"obj", "gltf", "glb", "babylon", "stl", "pts.json"} <= Object3D.SUPPORTED_TYPES
