"""Masks, boxes and classes over images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from diorama.media import BoundingBoxes2D, Classes, Image, ImageMask

PIXELS = np.zeros((2, 3, 3), np.uint8)
IDS = np.array([[0, 1, 1], [2, 2, 2]])


def with_mask(mask: Any, **options: Any) -> Image:
    return Image(PIXELS, masks={"truth": mask}, **options)


def with_boxes(*boxes: Any, **options: Any) -> Image:
    return Image(PIXELS, boxes={"found": {"box_data": list(boxes), **options}})


class TestMasks:
    @pytest.mark.parametrize(
        "mask_data",
        [
            IDS,
            IDS.tolist(),
            IDS.astype(np.uint8),
            IDS.astype(float),
            IDS.astype(">i2"),
            np.asfortranarray(IDS),
            IDS.astype(np.uint16),
        ],
        ids=["int64", "list", "uint8", "float", "big-endian", "fortran", "uint16"],
    )
    def test_inputs(self, trip, mask_data: Any) -> None:
        done = trip(with_mask({"mask_data": mask_data, "class_labels": {0: "sky"}}))
        layer = done.record.masks["truth"]
        np.testing.assert_array_equal(done.loaded.masks["truth"], IDS)
        assert (layer.width, layer.height, layer.bit_depth) == (3, 2, 8)
        assert layer.areas == {0: 1, 1: 2, 2: 3}
        assert layer.class_labels == {0: "sky", 1: "class_1", 2: "class_2"}
        assert done.loaded.mask_labels == {"truth": layer.class_labels}

    def test_tensors(self, trip, tensor) -> None:
        for mask in (
            tensor(IDS),
            tensor(IDS, device="cuda:0"),
            tensor(IDS.astype(float), requires_grad=True),
        ):
            np.testing.assert_array_equal(trip(with_mask({"mask_data": mask})).loaded.masks["truth"], IDS)

    def test_bools(self, trip) -> None:
        np.testing.assert_array_equal(trip(with_mask({"mask_data": IDS > 0})).loaded.masks["truth"], IDS > 0)

    def test_more_than_255_classes(self, trip) -> None:
        ids = np.array([[0, 256, 65535], [1, 1, 1]])
        done = trip(with_mask({"mask_data": ids}))
        np.testing.assert_array_equal(done.loaded.masks["truth"], ids)
        assert done.record.masks["truth"].bit_depth == 16
        assert done.record.masks["truth"].areas == {0: 1, 1: 3, 256: 1, 65535: 1}

    def test_shared_classes_name_ids(self, trip) -> None:
        classes = Classes([{"id": 1, "name": "car"}, {"id": 9, "name": "bus"}])
        record = trip(with_mask({"mask_data": IDS, "class_labels": {2: "road"}}, classes=classes)).record
        assert record.classes == {1: "car", 9: "bus"}
        assert record.masks["truth"].class_labels == {0: "class_0", 1: "car", 2: "road"}

    def test_mask_objects(self, trip) -> None:
        mask = ImageMask({"mask_data": IDS}, "truth")
        np.testing.assert_array_equal(mask.array(), IDS)
        np.testing.assert_array_equal(trip(with_mask(mask)).loaded.masks["truth"], IDS)

    @pytest.mark.parametrize("mode", ["L", "P", "I;16", "1"])
    @pytest.mark.parametrize("ending", ["png", "tiff"])
    def test_files(self, trip, tmp_path: Path, mode: str, ending: str) -> None:
        ids = (IDS > 0) if mode == "1" else IDS.astype(np.uint16 if mode == "I;16" else np.uint8)
        picture = Pillow.fromarray(ids)
        if mode == "P":
            picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
        picture.save(tmp_path / f"mask.{ending}")
        for path in (tmp_path / f"mask.{ending}", str(tmp_path / f"mask.{ending}")):
            np.testing.assert_array_equal(trip(with_mask({"path": path})).loaded.masks["truth"], ids)

    @pytest.mark.parametrize("bits", [1, 2, 4])
    def test_files_of_few_bits(self, trip, tmp_path: Path, bits: int) -> None:
        import struct
        import zlib

        def chunk(name: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        ids = IDS if bits > 1 else (IDS > 0).astype(int)
        rows = b"".join(
            b"\x00"
            + int("".join(f"{i:0{bits}b}" for i in row).ljust(-(-3 * bits // 8) * 8, "0"), 2).to_bytes(
                -(-3 * bits // 8), "big"
            )
            for row in ids.tolist()
        )
        (tmp_path / "few.png").write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, bits, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b"")
        )
        np.testing.assert_array_equal(
            trip(with_mask({"path": tmp_path / "few.png"})).loaded.masks["truth"], ids
        )

    @pytest.mark.parametrize(
        ("mask", "error", "message"),
        [
            ({}, KeyError, "needs either 'mask_data' or 'path'"),
            ({"class_labels": {}}, KeyError, "mask_data"),
            (
                {"mask_data": np.zeros((2, 3, 1), int)},
                TypeError,
                r"mask_data must be a 2D array.*\[2, 3, 1\]",
            ),
            ({"mask_data": [[1], [1, 2]]}, TypeError, "mask_data must be a 2D array"),
            ({"mask_data": np.zeros((0, 3), int)}, TypeError, "mask_data must be a 2D array"),
            ({"mask_data": IDS - 1}, TypeError, "integers between 0 and 4294967295.*-1..1"),
            ({"mask_data": IDS * 2**32}, TypeError, "integers between 0 and 4294967295"),
            ({"mask_data": IDS / 2}, TypeError, "has fractions"),
            ({"mask_data": np.full((2, 3), np.nan)}, TypeError, "integers between 0 and 4294967295"),
            ({"mask_data": np.full((2, 3), "a")}, TypeError, "dtype <U1"),
            (
                {"mask_data": IDS, "class_labels": {"1": "a"}},
                TypeError,
                "Class labels must be a dictionary of numbers to strings",
            ),
            ({"mask_data": IDS, "class_labels": {1: 2}}, TypeError, "Class labels must be"),
            ({"mask_data": IDS, "class_labels": {1.5: "a"}}, TypeError, "Class labels must be"),
            ({"mask_data": IDS, "class_labels": ["a"]}, TypeError, "Class labels must be"),
            ({"path": "no-such-mask.png"}, FileNotFoundError, "no-such-mask"),
            (IDS, TypeError, r"masks\['truth'\] must be a dict"),
        ],
    )
    def test_errors(self, mask: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            with_mask(mask)

    def test_wrong_files(self, tmp_path: Path) -> None:
        Pillow.fromarray(PIXELS).save(tmp_path / "colour.png")
        Pillow.fromarray(PIXELS[:, :, 0]).save(tmp_path / "lossy.jpg")
        with pytest.raises(ValueError, match="is a RGB picture"):
            with_mask({"path": tmp_path / "colour.png"})
        with pytest.raises(ValueError, match="changes class ids"):
            with_mask({"path": tmp_path / "lossy.jpg"})

    @pytest.mark.parametrize("shape", [(1, 1), (4, 6), (3, 2)])
    def test_a_mask_of_another_size_warns_once_and_keeps_its_own(self, trip, shape: tuple[int, int]) -> None:
        ids = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
        with pytest.warns(UserWarning, match=r"masks\['truth'\] is .* its image 3x2") as caught:
            image = with_mask({"mask_data": ids})
        assert (len(caught), caught[0].filename) == (1, __file__)
        done = trip(image)
        mask = done.record.masks["truth"]
        assert (mask.height, mask.width) == shape
        np.testing.assert_array_equal(done.loaded.masks["truth"], ids)

    @pytest.mark.parametrize("size", [(40, 20), (20, 10)])
    @pytest.mark.parametrize("orientation", [5, 6, 7, 8])
    def test_a_mask_of_a_turned_photo_that_lies_as_its_file_does(
        self, tmp_path: Path, size: tuple[int, int], orientation: int
    ) -> None:
        photo = Pillow.new("RGB", (40, 20))
        photo.getexif()[0x0112] = orientation
        photo.save(tmp_path / "photo.jpg", exif=photo.getexif())
        mask = np.zeros(size[::-1], np.uint8)
        with pytest.raises(ValueError, match=rf"orientation \({orientation}\).*exif_transpose.*np\.asarray"):
            Image(tmp_path / "photo.jpg", masks={"truth": {"mask_data": mask}})
        upright = Image(tmp_path / "photo.jpg", masks={"truth": {"mask_data": np.zeros((40, 20), np.uint8)}})
        assert (upright.width, upright.height) == (20, 40)
        with Pillow.open(tmp_path / "photo.jpg") as lying:
            Image(np.asarray(lying), masks={"truth": {"mask_data": np.zeros((20, 40), np.uint8)}})

    def test_leading_axes_of_size_one_are_dropped(self, trip) -> None:
        done = trip(with_mask({"mask_data": IDS[None, None]}))
        np.testing.assert_array_equal(done.loaded.masks["truth"], IDS)

    def test_ids_under_a_numpy_mask_are_no_ids(self) -> None:
        with pytest.raises(TypeError, match="integers between 0 and"):
            with_mask({"mask_data": np.ma.array(IDS, mask=IDS == 1)})

    def test_typing_slips_are_told(self) -> None:
        with pytest.warns(UserWarning, match=r"unknown keys \['class_label'\]") as caught:
            with_mask({"mask_data": IDS, "class_label": {}})
        assert caught[0].filename == __file__

    def test_label_ids_may_be_numpy_numbers(self, trip) -> None:
        labels = {np.int64(0): "a", np.uint8(1): "b", 2.0: "c"}
        record = trip(with_mask({"mask_data": IDS, "class_labels": labels})).record
        assert record.masks["truth"].class_labels == {0: "a", 1: "b", 2: "c"}

    @pytest.mark.slow
    @settings(max_examples=80, deadline=None)
    @given(
        arrays(
            st.sampled_from([np.uint8, np.uint16, np.int32, np.int64, np.float64]),
            st.tuples(st.integers(1, 20), st.integers(1, 20)),
            elements=st.integers(0, 255),
        ),
        st.sampled_from([1, 1, 257]),
    )
    def test_any_mask_is_exact(self, trip, ids: np.ndarray, factor: int) -> None:
        ids = ids if ids.dtype == np.uint8 else ids * ids.dtype.type(factor)
        done = trip(Image(np.zeros(ids.shape, np.uint8), masks={"m": {"mask_data": ids}}))
        np.testing.assert_array_equal(done.loaded.masks["m"], ids)
        values, counts = np.unique(ids, return_counts=True)
        assert done.record.masks["m"].areas == {int(v): int(c) for v, c in zip(values, counts, strict=True)}


class TestBoxes:
    def test_both_forms_mixed(self, trip) -> None:
        corners = {
            "position": {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4},
            "class_id": 2,
            "box_caption": "a lion",
            "scores": {"acc": 0.5, "loss": -1.25},
        }
        middle = {
            "position": {"middle": [10, 20.5], "width": 5, "height": 7},
            "class_id": 3,
            "domain": "pixel",
        }
        done = trip(with_boxes(corners, middle, class_labels={2: "lion"}))
        assert done.loaded.boxes["found"]["box_data"] == [corners, middle]
        assert done.loaded.boxes["found"]["class_labels"] == {2: "lion", 3: "class_3"}
        first, second = done.record.boxes["found"].boxes
        assert (first.form, first.position, first.domain) == ("corners", (0.1, 0.2, 0.3, 0.4), "fraction")
        assert (second.form, second.position, second.domain) == ("middle", (10, 20.5, 5, 7), "pixel")

    def test_numpy_and_tensor_numbers(self, trip, tensor) -> None:
        class Scalar:
            def __float__(self) -> float:
                return 0.25

            def __index__(self) -> int:
                return 4

        box = {
            "position": {"middle": tensor([1.0, 2.0]), "width": np.float32(0.5), "height": Scalar()},
            "class_id": np.int64(3),
            "scores": {"s": np.float16(0.5), "t": Scalar(), "u": tensor(0.75, requires_grad=True)},
        }
        [record] = trip(with_boxes(box, {**box, "class_id": Scalar()})).record.boxes["found"].boxes[:1]
        assert record.position == (1.0, 2.0, 0.5, 0.25)
        assert (record.class_id, record.scores) == (3, {"s": 0.5, "t": 0.25, "u": 0.75})

    def test_other_keys_are_kept(self, trip) -> None:
        box = {
            "position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1},
            "class_id": 1,
            "track": 7,
            "tags": ["x"],
        }
        assert trip(with_boxes(box)).loaded.boxes["found"]["box_data"] == [box]

    def test_no_boxes(self, trip) -> None:
        assert trip(with_boxes()).loaded.boxes == {"found": {"box_data": [], "class_labels": {}}}

    def test_class_id_may_miss_when_there_are_labels(self, trip) -> None:
        box = {"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}}
        assert trip(with_boxes(box, class_labels={1: "a"})).record.boxes["found"].boxes[0].class_id is None
        with pytest.raises(KeyError, match="class_id"):
            with_boxes(box)

    def test_box_objects(self, trip) -> None:
        box = {"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 1}
        layer = BoundingBoxes2D({"box_data": (box,)}, "found")
        assert trip(Image(PIXELS, boxes={"found": layer})).loaded.boxes["found"]["box_data"] == [box]

    def test_infinite_numbers_do_not_stop_a_training(self, trip) -> None:
        box = {"position": {"minX": float("-inf"), "maxX": 1e300, "minY": 0, "maxY": 1}, "class_id": 1}
        assert trip(with_boxes(box)).loaded.boxes["found"]["box_data"] == [box]

    GOOD: Any = {"position": {"minX": 0, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 1}  # noqa: RUF012 read only

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"position": None}, TypeError, r"box_data'\]\[0\]\['position'\] needs minX"),
            ({"position": {"minX": 1}}, TypeError, "needs minX"),
            (
                {"position": {"minX": "0", "maxX": 1, "minY": 0, "maxY": 1}},
                TypeError,
                r"\['minX'\] must be a number",
            ),
            (
                {"position": {"middle": [1], "width": 1, "height": 1}},
                TypeError,
                r"middle'\] must be \[x, y\]",
            ),
            ({"position": {"middle": 1, "width": 1, "height": 1}}, TypeError, "middle"),
            ({"position": {"minX": np.zeros(2), "maxX": 1, "minY": 0, "maxY": 1}}, TypeError, "one number"),
            ({"class_id": 1.5}, TypeError, r"class_id'\] must be an integer"),
            ({"class_id": "car"}, TypeError, "must be an integer"),
            ({"box_caption": 5}, TypeError, "box_caption"),
            ({"scores": [1]}, TypeError, "scores"),
            ({"scores": {"a": "high"}}, TypeError, r"scores'\]\['a'\] must be a number"),
            ({"scores": {1: 1}}, TypeError, "scores"),
            ({"domain": "foo"}, ValueError, "must be 'pixel' or 'fraction', not 'foo'"),
            ({"own": object()}, TypeError, "no plain values"),
            ({"own": 2**70}, TypeError, "no plain values"),
            ({"scores": {"a": 10**400}}, TypeError, "must be one number"),
            ({"class_id": 2**60}, ValueError, "class ids go up to"),
        ],
    )
    def test_errors(self, change: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            with_boxes({**self.GOOD, **change})

    @pytest.mark.parametrize(
        ("layer", "error", "message"),
        [
            ({}, KeyError, "box_data"),
            ({"box_data": {}}, TypeError, "must be a list, not dict"),
            ({"box_data": [5]}, TypeError, r"\[0\] must be a dict"),
            ([], TypeError, "must be a dict"),
            ({"box_data": [], "class_labels": {"a": "b"}}, TypeError, "Class labels must be"),
        ],
    )
    def test_wrong_layers(self, layer: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Image(PIXELS, boxes={"found": layer})

    NUMBER = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)

    @pytest.mark.slow
    @settings(max_examples=80, deadline=None)
    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "position": st.fixed_dictionaries(dict.fromkeys(("minX", "maxX", "minY", "maxY"), NUMBER))
                    | st.fixed_dictionaries(
                        {
                            "middle": st.lists(NUMBER, min_size=2, max_size=2),
                            "width": NUMBER,
                            "height": NUMBER,
                        }
                    ),
                    "class_id": st.integers(-(2**31), 2**31),
                },
                optional={
                    "domain": st.just("pixel"),
                    "box_caption": st.text(),
                    "scores": st.dictionaries(st.text(), NUMBER, min_size=1),
                },
            )
        )
    )
    def test_any_boxes_come_back_as_given(self, trip, boxes: list[dict[str, Any]]) -> None:
        assert trip(with_boxes(*boxes)).loaded.boxes["found"]["box_data"] == boxes


def test_classes() -> None:
    classes = Classes(
        [{"id": 0, "name": "road"}, {"id": "7", "name": "car"}, {"id": np.int64(2), "name": "bus"}]
    )
    assert classes.names == {0: "road", 7: "car", 2: "bus"}
    assert classes == Classes([{"id": 2, "name": "bus"}, {"id": 0, "name": "road"}, {"id": 7, "name": "car"}])
    assert hash(classes) == hash(Classes([{"id": k, "name": v} for k, v in classes.names.items()]))


class TestColours:
    CLASSES = (
        {"id": 0, "name": "road", "color": "#0f8"},
        {"id": 1, "name": "car", "color": [255, 0, 16]},
        {"id": 2, "name": "tree", "color": np.array([1, 2, 3])},
        {"id": 3, "name": "sky"},
    )
    COLORS = {0: "#00ff88", 1: "#ff0010", 2: "#010203"}  # noqa: RUF012

    def test_shared_by_all_layers(self, trip) -> None:
        done = trip(
            Image(
                PIXELS,
                classes=list(self.CLASSES),
                masks={"truth": {"mask_data": IDS}},
                boxes={
                    "found": {
                        "box_data": [{"position": {"middle": [0, 0], "width": 1, "height": 1}, "class_id": 1}]
                    }
                },
            )
        )
        assert done.record.class_colors == self.COLORS
        present = {each: self.COLORS[each] for each in np.unique(IDS).tolist() if each in self.COLORS}
        assert done.record.masks["truth"].class_colors == present
        assert done.record.boxes["found"].class_colors == {1: "#ff0010"}
        assert done.loaded.boxes["found"]["class_labels"] == [{"id": 1, "name": "car", "color": "#ff0010"}]

    @pytest.mark.parametrize("part", ["boxes", "polygons", "keypoints"])
    def test_of_a_layer_of_its_own(self, trip, part: str) -> None:
        data = {"boxes": "box_data", "polygons": "polygon_data", "keypoints": "keypoint_data"}[part]
        shape = {
            "points": [[0, 0], [1, 0], [1, 1]],
            "position": {"middle": [0, 0], "width": 1, "height": 1},
            "class_id": 2,
        }
        shape = {
            key: each for key, each in shape.items() if key != ("points" if part == "boxes" else "position")
        }
        layer = {data: [shape], "class_labels": list(self.CLASSES)}
        options: Any = {part: {"a": layer}, "classes": [{"id": 2, "name": "x", "color": "#fff"}]}
        stored = getattr(trip(Image(PIXELS, **options)).record, part)["a"]
        assert (stored.class_labels[2], stored.class_colors[2]) == ("tree", "#010203")
        mask = trip(with_mask({"mask_data": IDS, "class_labels": list(self.CLASSES)})).record.masks["truth"]
        assert mask.class_colors == self.COLORS

    @pytest.mark.parametrize("color", ["red", "#12", "#12345g", [1, 2], [0.5, 0.5, 0.5], [0, 0, 256], 7, {}])
    def test_what_is_no_colour(self, color: Any) -> None:
        with pytest.raises(ValueError, match="a class's color is"):
            Image(PIXELS, classes=[{"id": 0, "name": "road", "color": color}])
