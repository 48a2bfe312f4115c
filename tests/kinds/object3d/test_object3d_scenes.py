"""Boxes, vectors and cameras come back as they were logged; boxes are turned rightly, their edges found."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diorama
from diorama.media import Object3D
from diorama.media.object3d.boxes import box3d
from diorama.media.object3d.codec import encode
from diorama.media.object3d.record import Camera3D, Vector3D
from diorama.model import BlobRef

UNIT_BOX = list(itertools.product((0.0, 1.0), repeat=3))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fourth": "colour"}, ValueError, "'category' or 'value'"),
        ({"up": "w"}, ValueError, "up must be one of"),
        ({"class_labels": {"a": "b"}}, TypeError, "Class labels must be a dictionary"),
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


@pytest.mark.slow
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
            ({"center": (0, 0)}, "center must be 3 numbers"),
            ({"size": 4}, "size must be 3 numbers"),
            ({"color": (math.nan, 0, 0)}, "must be finite"),
            ({"color": (0, 0, "red")}, "must be a number"),
            ({"score": "high"}, "must be a number"),
        ],
    )
    def test_errors(self, change: dict[str, Any], message: str) -> None:
        good = {"center": (0, 0, 0), "size": (1, 1, 1), "orientation": (1, 0, 0, 0), "color": (1, 1, 1)}
        with pytest.raises(ValueError, match=message):
            box3d(**{**good, **change})

    @pytest.mark.parametrize("name", ["center", "size", "orientation"])
    @pytest.mark.parametrize("number", [math.nan, math.inf])
    def test_a_detector_that_has_diverged_does_not_stop_the_training(self, name: str, number: float) -> None:
        good = {"center": (0, 0, 0), "size": (1, 1, 1), "orientation": (1, 0, 0, 0), "color": (1, 1, 1)}
        box = box3d(**{**good, name: (number, *good[name][1:])})
        assert not np.isfinite(box["corners"]).all()
        Object3D([], boxes=[box])

    def test_at_the_top(self) -> None:
        assert diorama.box3d is box3d
