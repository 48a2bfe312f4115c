"""Arrays become pixels: shapes, dtypes, scaling."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image as Pillow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diorama.media import Image, Video, record_warnings

GREY = np.array([[0, 100], [200, 255]], np.uint8)
COLOUR = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10


@pytest.mark.parametrize(
    ("array", "pixels", "normalized"),
    [
        (np.array([[0.0, 0.5, 1.0]]), [[0, 127, 255]], "unit"),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [[0, 127, 255]], "unit"),
        (np.array([[0.0, 0.5, 1.0]], np.float16), [[0, 127, 255]], "unit"),
        (np.array([[0.999, 0.001]]), [[254, 0]], "unit"),
        (np.array([[True, False]]), [[255, 0]], "unit"),
        (np.array([[1, 0]], np.uint8), [[255, 0]], "unit"),
        (np.array([[1, 0]], np.int64), [[255, 0]], "unit"),
        (np.array([[1, 0]], np.int8), [[255, 0]], "unit"),
        (np.array([[-1.0, 0.0, 1.0]]), [[0, 127, 255]], "signed"),
        (np.array([[-1, 0, 1]], np.int8), [[0, 127, 255]], "signed"),
        (np.array([[-0.5, 0.5]], np.float32), [[63, 191]], "signed"),
        (np.array([[0.0, 1.5, 2.0]]), [[0, 191, 255]], "minmax"),
        (np.array([[-3.0, 128.9, 300.0]]), [[0, 111, 255]], "minmax"),
        (np.array([[-3, 128, 300]]), [[0, 110, 255]], "minmax"),
        (np.array([[-1, 128, 256]]), [[0, 128, 255]], "none"),
        (np.array([[0.5, 128.9, 254.0]]), [[0, 128, 254]], "none"),
        (np.array([[0.0, 7.0, 20.0]]), [[0, 7, 20]], "none"),
        (np.array([[0.0, 128.0, 57600.0]]), [[0, 0, 224]], "deep"),
        (np.array([[-128, 5, 127]], np.int8), [[0, 133, 255]], "minmax"),
        (np.array([[0, 2**63]], np.uint64), [[0, 255]], "minmax"),
        (np.array([[0, 2, 255]]), [[0, 2, 255]], "none"),
        (np.array([[7, 7]], np.uint8), [[7, 7]], "none"),
        (np.array([[0.25]], np.longdouble), [[63]], "unit"),
    ],
)
def test_normalize(trip, array: np.ndarray, pixels: list[list[int]], normalized: str) -> None:
    done = trip(Image(array))
    assert done.loaded.array.tolist() == pixels
    assert done.record.normalized == normalized


@pytest.mark.parametrize(
    ("array", "pixels"),
    [
        (np.array([[0.0, 0.9, 1.0]]), [[0, 0, 1]]),
        (np.array([[0, 1, 255]], np.uint8), [[0, 1, 255]]),
        (np.array([[True, False]]), [[1, 0]]),
        (np.array([[-1, 256, 300]]), [[255, 0, 44]]),
        (np.array([[-1.9, 256.5, 300.0]]), [[255, 0, 44]]),
        (np.array([[np.nan, np.inf, 7.0]]), [[0, 0, 7]]),
        (np.array([[57600]], np.uint16), [[0]]),
    ],
)
def test_without_normalize_numbers_are_cast(trip, array: np.ndarray, pixels: list[list[int]]) -> None:
    done = trip(Image(array, normalize=False))
    assert done.loaded.array.tolist() == pixels
    assert done.record.normalized == "none"


def test_non_finite_numbers_are_black_or_white_and_counted(trip) -> None:
    array = np.array([[np.nan, np.inf, -np.inf, 0.5, 1.0]], np.float32)
    done = trip(Image(array))
    assert done.loaded.array.tolist() == [[0, 255, 0, 127, 255]]
    assert (done.record.normalized, done.record.non_finite, done.record.out_of_range) == ("unit", 3, 0)
    assert record_warnings(done.record) == [("image.non_finite", "a value of an image is NaN or infinite", 3)]
    assert trip(Image(np.full((2, 2), np.nan))).loaded.array.tolist() == [[0, 0], [0, 0]]
    wide = trip(Image(np.array([[np.inf, 300.0, -5.0, 9.0, np.nan]])))
    assert wide.loaded.array.tolist() == [[255, 255, 0, 11, 0]]
    assert (wide.record.non_finite, wide.record.out_of_range) == (2, 0)
    assert wide.record.shown_range == (-5, 300)


def test_clipped_numbers_are_counted(trip) -> None:
    record = trip(Image(np.array([[-3.0, 0.5, 300.0]]), normalize="unit")).record
    assert record.out_of_range == 2
    assert [(code, count) for code, _, count in record_warnings(record)] == [("image.clipped", 2)]
    assert record_warnings(trip(Image(GREY)).record) == []


FRAME = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
EIGHT_BITS = np.arange(256).reshape(16, 16)


def with_hair(frame: np.ndarray, value: float) -> np.ndarray:
    changed = frame.copy()
    changed[8, 8] = value
    return changed


@pytest.mark.parametrize(
    ("frame", "value", "rule", "pixel"),
    [
        (FRAME, 1.0000002, "unit", 255),
        (FRAME, -1e-7, "unit", 0),
        (FRAME, 1.003, "unit", 255),
        (FRAME * 2 - 1, -1.0000001, "signed", 0),
        (EIGHT_BITS.astype(np.float64), 255.00001, "none", 255),
        (EIGHT_BITS + 0.4, -0.3, "none", 0),
        (EIGHT_BITS.astype(np.int16), 256, "none", 255),
    ],
)
def test_a_hair_outside_a_range_is_clipped_and_keeps_the_rule(
    trip, frame: np.ndarray, value: float, rule: str, pixel: int
) -> None:
    done, plain = trip(Image(with_hair(frame, value))), trip(Image(frame))
    assert (done.record.normalized, done.record.out_of_range) == (rule, 1 + plain.record.out_of_range)
    assert done.record.shown_range is None
    assert record_warnings(done.record) == []
    np.testing.assert_array_equal(done.loaded.array, with_hair(plain.loaded.array, pixel))


@pytest.mark.parametrize(
    "numbers",
    [
        (np.random.default_rng(0).random((9, 9, 3)) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        np.random.default_rng(1).normal(0, 6, (9, 9)).astype(np.float32),
        np.random.default_rng(2).random((9, 9)) * 1.5,
        np.random.default_rng(2).random((9, 9)) * 1e8,
        np.random.default_rng(3).normal(0, 1e-4, (9, 9)),
        np.random.default_rng(3).normal(0, 1e-4, (9, 9)).astype(np.float16),
        np.random.default_rng(4).integers(-1000, 3000, (9, 9), dtype=np.int16),
        np.random.default_rng(4).integers(-1000, 3000, (9, 9, 3), dtype=np.int64),
        np.array([[-1e308, 0, 1e308]]),
    ],
    ids=["ImageNet", "logits", "1.5", "1e8", "filter", "float16", "CT", "int64", "huge"],
)
def test_any_other_range_is_stretched_and_the_record_says_from_where_to_where(
    trip, numbers: np.ndarray
) -> None:
    done = trip(Image(numbers))
    assert (done.record.normalized, done.record.out_of_range) == ("minmax", 0)
    assert done.record.shown_range == (float(numbers.min()), float(numbers.max()))
    assert (done.loaded.array.min(), done.loaded.array.max()) == (0, 255)


def test_integers_that_need_sixteen_bits_keep_them_in_every_container(trip, tmp_path: Path) -> None:
    numbers = np.linspace(0, 5000, 64).astype(np.uint16).reshape(8, 8)
    Pillow.fromarray(numbers).save(tmp_path / "deep.png")
    containers = [numbers, numbers.astype(np.int64), numbers.astype(">i2"), Pillow.fromarray(numbers)]
    containers += [Pillow.fromarray(numbers.astype(np.int32)), tmp_path / "deep.png"]
    shown = (numbers.astype(float) / 5000 * 255).astype(np.uint8)
    for container in containers:
        done = trip(Image(container))
        assert (done.loaded.array.dtype, done.record.mode[:1]) == (np.uint16, "I")
        np.testing.assert_array_equal(done.loaded.array, numbers)
        assert (done.record.normalized, done.record.shown_range) == ("none", (0, 5000))
        preview = Pillow.open(io.BytesIO(done.blobs.get(done.record.preview)))
        np.testing.assert_array_equal(np.asarray(preview), shown)
    deep = Pillow.fromarray(numbers)
    assert trip(Video([deep, deep], format="gif")).record.shown_range == (0, 5000)


def test_sixteen_bits_that_are_used_need_no_other_picture(trip) -> None:
    numbers = np.array([[0, 128, 57600]], np.uint16)
    done = trip(Image(numbers))
    assert (done.record.mode, done.record.preview, done.record.shown_range) == ("I;16", None, None)
    np.testing.assert_array_equal(done.loaded.array, numbers)
    jpg = trip(Image(numbers, file_type="jpg")).record
    assert (jpg.mode, jpg.normalized) == ("L", "deep")


def test_pixels_under_a_mask_are_left_out_and_counted(trip) -> None:
    grey = np.ma.array([[0, 128, 200]], mask=[[0, 0, 1]], dtype=np.uint8)
    done = trip(Image(grey))
    assert done.loaded.array.tolist() == [[0, 128, 0]]
    assert (done.record.normalized, done.record.non_finite) == ("none", 1)
    hidden = trip(Image(np.ma.array([[0.0, 0.5, 1e20]], mask=[[0, 0, 1]])))
    assert (hidden.loaded.array.tolist(), hidden.record.normalized) == ([[0, 127, 0]], "unit")
    clip = np.ma.array(np.full((2, 3, 4, 4), 9, np.uint8), mask=False)
    clip[0, 0, 0, 0] = np.ma.masked
    assert trip(Video(clip, format="gif")).record.non_finite == 1


def test_alpha_is_not_stretched_with_its_colours(trip) -> None:
    colours = np.array([[[-2.0, 0.0, 2.0, 0.5], [1.0, 1.0, 1.0, 1.0]]])
    done = trip(Image(colours))
    assert done.loaded.array.tolist() == [[[0, 127, 255, 127], [191, 191, 191, 255]]]
    assert done.record.shown_range == (-2, 2)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GREY, GREY),
        (GREY[:, :, None], GREY),
        (GREY[None], GREY),
        (GREY[None, None], GREY),
        (GREY[None, :, :, None], GREY),
        (GREY.tolist(), GREY),
        (tuple(map(tuple, GREY.tolist())), GREY),
        (COLOUR, COLOUR),
        (COLOUR[None], COLOUR),
        (COLOUR[None, None], COLOUR),
        (COLOUR.tolist(), COLOUR),
        (np.asfortranarray(COLOUR), COLOUR),
        (COLOUR.transpose(2, 0, 1).copy().transpose(1, 2, 0), COLOUR),
        (COLOUR[::-1, ::-1, ::-1], COLOUR[::-1, ::-1, ::-1]),
        (COLOUR[..., ::-1], COLOUR[..., ::-1]),
        (COLOUR[::-1], COLOUR[::-1]),
        (COLOUR[::-1, ::2, ::-1], COLOUR[::-1, ::2, ::-1]),
        (COLOUR.transpose(2, 0, 1).copy().transpose(1, 2, 0)[:, ::-1], COLOUR[:, ::-1]),
        (COLOUR[:1, :1], COLOUR[:1, :1]),
        (COLOUR[:1], COLOUR[:1]),
        (COLOUR[:, :1], COLOUR[:, :1]),
        (GREY[:1, :1], GREY[:1, :1]),
        (np.dstack([COLOUR, COLOUR[:, :, :1]]), np.dstack([COLOUR, COLOUR[:, :, :1]])),
    ],
)
def test_shapes(trip, given: Any, expected: np.ndarray) -> None:
    image = Image(given)
    np.testing.assert_array_equal(trip(image).loaded.array, expected)
    assert (image.height, image.width) == expected.shape[:2]
    np.testing.assert_array_equal(np.asarray(image.image), expected)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((10, 12, 2)), ValueError, r"Un-supported shape for image conversion \[10, 12, 2\]"),
        (np.zeros((3, 10, 12)), ValueError, r"transpose\(1, 2, 0\)"),
        (np.zeros(12), ValueError, r"Un-supported shape for image conversion \[12\]"),
        (np.array(5), ValueError, "Un-supported shape"),
        (np.zeros((2, 10, 12, 3)), TypeError, "a batch; log a list of images"),
        (np.zeros((0, 4)), ValueError, "no pixels"),
        (np.zeros((4, 0, 3)), ValueError, "no pixels"),
        (np.zeros((1, 65_501), np.uint8), ValueError, "the limit is 65,500 per side"),
        (np.zeros((2, 2), complex), TypeError, "complex128"),
        (np.array([["a", "b"]]), TypeError, "dtype <U1"),
        (np.array([[None, 1]]), TypeError, "dtype object"),
        ([[1, 2], [3]], ValueError, "rows of the picture differ in length"),
        (None, TypeError, "can't make an image of NoneType"),
        (5, TypeError, "can't make an image of int"),
        ({"a": 1}, TypeError, "can't make an image of dict"),
    ],
)
def test_wrong_arrays_fail_at_the_users_line(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Image(given)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"file_type": "webp"}, ValueError, r"file_type must be one of \['png', 'jpg', 'jpeg', 'bmp'\]"),
        ({"mode": "XYZ"}, ValueError, "mode must be one of"),
        ({"masks": [1]}, ValueError, 'Images "masks" argument must be a dictionary'),
        ({"boxes": [1]}, ValueError, 'Images "boxes" argument must be a dictionary'),
        ({"classes": [{"id": 1}]}, AssertionError, "'id' and a 'name'"),
        ({"classes": 3}, TypeError, "list of dicts"),
        ({"classes": [3]}, TypeError, "each class must be a dict"),
        ({"classes": [{"id": "car", "name": "car"}]}, ValueError, "class id 'car' is no integer"),
        ({"grouping": "a"}, TypeError, "integer"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Image(GREY, **options)


def test_changing_the_array_afterwards_changes_nothing(trip) -> None:
    array = COLOUR.copy()
    labels = np.zeros((2, 3), np.uint8)
    image = Image(array, masks={"m": {"mask_data": labels}})
    array[:] = 0
    labels[:] = 9
    loaded = trip(image).loaded
    np.testing.assert_array_equal(loaded.array, COLOUR)
    assert not loaded.masks["m"].any()


def test_sixteen_bits_on_request(trip) -> None:
    array = np.array([[0, 300, 65535]], np.uint16)
    done = trip(Image(array, mode="I;16"))
    np.testing.assert_array_equal(done.loaded.array, array)
    assert (done.loaded.array.dtype, done.record.mode, done.record.normalized) == (np.uint16, "I;16", "none")
    assert trip(Image(np.array([[0.0, 1.0]]), mode="I;16")).loaded.array.tolist() == [[0, 65535]]
    assert trip(Image(COLOUR, mode="I;16")).record.mode == "I;16"


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("L", (2, 3)), ("RGB", (2, 3, 3)), ("RGBA", (2, 3, 4)), ("LA", (2, 3, 2)), ("1", (2, 3))],
)
def test_mode_converts(trip, mode: str, shape: tuple[int, ...]) -> None:
    assert trip(Image(COLOUR, mode=mode)).loaded.array.shape == shape


def expected_pixels(array: np.ndarray, rule: str, black: float, white: float) -> np.ndarray:
    """The table of diorama.media.scale, one number at a time."""
    wide = array.astype(np.float32) if array.dtype == np.float16 else array
    kind = wide.dtype.type if wide.dtype.kind == "f" else float

    def pixel(x: Any) -> int:
        if math.isnan(x) or x == -math.inf:
            return 0
        if x == math.inf:
            return 255
        scaled = {
            "unit": lambda: kind(x) * kind(255),
            "signed": lambda: (kind(x) + kind(1)) * kind(127.5),
            "none": lambda: x,
            "deep": lambda: x // 257,
            "minmax": lambda: (
                (float(x) / 2 - black / 2) / (white / 2 - black / 2) * 255 if white > black else 0
            ),
        }[rule]()
        return min(255, max(0, int(scaled)))

    numbers = [pixel(x if array.dtype.kind == "f" else int(x)) for x in wide.reshape(-1)]
    return np.array(numbers, np.uint8).reshape(array.shape)


NUMBERS = st.sampled_from(
    [
        np.bool_,
        np.uint8,
        np.int8,
        np.uint16,
        np.int16,
        np.int32,
        np.uint64,
        np.int64,
        np.float16,
        np.float32,
        np.float64,
    ]
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_array_travels_or_is_refused(trip, data: st.DataObject) -> None:
    dtype = data.draw(NUMBERS)
    shape = data.draw(array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5))
    small = st.floats(-1, 1, width=16) if np.dtype(dtype).kind == "f" and data.draw(st.booleans()) else None
    array = data.draw(arrays(dtype, shape, elements=small))
    try:
        image = Image(array)
    except (ValueError, TypeError):
        is_plain_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
        assert not (is_plain_picture and array.size)
        return
    done = trip(image)
    loaded = done.loaded.array
    assert loaded.size == array.size
    if done.record.mode == "I;16":
        np.testing.assert_array_equal(loaded.reshape(-1), array.reshape(-1))
        return
    assert loaded.dtype == np.uint8
    if loaded.ndim == 3 and loaded.shape[2] == 4 and done.record.shown_range:
        array, loaded = array.reshape(loaded.shape)[..., :3], loaded[..., :3]  # alpha goes its own way
    black, white = done.record.shown_range or (0, 0)
    expected = expected_pixels(array, done.record.normalized, black, white)
    np.testing.assert_array_equal(loaded.reshape(-1), expected.reshape(-1))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.sampled_from([(), (3,), (4,)])).flatmap(
        lambda size: arrays(np.uint8, (size[0], size[1], *size[2]), elements=st.integers(2, 255))
    )
)
def test_eight_bit_arrays_come_back_as_they_are(trip, array: np.ndarray) -> None:
    np.testing.assert_array_equal(trip(Image(array)).loaded.array, array)
