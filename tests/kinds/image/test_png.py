"""The PNG encoder against Pillow's decoder."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from diorama.media.image.png import encode_png

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda size: st.sampled_from([size, (*size, 1), (*size, 2), (*size, 3), (*size, 4)])
)


def decoded(data: bytes) -> np.ndarray:
    image = Pillow.open(io.BytesIO(data))
    image.load()
    return np.asarray(image)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_eight_bits_are_exact(array: np.ndarray) -> None:
    expected = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    np.testing.assert_array_equal(decoded(encode_png(array)), expected)


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint16, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_sixteen_bits_are_exact(array: np.ndarray) -> None:
    np.testing.assert_array_equal(decoded(encode_png(array)), array)


def scene(seed: int) -> np.ndarray:
    """A smooth ramp with a disc and noise: what filters are for."""
    y, x = np.mgrid[:180, :230]
    ramp = np.stack([x, y, (x + y) / 2], -1).astype(float)
    ramp[(x - 100) ** 2 + (y - 90) ** 2 < 2500] = (200, 60, 30)
    noise = np.random.default_rng(seed).normal(0, 3 * seed, ramp.shape)
    return np.clip(ramp + noise, 0, 255).astype(np.uint8)


PICTURES = {
    "smooth": scene(0),
    "noisy": scene(1),
    "flat": np.zeros((300, 400, 3), np.uint8),
    "random": np.random.default_rng(0).integers(0, 256, (150, 170, 4), dtype=np.uint8),
    "stripes": np.tile(np.arange(256, dtype=np.uint8), (300, 3)),
    "labels": (scene(0)[:, :, 0] // 40),
    "wide": np.random.default_rng(0).integers(0, 256, (1, 60_000), dtype=np.uint8),
    "tall": np.random.default_rng(0).integers(0, 256, (60_000, 1, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
def test_large_pictures_are_exact_and_no_larger_than_pillows(name: str) -> None:
    array = PICTURES[name]
    data = encode_png(array)
    np.testing.assert_array_equal(decoded(data), array)
    by_pillow = io.BytesIO()
    Pillow.fromarray(array).save(by_pillow, "PNG")
    assert len(data) <= 1.1 * len(by_pillow.getvalue()) + 100


def test_layout_in_memory_does_not_matter() -> None:
    array = scene(1)
    for same in (np.asfortranarray(array), array[::1], array.transpose(2, 0, 1).copy().transpose(1, 2, 0)):
        np.testing.assert_array_equal(decoded(encode_png(same)), array)
    np.testing.assert_array_equal(decoded(encode_png(array[::-2, ::3])), array[::-2, ::3])
    deep = np.arange(600, dtype=">u2").reshape(20, 30) * 100
    np.testing.assert_array_equal(decoded(encode_png(deep.astype(np.uint16))), deep)


def test_palettes() -> None:
    indices = np.array([[0, 1], [2, 5]], np.uint8)
    data = encode_png(indices, palette=bytes([9, 9, 9, 255, 0, 0]), transparency=b"\xff\x80")
    image = Pillow.open(io.BytesIO(data))
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), indices)
    colours = np.asarray(image.convert("RGBA"))
    assert colours[0, 1].tolist() == [255, 0, 0, 128]
    assert colours[1, 1].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3), np.uint8),
        np.zeros((3, 3, 5), np.uint8),
        np.zeros(3, np.uint8),
        np.zeros((3, 3), np.int32),
        np.zeros((3, 3, 3), np.uint16),
    ],
    ids=["empty", "five channels", "one axis", "int32", "deep colour"],
)
def test_what_a_png_cannot_hold_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a PNG can't hold"):
        encode_png(array)
