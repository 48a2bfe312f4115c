"""Polygons, keypoints, turned boxes and masks of many ids over images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

import diorama
from diorama.media import Image
from diorama.media.image.overlays.keypoints import Keypoints2D
from diorama.media.image.overlays.polygons import Polygons2D

PIXELS = np.zeros((2, 3, 3), np.uint8)
TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]
NUMBER = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)


def with_polygons(*polygons: Any, **layer: Any) -> Image:
    return Image(PIXELS, polygons={"parts": {"polygon_data": list(polygons), **layer}})


def with_keypoints(*things: Any, **layer: Any) -> Image:
    return Image(PIXELS, keypoints={"pose": {"keypoint_data": list(things), **layer}})


class TestPolygons:
    @pytest.mark.parametrize(
        "points",
        [
            TRIANGLE,
            tuple(map(tuple, TRIANGLE)),
            np.array(TRIANGLE),
            np.array(TRIANGLE, np.float32),
            [0, 0, 1, 0, 0.5, 1],
            [np.array([0, 0]), np.array([1, 0]), np.array([0.5, 1])],
        ],
        ids=["list", "tuples", "array", "float32", "flat", "rows"],
    )
    def test_forms(self, trip, points: Any) -> None:
        done = trip(with_polygons({"points": points, "class_id": 1}))
        assert done.record.polygons["parts"].polygons[0].rings == [[0, 0, 1, 0, 0.5, 1]]
        assert done.loaded.polygons["parts"]["polygon_data"] == [{"points": TRIANGLE, "class_id": 1}]
        assert done.loaded.polygons["parts"]["class_labels"] == {1: "class_1"}

    def test_tensors(self, trip, tensor) -> None:
        done = trip(with_polygons({"points": tensor(np.array(TRIANGLE), requires_grad=True), "class_id": 1}))
        assert done.record.polygons["parts"].polygons[0].rings == [[0, 0, 1, 0, 0.5, 1]]

    def test_everything(self, trip) -> None:
        polygon = {
            "rings": [TRIANGLE, [[0.4, 0.2], [0.6, 0.2], [0.5, 0.4]]],
            "domain": "pixel",
            "class_id": 2,
            "caption": "a sail",
            "scores": {"sure": 0.5},
            "track": 7,
        }
        done = trip(with_polygons(polygon, class_labels={2: "sail"}))
        assert done.loaded.polygons["parts"] == {"polygon_data": [polygon], "class_labels": {2: "sail"}}

    def test_layer_objects_and_shared_classes(self, trip) -> None:
        layer = Polygons2D({"polygon_data": [{"points": TRIANGLE, "class_id": 4}]}, "parts")
        done = trip(Image(PIXELS, polygons={"parts": layer}, classes=[{"id": 4, "name": "roof"}]))
        assert done.record.polygons["parts"].class_labels == {4: "roof"}

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("polygon", "error", "message"),
        [
            (5, TypeError, r"\[0\] must be a dict"),
            ({"class_id": 1}, KeyError, "needs either 'points' or 'rings'"),
            ({"points": TRIANGLE, "rings": [TRIANGLE], "class_id": 1}, KeyError, "either"),
            ({"points": TRIANGLE[:2], "class_id": 1}, ValueError, "has 2 points; a polygon needs at least 3"),
            ({"points": [], "class_id": 1}, ValueError, "at least 3"),
            ({"points": [[0, 0, 0]] * 3, "class_id": 1}, TypeError, r"\[0\] must be \[x, y\]"),
            ({"points": [0, 0, 1, 0, 1], "class_id": 1}, TypeError, "no pairs of x and y"),
            ({"points": "abc", "class_id": 1}, TypeError, "must be a list of points"),
            ({"points": [["a", 0]] * 3, "class_id": 1}, TypeError, "must be a number"),
            ({"points": [[0, 0], 5, [1, 1]], "class_id": 1}, TypeError, r"\[1\] must be \[x, y\]"),
            ({"rings": [], "class_id": 1}, TypeError, "list of lists"),
            ({"points": TRIANGLE}, KeyError, "class_id"),
            ({"points": TRIANGLE, "class_id": "a"}, TypeError, "must be an integer"),
            ({"points": TRIANGLE, "class_id": 1, "domain": "px"}, ValueError, "'pixel' or 'fraction'"),
            ({"points": TRIANGLE, "class_id": 1, "caption": 5}, TypeError, "caption"),
            ({"points": TRIANGLE, "class_id": 1, "scores": [1]}, TypeError, "scores"),
            ({"points": np.zeros((100_001, 2)), "class_id": 1}, None, ""),
            ({"points": np.zeros((200_001, 2)), "class_id": 1}, ValueError, "log a mask instead"),
        ],
    )
    def test_errors(self, polygon: Any, error: type[Exception] | None, message: str) -> None:
        if error is None:
            with_polygons(polygon)
            return
        with pytest.raises(error, match=message):
            with_polygons(polygon)

    @pytest.mark.parametrize("layer", [{}, [], {"polygon_data": {}}])
    def test_wrong_layers(self, layer: Any) -> None:
        with pytest.raises((KeyError, TypeError), match="polygon_data"):
            Image(PIXELS, polygons={"parts": layer})
        with pytest.raises(ValueError, match='"polygons" argument must be a dictionary'):
            Image(PIXELS, polygons=[layer])  # type: ignore[arg-type]  # that is the test

    def test_typing_slips_are_told(self) -> None:
        with pytest.warns(UserWarning, match="unknown keys"):
            with_polygons(classes={})

    @pytest.mark.slow
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "rings": st.lists(
                        st.lists(st.lists(NUMBER, min_size=2, max_size=2), min_size=3, max_size=6),
                        min_size=2,
                        max_size=3,
                    ),
                    "class_id": st.integers(-(2**31), 2**31),
                },
                optional={
                    "domain": st.just("pixel"),
                    "caption": st.text(),
                    "scores": st.dictionaries(st.text(), NUMBER, min_size=1),
                },
            ),
            max_size=4,
        )
    )
    def test_any_polygons_come_back_as_given(self, trip, polygons: list[dict[str, Any]]) -> None:
        assert trip(with_polygons(*polygons)).loaded.polygons["parts"]["polygon_data"] == polygons


def test_axes_of_size_one_around_points_are_dropped(trip) -> None:
    contour = np.array([[[0, 0]], [[4, 0]], [[4, 2]]])  # as OpenCV gives them
    for points in (contour, contour[None], contour.reshape(1, 3, 2)):
        layer = {"polygon_data": [{"points": points, "class_id": 0, "domain": "pixel"}]}
        done = trip(Image(np.zeros((4, 6)), polygons={"a": layer}))
        assert done.record.polygons["a"].polygons[0].rings == [[0, 0, 4, 0, 4, 2]]
    pose = {"keypoint_data": [{"points": np.zeros((1, 17, 3))}]}
    assert (
        len(trip(Image(np.zeros((4, 6)), keypoints={"a": pose})).record.keypoints["a"].keypoints[0].points)
        == 34
    )


class TestKeypoints:
    def test_everything(self, trip) -> None:
        thing = {
            "points": [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]],
            "visibility": [2, 1, 0],
            "point_scores": [0.9, 0.5, 0.0],
            "domain": "pixel",
            "class_id": 1,
            "caption": "ann",
            "scores": {"sure": 0.7},
            "track": 3,
        }
        layer = {"names": ["nose", "ear", "eye"], "skeleton": [[0, 1], [1, 2]], "class_labels": {1: "person"}}
        done = trip(with_keypoints(thing, **layer))
        assert done.loaded.keypoints["pose"] == {"keypoint_data": [thing], **layer}

    def test_coco_rows_arrays_names_and_bools(self, trip, tensor) -> None:
        rows = [[1, 2, 2], [3, 4, 1], [0, 0, 0]]
        for points in (rows, np.array(rows), tensor(np.array(rows, np.float32))):
            done = trip(with_keypoints({"points": points}))
            [thing] = done.record.keypoints["pose"].keypoints
            assert (thing.points, thing.visibility) == ([1, 2, 3, 4, 0, 0], [2, 1, 0])
        for seen in ([True, False], np.array([True, False])):
            thing = trip(with_keypoints({"points": [[0, 0], [1, 1]], "visibility": seen})).record
            assert thing.keypoints["pose"].keypoints[0].visibility == [2, 0]
        named = with_keypoints({"points": [[0, 0], [1, 1]]}, names=["a", "b"], skeleton=[["b", "a"], (0, 1)])
        assert trip(named).record.keypoints["pose"].skeleton == [(1, 0), (0, 1)]

    def test_layer_objects(self, trip) -> None:
        layer = Keypoints2D({"keypoint_data": []}, "pose")
        assert trip(Image(PIXELS, keypoints={"pose": layer})).loaded.keypoints["pose"]["keypoint_data"] == []

    PAIR: Any = {"points": [[0, 0], [1, 1]]}  # noqa: RUF012 read only

    @pytest.mark.parametrize(
        ("thing", "layer", "error", "message"),
        [
            (5, {}, TypeError, "must be a dict"),
            ({}, {}, KeyError, "points"),
            ({"points": [0, 0, 1, 1]}, {}, TypeError, r"must be \[x, y\] or \[x, y, v\]"),
            ({"points": [[0, 0], [1, 1, 2]]}, {}, TypeError, r"\[1\] must be"),
            ({"points": [[0, 0, 0.7]]}, {}, ValueError, "give confidences as 'point_scores'"),
            ({"points": [[0, 0, 1]], "visibility": [1]}, {}, ValueError, "visibility twice"),
            ({**PAIR, "visibility": [1]}, {}, ValueError, "has 2 points and 1 of 'visibility'"),
            ({**PAIR, "visibility": [1, 5]}, {}, ValueError, "not there"),
            ({**PAIR, "point_scores": [1]}, {}, ValueError, "1 of 'point_scores'"),
            ({**PAIR, "point_scores": "ab"}, {}, TypeError, "point_scores"),
            (PAIR, {"names": ["a"]}, ValueError, "names 1 points, but a thing has 2"),
            (PAIR, {"names": "ab"}, TypeError, "names"),
            (PAIR, {"skeleton": [[0, 2]]}, ValueError, "names point 2; there are 2, counted from 0"),
            (PAIR, {"skeleton": [[-1, 0]]}, ValueError, "point -1"),
            (PAIR, {"skeleton": [[0, "a"]]}, ValueError, "not among 'names'"),
            (PAIR, {"skeleton": [[0, 0.5]]}, TypeError, "by index or name"),
            (PAIR, {"skeleton": [0, 1]}, TypeError, "pairs"),
            (PAIR, {"skeleton": 5}, TypeError, "pairs"),
            ({"points": np.zeros((200_001, 2))}, {}, ValueError, "the limit is 200,000"),
        ],
    )
    def test_errors(self, thing: Any, layer: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            with_keypoints(thing, **layer)

    @pytest.mark.slow
    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.integers(1, 5).flatmap(
                lambda count: st.fixed_dictionaries(
                    {
                        "points": st.lists(
                            st.lists(NUMBER, min_size=2, max_size=2), min_size=count, max_size=count
                        )
                    },
                    optional={
                        "visibility": st.lists(st.sampled_from([0, 1, 2]), min_size=count, max_size=count),
                        "point_scores": st.lists(NUMBER, min_size=count, max_size=count),
                        "domain": st.just("pixel"),
                        "class_id": st.integers(-(2**31), 2**31),
                        "caption": st.text(),
                    },
                )
            ),
            max_size=4,
        )
    )
    def test_any_keypoints_come_back_as_given(self, trip, things: list[dict[str, Any]]) -> None:
        assert trip(with_keypoints(*things)).loaded.keypoints["pose"]["keypoint_data"] == things


class TestTurnedBoxes:
    BOX: Any = {"position": {"middle": [5, 6], "width": 4, "height": 2, "angle": 30.0}, "class_id": 1}  # noqa: RUF012 read only

    def test_angle_comes_back(self, trip) -> None:
        done = trip(Image(PIXELS, boxes={"b": {"box_data": [self.BOX]}}))
        assert done.record.boxes["b"].boxes[0].angle == 30
        assert done.loaded.boxes["b"]["box_data"] == [self.BOX]

    @pytest.mark.parametrize(
        ("position", "error", "message"),
        [
            ({"middle": [0, 0], "width": 1, "height": 1, "rotation": 1}, ValueError, "'angle', in degrees"),
            ({"minX": 0, "maxX": 1, "minY": 0, "maxY": 1, "angle": 5}, ValueError, "by middle, width"),
            ({"middle": [0, 0], "width": 1, "height": 1, "angle": "a"}, TypeError, "must be a number"),
        ],
    )
    def test_errors(self, position: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Image(PIXELS, boxes={"b": {"box_data": [{"position": position, "class_id": 1}]}})


class TestManyIds:
    @pytest.mark.parametrize(
        ("ids", "bits"),
        [
            ([[0, 255, 3]], 8),
            ([[0, 256, 65535]], 16),
            ([[0, 65536, 2**24 - 1]], 32),
            ([[1, 2**24, 2**32 - 1]], 32),
        ],
    )
    @pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.float64, list])
    def test_ids_are_exact(self, trip, ids: list[list[int]], bits: int, dtype: Any) -> None:
        given = ids if dtype is list else np.array(ids).astype(dtype)
        done = trip(Image(np.zeros((1, 3), np.uint8), masks={"m": {"mask_data": given}}))
        layer = done.record.masks["m"]
        assert layer.bit_depth == bits
        assert done.loaded.masks["m"].tolist() == ids
        assert layer.areas == dict.fromkeys(ids[0], 1)
        assert layer.class_labels == {each: f"class_{each}" for each in ids[0]}

    def test_thousands_of_ids_keep_the_record_small(self, trip) -> None:
        ids = np.arange(90_000, dtype=np.uint32).reshape(300, 300) + 70_000
        ids[0, :9] = 5
        done = trip(
            Image(np.zeros((300, 300), np.uint8), masks={"m": {"mask_data": ids, "class_labels": {5: "a"}}})
        )
        layer = done.record.masks["m"]
        np.testing.assert_array_equal(done.loaded.masks["m"], ids)
        assert (layer.id_count, len(layer.areas), layer.areas[5]) == (90_000 - 8, 4096, 9)
        assert layer.class_labels == {5: "a"}

    def test_files(self, trip, tmp_path: Path) -> None:
        ids = np.array([[0, 70_000, 2**24 - 1]], np.uint32)
        packed = ids.astype("<u4").view(np.uint8).reshape(1, 3, 4)
        Pillow.fromarray(packed[:, :, :3].copy()).save(tmp_path / "coco.png")
        Pillow.fromarray(np.dstack([packed[:, :, :3], np.full((1, 3, 1), 255, np.uint8)])).save(
            tmp_path / "a.png"
        )
        np.save(tmp_path / "ids.npy", ids)
        Pillow.fromarray(ids.astype(np.int32)).save(tmp_path / "ids.tiff")
        for name, more in (("coco.png", True), ("a.png", True), ("ids.npy", False), ("ids.tiff", False)):
            mask = {"path": tmp_path / name, **({"packed": True} if more else {})}
            done = trip(Image(np.zeros((1, 3), np.uint8), masks={"m": mask}))
            np.testing.assert_array_equal(done.loaded.masks["m"], ids)

    def test_colour_files_ask_what_is_meant(self, tmp_path: Path) -> None:
        Pillow.fromarray(PIXELS).save(tmp_path / "colour.png")
        Pillow.fromarray(PIXELS[:, :, 0]).save(tmp_path / "grey.png")
        with pytest.raises(ValueError, match=r"is a RGB picture.*say 'packed': True"):
            Image(PIXELS, masks={"m": {"path": tmp_path / "colour.png"}})
        with pytest.raises(ValueError, match="a packed mask file is RGB"):
            Image(PIXELS, masks={"m": {"path": tmp_path / "grey.png", "packed": True}})

    @pytest.mark.slow
    @settings(max_examples=50, deadline=None)
    @given(arrays(np.uint32, st.tuples(st.integers(1, 9), st.integers(1, 9))))
    def test_any_ids(self, trip, ids: Any) -> None:
        done = trip(Image(np.zeros(ids.shape, np.uint8), masks={"m": {"mask_data": ids}}))
        np.testing.assert_array_equal(done.loaded.masks["m"], ids)


def test_a_torn_mask_file_is_kept_with_a_note(trip, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8)
    Pillow.fromarray(noise).save(tmp_path / "mask.png")
    torn = (tmp_path / "mask.png").read_bytes()[:4000]
    (tmp_path / "mask.png").write_bytes(torn)
    done = trip(Image(noise, masks={"m": {"path": tmp_path / "mask.png", "class_labels": {1: "a"}}}))
    layer = done.record.masks["m"]
    assert "can't be decoded" in layer.note
    assert done.blobs.get(layer.blob) == torn
    assert layer.class_labels == {1: "a"}
    assert [code for code, _, _ in diorama.media.record_warnings(done.record)] == ["image.mask"]
