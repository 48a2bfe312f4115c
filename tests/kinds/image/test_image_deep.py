"""Images of more than 8 bits: the picture that is shown, and the values as they were logged beside it."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from diorama.media import Image

RAMP = np.linspace(-3, 9, 12, dtype=np.float32).reshape(3, 4)


def bits_of(array: Any) -> bytes:
    return np.ascontiguousarray(array).tobytes()


def png16(array: Any) -> bytes:
    """A 16-bit PNG; Pillow can't write those in colour."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[1 if array.ndim == 2 else array.shape[2]]
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in array)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


class TestArrays:
    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i2", "i4", "i8", "u2", "u4", "u8", "i1"])
    def test_values_come_back_with_their_dtype(self, trip, dtype: str) -> None:
        values = (np.arange(24).reshape(4, 6) * 5 - (0 if dtype[-2] == "u" else 7)).astype(dtype)
        done = trip(Image(values))
        assert done.loaded.original.dtype == np.dtype(dtype)
        assert bits_of(done.loaded.original) == bits_of(values)
        assert done.loaded.array.dtype == (np.uint16 if done.record.mode == "I;16" else np.uint8)
        assert (done.record.original.low, done.record.original.high) == (values.min(), values.max())

    def test_the_shown_picture_is_stretched(self, trip) -> None:
        done = trip(Image(RAMP))
        stretched = (RAMP - RAMP.min()) / (RAMP.max() - RAMP.min()) * 255
        np.testing.assert_allclose(done.loaded.array, stretched, atol=1)
        assert done.record.shown_range == (RAMP.min(), RAMP.max())

    @pytest.mark.parametrize(
        "values",
        [np.arange(12, dtype=np.uint8).reshape(3, 4), np.eye(3, dtype=bool), Pillow.new("RGB", (4, 3))],
    )
    def test_eight_bits_have_no_second_blob(self, trip, values: Any) -> None:
        done = trip(Image(values))
        assert done.record.original is None
        assert done.loaded.original is None
        assert len(done.blobs.held) == 1

    @pytest.mark.parametrize(
        ("values", "form"),
        [
            (np.arange(12, dtype=np.int64).reshape(3, 4) * 20, "picture"),
            (np.arange(12, dtype=np.uint8).reshape(3, 4).astype(np.float32) / np.float32(255), "unit"),
            (np.arange(12).reshape(3, 4) / 255, "unit"),
            (np.array([[0.0, 255.0]], np.float32), "picture"),
            (np.array([[-0.0, 1.0]], np.float32), "npy"),
            (np.array([[0.5, np.nan]], np.float32), "npy"),
            (np.array([[0.123, 1.0]], np.float32), "npy"),
        ],
    )
    def test_what_the_picture_tells_is_not_stored_twice(self, trip, values: Any, form: str) -> None:
        done = trip(Image(values))
        assert done.record.original.form == form
        assert len(done.blobs.held) == (2 if form == "npy" else 1)
        assert bits_of(done.loaded.original) == bits_of(values)

    def test_sixteen_bit_grey_is_the_picture_itself(self, trip) -> None:
        values = np.array([[0, 256, 65535]], np.uint16)
        done = trip(Image(values, mode="I;16"))
        assert (done.record.mode, done.record.original.form) == ("I;16", "picture")
        assert done.loaded.original.tolist() == values.tolist()

    def test_nan_payloads_are_kept(self, trip) -> None:
        values = np.array([0x7FC0_1234, 0xFFC0_0001, 0x7F80_0000, 0x3F80_0000], np.uint32).view(np.float32)
        done = trip(Image(values.reshape(2, 2)))
        assert bits_of(done.loaded.original) == bits_of(values)
        assert done.record.non_finite == 3
        assert (done.record.original.low, done.record.original.high) == (1, 1)

    def test_the_blob_is_plain_numpy(self, trip) -> None:
        done = trip(Image(np.tile(RAMP, (50, 50))))
        data = done.blobs.get(done.record.original.blob)
        unpacked = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        read = np.load(io.BytesIO(unpacked), allow_pickle=False)
        np.testing.assert_array_equal(read, np.tile(RAMP, (50, 50)))
        assert len(data) < len(unpacked)

    def test_keeping_can_be_turned_off_and_is_off_for_jpg(self, trip) -> None:
        assert trip(Image(RAMP, keep_original=False)).record.original is None
        assert trip(Image(RAMP, file_type="jpg")).record.original is None
        done = trip(Image(RAMP, file_type="jpg", keep_original=True))
        assert bits_of(done.loaded.original) == bits_of(RAMP)
        assert trip(Image(Image(RAMP, keep_original=False))).record.original is None

    def test_channels_first_and_flipped(self, trip, tensor) -> None:
        values = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
        assert bits_of(trip(Image(tensor(values))).loaded.original) == bits_of(values.transpose(1, 2, 0))
        flipped = values.transpose(1, 2, 0)[::-1, :, ::-1]
        assert bits_of(trip(Image(flipped)).loaded.original) == bits_of(flipped)

    def test_changing_the_array_afterwards_changes_nothing(self, trip) -> None:
        values = RAMP.copy()
        image = Image(values)
        values[:] = 0
        assert bits_of(trip(image).loaded.original) == bits_of(RAMP)

    @pytest.mark.slow
    @settings(max_examples=60, deadline=None)
    @given(
        arrays(
            st.sampled_from([np.float16, np.float32, np.float64, np.int16, np.int64, np.uint32]),
            st.tuples(st.integers(1, 6), st.integers(1, 6))
            | st.tuples(st.integers(2, 5), st.integers(2, 5), st.sampled_from([3, 4])),
        ),
        st.sampled_from([True, False, "unit", "minmax", "percentile"]),
    )
    def test_any_values_come_back_bit_by_bit(self, trip, values: Any, normalize: Any) -> None:
        done = trip(Image(values, normalize=normalize))
        assert bits_of(done.loaded.original) == bits_of(values)
        assert done.loaded.original.shape == values.shape
        assert done.loaded.array.dtype == (np.uint16 if done.record.mode == "I;16" else np.uint8)


class TestNormalize:
    @pytest.mark.parametrize(
        ("rule", "shown", "shown_range", "clipped"),
        [
            ("unit", [0, 0, 127, 255, 255], (0, 1), 2),
            ("minmax", [0, 63, 95, 127, 255], (-2, 2 * 3), 0),
        ],
    )
    def test_rules(self, trip, rule: str, shown: list[int], shown_range: Any, clipped: int) -> None:
        values = np.array([[-2, 0, 0.5 if rule == "unit" else 1, 1 if rule == "unit" else 2, 6]])
        done = trip(Image(values, normalize=rule))
        assert done.loaded.array.tolist() == [shown]
        assert (done.record.normalized, done.record.shown_range) == (rule, shown_range)
        assert done.record.out_of_range == clipped

    def test_percentiles_leave_outliers_out(self, trip) -> None:
        values = np.r_[np.linspace(0, 100, 10_000), 1e9].reshape(1, -1)[:, :10_000].astype(np.float64)
        values[0, 0] = 1e12
        done = trip(Image(values, normalize="percentile"))
        low, high = done.record.shown_range
        assert 0.9 < low < 1.1
        assert 98 < high < 100
        assert done.loaded.array[0, 0] == 255
        assert done.record.out_of_range == 0

    @pytest.mark.parametrize("rule", ["unit", "minmax", "percentile"])
    def test_nothing_finite_and_constants(self, trip, rule: str) -> None:
        done = trip(Image(np.array([[np.nan, np.inf, -np.inf]]), normalize=rule))
        assert done.loaded.array.tolist() == [[0, 255, 0]]
        assert done.record.non_finite == 3
        assert trip(Image(np.full((2, 2), 7), normalize=rule)).loaded.array.max() in (0, 255)

    def test_alpha_is_not_stretched(self, trip) -> None:
        values = np.zeros((1, 2, 4), np.float32)
        values[0, 1] = [10, 20, 40, 0.5]
        done = trip(Image(values, normalize="minmax"))
        assert done.loaded.array[0].tolist() == [[0, 0, 0, 0], [63, 127, 255, 127]]

    def test_of_pillow_images_too(self, trip) -> None:
        deep = Pillow.fromarray(np.array([[1000, 3000]], np.uint16))
        assert trip(Image(deep, normalize="minmax")).loaded.array.tolist() == [[0, 255]]
        assert trip(
            Image(Pillow.fromarray(np.array([[10, 30]], np.uint8)), normalize="minmax")
        ).loaded.array.tolist() == [[0, 255]]

    def test_copies_keep_the_rule(self, trip) -> None:
        assert trip(Image(Image(RAMP, normalize="minmax"))).record.normalized == "minmax"

    @pytest.mark.parametrize("rule", ["", "max", "MINMAX"])
    def test_unknown_rules(self, rule: str) -> None:
        with pytest.raises(ValueError, match="normalize must be True, False or one of"):
            Image(RAMP, normalize=rule)


class TestFiles:
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_deep_png(self, trip, channels: int) -> None:
        shape = (5, 7) if channels == 1 else (5, 7, channels)
        values = np.random.default_rng(0).integers(0, 65536, shape, dtype=np.uint16)
        done = trip(Image(png16(values)))
        assert done.loaded.file == png16(values)
        assert (done.record.original.form, done.record.original.dtype) == ("picture", "<u2")
        np.testing.assert_array_equal(done.loaded.original, values)

    @pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
    def test_deep_tiff(self, trip, tmp_path: Path, dtype: Any) -> None:
        values = (np.arange(20).reshape(4, 5) * 3000).astype(dtype)
        Pillow.fromarray(values).save(tmp_path / "deep.tiff")
        done = trip(Image(tmp_path / "deep.tiff", normalize="minmax"))
        assert done.loaded.file == (tmp_path / "deep.tiff").read_bytes()
        np.testing.assert_array_equal(done.loaded.original, values)
        assert done.loaded.array[-1, -1] == 255
        assert done.record.shown_range == (0, 57_000)

    @pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 3), (3, 4, 4)])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_npy(self, trip, tmp_path: Path, shape: tuple[int, ...], order: str) -> None:
        numbers = np.random.default_rng(0).normal(size=shape)
        values = np.asfortranarray(numbers) if order == "F" else numbers
        np.save(tmp_path / "a.npy", values)
        image = Image(tmp_path / "a.npy", normalize="minmax")
        assert (image.width, image.height, image.format) == (4, 3, "npy")
        done = trip(image)
        assert done.loaded.file == (tmp_path / "a.npy").read_bytes()
        np.testing.assert_array_equal(done.loaded.original, values.reshape(done.loaded.original.shape))
        assert done.record.preview is not None
        assert (done.loaded.array.min(), done.loaded.array.max() > 200) == (0, True)

    @pytest.mark.parametrize(
        "values", [np.zeros(5), np.zeros((2, 2, 7)), np.array([["a"]]), np.zeros((2, 2), complex)]
    )
    def test_npy_that_is_no_picture(self, tmp_path: Path, values: Any) -> None:
        np.save(tmp_path / "a.npy", values)
        with pytest.raises(ValueError, match="starts like a npy but can't be read"):
            Image(tmp_path / "a.npy")

    def test_npy_of_objects_is_never_unpickled(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
        with pytest.raises(ValueError, match="Python objects"):
            Image(tmp_path / "a.npy")

    def test_lab_tiff_is_shown_in_colour(self, trip, tmp_path: Path) -> None:
        from PIL import ImageCms

        red = Pillow.new("RGB", (8, 8), (200, 30, 40))
        lab = ImageCms.profileToProfile(
            red, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert lab is not None
        lab.save(tmp_path / "lab.tiff")
        done = trip(Image(tmp_path / "lab.tiff"))
        preview = Pillow.open(io.BytesIO(done.blobs.get(done.record.preview))).getpixel((2, 2))
        assert np.abs(np.array(preview) - (200, 30, 40)).max() < 12
