"""Sounds: what they accept, what a WAV keeps of samples, what is known of files."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from av_files import sound_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diorama.media import KINDS_BY_NAME, Audio
from diorama.media.core.limited import DecodeError

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tone(count: int = 800, rate: int = 8000) -> Any:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)).astype(np.float32)


def encoded(samples: Any, rate: int, form: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


class TestSamples:
    def test_become_a_wav_that_others_can_read(self, trip) -> None:
        travelled = trip(Audio(tone(), sample_rate=8000, caption="c", sample_id="s"))
        record = travelled.record
        assert (record.format, record.sample_rate, record.channels) == ("wav", 8000, 1)
        assert (record.frame_count, record.duration_secs, record.encoding) == (800, 0.1, "FLOAT")
        assert (record.caption, record.sample_id, record.blob.mime) == ("c", "s", "audio/wav")
        assert record.preview is None
        back, rate = soundfile.read(io.BytesIO(travelled.loaded.file), dtype="float32")
        assert rate == travelled.loaded.sample_rate == 8000
        assert np.array_equal(back, tone())
        assert np.array_equal(travelled.loaded.array, tone())

    @pytest.mark.parametrize(
        ("dtype", "encoding"),
        [
            ("f2", "FLOAT"),
            ("f4", "FLOAT"),
            ("f8", "DOUBLE"),
            ("i2", "PCM_16"),
            ("i4", "PCM_32"),
            ("u1", "PCM_U8"),
            ("i1", "PCM_U8"),
            ("u2", "PCM_16"),
            ("u4", "PCM_32"),
            ("i8", "PCM_16"),
            ("u8", "PCM_16"),
        ],
    )
    def test_every_number_type_comes_back_as_it_was(self, trip, dtype: str, encoding: str) -> None:
        waves = np.sin(np.arange(800) / 5) / 3
        samples = (100 * np.abs(waves)).astype(dtype) if dtype[0] in "iu" else waves.astype(dtype)
        travelled = trip(Audio(samples, sample_rate=8000))
        assert travelled.record.encoding == encoding
        assert soundfile.info(io.BytesIO(travelled.loaded.file)).subtype == encoding
        assert travelled.loaded.array.dtype == samples.dtype
        assert np.array_equal(travelled.loaded.array, samples)

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
    def test_floats_of_a_16_bit_file_go_back_to_16_bits(self, trip, dtype: str) -> None:
        samples = (np.array([0, 2**14, -(2**15), 2**14 - 16, 32, -1]) / 2**15).astype(dtype)
        travelled = trip(Audio(samples, sample_rate=8000))
        assert (travelled.record.encoding, travelled.record.preview) == ("PCM_16", None)
        assert travelled.loaded.array.dtype == samples.dtype
        assert np.array_equal(travelled.loaded.array, samples)
        assert trip(Audio(np.array([1.0, 0.5], dtype), sample_rate=8000)).record.encoding == "FLOAT"

    def test_doubles_that_are_singles_take_32_bits(self, trip) -> None:
        samples = tone().astype(np.float64)
        travelled = trip(Audio(samples, sample_rate=8000))
        assert (travelled.record.encoding, travelled.record.preview) == ("FLOAT", None)
        assert travelled.loaded.array.dtype == np.float64
        assert np.array_equal(travelled.loaded.array, samples)

    def test_depth_is_loudness(self, trip) -> None:
        half = {
            "i2": 2**14,
            "i4": 2**30,
            "u1": 192,
            "i1": 64,
            "u2": 2**15 + 2**14,
            "u4": 2**31 + 2**30,
            "f8": 0.5,
        }
        for dtype, level in half.items():
            file = trip(Audio(np.full(10, level, dtype), sample_rate=8000)).loaded.file
            assert soundfile.read(io.BytesIO(file))[0].tolist() == [0.5] * 10, dtype

    def test_whole_numbers_of_python(self, trip) -> None:
        assert trip(Audio([0, 1000, -1000], sample_rate=8000)).record.encoding == "PCM_16"
        assert trip(Audio([0, 100_000], sample_rate=8000)).record.encoding == "PCM_32"
        with pytest.raises(ValueError, match="32 bits"):
            Audio([0, 2**40], sample_rate=8000)

    @pytest.mark.parametrize(
        ("shape", "channels", "axes"),
        [
            ((50,), 1, "t"),
            ((50, 1), 1, "tc"),
            ((50, 2), 2, "tc"),
            ((2, 50), 2, "ct"),
            ((1, 50), 1, "ct"),
            ((3, 3), 3, "tc"),
            ((0,), 1, "t"),
            ((0, 2), 2, "tc"),
            ((2, 0), 2, "ct"),
        ],
    )
    def test_the_longer_axis_is_time(self, trip, shape: tuple[int, ...], channels: int, axes: str) -> None:
        samples = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
        travelled = trip(Audio(samples, sample_rate=100))
        assert (travelled.record.channels, travelled.record.axes) == (channels, axes)
        assert travelled.record.frame_count == samples.size // channels
        assert np.array_equal(travelled.loaded.array, samples)

    def test_lists_tensors_and_what_has_numpy(self, trip, tensor) -> None:
        class Eager:
            def numpy(self) -> Any:
                return tone()

        for value in (
            tone().tolist(),
            tensor(tone(), requires_grad=True),
            tensor(tone(), device="cuda"),
            Eager(),
        ):
            assert np.allclose(trip(Audio(value, sample_rate=8000)).loaded.array, tone())
        assert trip(Audio([[0.0, 0.5], [0.1, 0.2], [0, 0]], sample_rate=8000)).record.channels == 2
        assert trip(Audio([], sample_rate=8000)).record.duration_secs == 0

    def test_nothing_is_clipped_and_all_is_counted(self, trip) -> None:
        samples = np.array([0, 1.5, -2, np.nan, np.inf, -np.inf, 1, -1], np.float32)
        travelled = trip(Audio(samples, sample_rate=8000))
        record = travelled.record
        assert (record.non_finite, record.out_of_range) == (3, 2)
        assert np.array_equal(travelled.loaded.array, samples, equal_nan=True)
        played, _ = soundfile.read(io.BytesIO(travelled.blobs.get(record.preview)))
        assert np.isfinite(played).all(), "browsers get silence for what is no number"
        codes = [code for code, _, _ in KINDS_BY_NAME["audio"].warnings(record)]
        assert codes == ["audio.non_finite", "audio.out_of_range"]

    @pytest.mark.parametrize(
        ("dtype", "rate", "needs_one"),
        [
            ("f4", 44_100, False),
            ("i2", 44_100, False),
            ("u1", 8000, False),
            ("f8", 44_100, True),
            ("i4", 44_100, True),
            ("f4", 32, True),
            ("f4", 1_000_000, True),
        ],
    )
    def test_what_browsers_cannot_play_gets_a_preview(
        self, trip, dtype: str, rate: int, needs_one: bool
    ) -> None:
        samples = (np.sin(np.arange(800) / 5) / 3 * (100 if dtype[0] in "iu" else 1)).clip(0).astype(dtype)
        travelled = trip(Audio(samples, sample_rate=rate))
        assert (travelled.record.preview is not None) == needs_one
        if needs_one:
            played = soundfile.info(io.BytesIO(travelled.blobs.get(travelled.record.preview)))
            assert 3000 <= played.samplerate <= 192_000
            assert played.duration == pytest.approx(800 / rate, rel=0.1)

    def test_the_guide_s_rate_of_32(self, trip) -> None:
        travelled = trip(Audio(np.random.default_rng(0).uniform(-1, 1, 320), sample_rate=32))
        assert (travelled.record.sample_rate, travelled.record.duration_secs) == (32, 10)

    def test_the_outline(self, trip) -> None:
        samples = np.zeros((10_000, 2), np.float32)
        samples[:5000, 0] = 1
        samples[5000:, 1] = -0.5
        travelled = trip(Audio(samples, sample_rate=8000))
        count = travelled.record.peak_count
        pairs = np.frombuffer(travelled.blobs.get(travelled.record.peaks), np.int8).reshape(2, count, 2)
        assert pairs[0, : count // 2].tolist() == [[127, 127]] * (count // 2)
        assert pairs[0, count // 2 :].tolist() == [[0, 0]] * (count - count // 2)
        assert pairs[1, -1].tolist() == [-64, -64]

    def test_later_changes_of_the_array_change_nothing(self, trip) -> None:
        for view in (np.s_[:], np.s_[::-1], np.s_[::3]):
            samples = tone()
            sound = Audio(samples[view], sample_rate=8000)
            samples[:] = 0
            assert np.array_equal(trip(sound).loaded.array, tone()[view])


class TestFiles:
    @pytest.mark.parametrize(
        ("form", "subtype", "has_preview"),
        [
            ("WAV", "PCM_16", False),
            ("WAV", "PCM_24", False),
            ("WAV", "FLOAT", False),
            ("WAV", "PCM_32", True),
            ("WAV", "DOUBLE", True),
            ("WAV", "IMA_ADPCM", True),
            ("FLAC", "PCM_24", False),
            ("OGG", "VORBIS", False),
            ("OGG", "OPUS", False),
            ("MP3", "MPEG_LAYER_III", False),
            ("AIFF", "PCM_16", True),
            ("AU", "PCM_16", True),
            ("CAF", "PCM_16", True),
            ("W64", "PCM_16", True),
        ],
    )
    def test_are_kept_byte_for_byte_with_facts(
        self, trip, tmp_path: Path, form: str, subtype: str, has_preview: bool
    ) -> None:
        stereo = np.stack([tone(24_000, 48_000), np.zeros(24_000, np.float32)], axis=1)
        data = encoded(stereo, 48_000, form, subtype)
        path = tmp_path / f"a sound.{form.lower()}"
        path.write_bytes(data)
        travelled = trip(Audio(path, caption="c"))
        record = travelled.record
        assert travelled.loaded.file == data
        assert (record.name, record.encoding, record.note) == (path.name, subtype, None)
        assert (record.sample_rate, record.channels) == (48_000, 2)
        assert record.duration_secs == pytest.approx(0.5, abs=0.06)
        assert (record.preview is not None) == has_preview
        assert record.peak_count > 500
        array = travelled.loaded.array
        assert array.shape == (record.frame_count, 2)
        if subtype in ("PCM_16", "FLOAT", "DOUBLE"):
            assert array.dtype == {"PCM_16": "int16", "FLOAT": "float32", "DOUBLE": "float64"}[subtype]

    @pytest.mark.parametrize(
        ("container", "codec", "format", "encoding", "has_preview"),
        [
            ("ipod", "aac", "m4a", "AAC", False),
            ("adts", "aac", "aac", "AAC", False),
            ("webm", "libopus", "webm", "OPUS", False),
            ("ipod", "alac", "m4a", "ALAC", True),
        ],
    )
    def test_what_libsndfile_cannot_read(
        self, trip, container: str, codec: str, format: str, encoding: str, has_preview: bool
    ) -> None:
        data = sound_file(container, codec)
        travelled = trip(Audio(io.BytesIO(data)))
        record = travelled.record
        assert travelled.loaded.file == data
        assert (record.format, record.encoding, record.channels) == (format, encoding, 1)
        assert record.duration_secs == pytest.approx(0.5, abs=0.1)
        assert (record.preview is not None, record.note) == (has_preview, None)
        assert travelled.loaded.array.shape == (record.frame_count,)

    def test_bytes_streams_and_text_paths(self, trip, tmp_path: Path) -> None:
        data = encoded(tone(), 8000, "WAV", "PCM_16")
        path = tmp_path / "x.wav"
        path.write_bytes(data)
        with path.open("rb") as opened:
            for value in (data, bytearray(data), memoryview(data), io.BytesIO(data), opened, str(path)):
                assert trip(Audio(value)).loaded.file == data

    def test_any_ending_is_accepted_and_the_bytes_decide(self, trip, tmp_path: Path) -> None:
        path = tmp_path / "x.recording"
        path.write_bytes(encoded(tone(), 8000, "FLAC", "PCM_16"))
        assert trip(Audio(path)).record.format == "flac"

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda wav: wav[:30],
            lambda wav: b"RIFF" + bytes(40),
            lambda wav: wav[:22] + b"\0\0" + wav[24:],  # no channels
            lambda wav: b"#EXTM3U\nfile:///etc/passwd\n",
            lambda wav: b"<html><script>alert(1)</script>",
            lambda wav: b"\x89PNG\r\n\x1a\n" + wav,
        ],
    )
    def test_t23_what_is_no_sound_is_kept_with_a_note(self, trip, spoil: Any) -> None:
        data = spoil(encoded(tone(), 8000, "WAV", "PCM_16"))
        travelled = trip(Audio(data))
        record = travelled.record
        assert travelled.loaded.file == data
        assert (record.sample_rate, record.peaks, record.preview) == (None, None, None)
        assert record.note.startswith("the sound can't be read: ")
        assert KINDS_BY_NAME["audio"].warnings(record)[0][0] == "audio.note"
        with pytest.raises(DecodeError):
            _ = travelled.loaded.array

    def test_t23_headers_that_lie(self, trip) -> None:
        wav = encoded(tone(), 8000, "WAV", "PCM_16")
        claims_much = wav.replace(struct.pack("<I", 1600), b"\xff\xff\xff\xff")
        assert trip(Audio(claims_much)).record.frame_count == 800
        cut = trip(Audio(wav[:844])).record
        assert cut.frame_count == 400
        fast = wav[:24] + struct.pack("<I", 10**9) + wav[28:]
        record = trip(Audio(fast)).record
        assert (record.sample_rate, record.preview is not None) == (10**9, True)

    def test_floats_of_files_are_counted_too(self, trip) -> None:
        samples = np.array([0, np.nan, 3, -3, np.inf], np.float32)
        record = trip(Audio(trip(Audio(samples, sample_rate=8000)).loaded.file)).record
        assert (record.non_finite, record.out_of_range, record.preview is not None) == (2, 2, True)


class TestErrors:
    def test_samples_need_a_rate(self) -> None:
        with pytest.raises(ValueError, match='Argument "sample_rate" is required when instantiating'):
            Audio([0.0, 0.1])

    @pytest.mark.parametrize("rate", [0, -1, 0.5, float("nan"), float("inf"), "fast", 2**32, [8000]])
    def test_rates(self, rate: Any) -> None:
        with pytest.raises(ValueError, match="sample_rate"):
            Audio([0.0], sample_rate=rate)

    @pytest.mark.parametrize("rate", [1, 8000.0, np.int64(16_000), np.float32(44_100), 2**32 - 1])
    def test_good_rates(self, rate: Any) -> None:
        assert Audio([0.0], sample_rate=rate).sample_rate == int(rate)

    @pytest.mark.parametrize("shape", [(), (2, 2, 2), (100, 100), (0, 0)])
    def test_shapes(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="sound"):
            Audio(np.zeros(shape), sample_rate=8000)

    @pytest.mark.parametrize(
        "value", [np.zeros(3, bool), np.zeros(3, complex), np.array(["a"]), ["a", "b"], [None]]
    )
    def test_what_are_no_samples(self, value: Any) -> None:
        with pytest.raises(TypeError, match="integers or floats"):
            Audio(value, sample_rate=8000)

    @pytest.mark.parametrize("value", [None, 5, 0.5, {"a": 1}, {1}])
    def test_other_values(self, value: Any) -> None:
        with pytest.raises(TypeError, match="accepts a file path"):
            Audio(value, sample_rate=8000)

    def test_channels_of_different_length(self) -> None:
        with pytest.raises(ValueError, match="equally long"):
            Audio([[0.0, 0.1], [0.2]], sample_rate=8000)

    def test_missing_empty_folder_and_fifo(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Audio(tmp_path / "no.wav")
        (tmp_path / "empty").touch()
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "fifo")
        for name in ("empty", "folder", "fifo"):
            with pytest.raises(ValueError, match=r"empty|folder|regular"):
                Audio(tmp_path / name)
        for value in (b"", io.BytesIO()):
            with pytest.raises(ValueError, match="empty"):
                Audio(value)
        with pytest.raises(ValueError, match="URL"):
            Audio("s3://bucket/x.wav")

    def test_a_rate_for_a_file_has_no_effect(self) -> None:
        with pytest.warns(UserWarning, match="`sample_rate` has no effect"):
            Audio(encoded(tone(), 8000, "WAV", "PCM_16"), sample_rate=16_000)


@st.composite
def any_samples(draw: st.DrawFn) -> Any:
    count, channels = draw(st.integers(0, 300)), draw(st.integers(1, 4))
    shape = draw(st.sampled_from([(count,), (count + 5, channels), (channels, count + 5)]))
    dtype = draw(st.sampled_from(["f2", "f4", "f8", "i1", "i2", "i4", "u1", "u2", "u4"]))
    raw = draw(st.binary(min_size=16, max_size=64))
    wanted = int(np.prod(shape)) * np.dtype(dtype).itemsize
    array = np.frombuffer((raw * (wanted // len(raw) + 1))[:wanted], dtype).reshape(shape).copy()
    if draw(st.booleans()):
        array = np.flip(array)
    return np.asfortranarray(array) if draw(st.booleans()) else array


@pytest.mark.slow
@SLOW
@given(samples=any_samples(), rate=st.integers(1, 400_000))
def test_any_samples_come_back_as_they_were(trip, samples: Any, rate: int) -> None:
    copy = samples.copy()
    sound = Audio(samples, sample_rate=rate)
    samples[...] = 0
    travelled = trip(sound)
    back = travelled.loaded.array
    assert back.dtype == copy.dtype
    assert back.shape == copy.shape
    assert np.array_equal(back, copy, equal_nan=copy.dtype.kind == "f")
    assert travelled.record.duration_secs == pytest.approx(travelled.record.frame_count / rate)


@SLOW
@given(
    data=st.binary(min_size=1, max_size=300),
    magic=st.sampled_from(
        [
            b"",
            b"RIFF\x40\0\0\0WAVEfmt \x10\0\0\0",
            b"fLaC",
            b"OggS",
            b"ID3\x04",
            b"\xff\xfb\x90\x64",
            b"FORM\0\0\0\x40AIFF",
            b".snd",
            b"\0\0\0\x18ftypM4A ",
        ]
    ),
)
def test_any_bytes_are_kept(trip, data: bytes, magic: bytes) -> None:
    travelled = trip(Audio(magic + data))
    assert travelled.loaded.file == magic + data
    assert travelled.record.note or travelled.record.sample_rate is not None


def test_leading_axes_of_size_one_are_dropped(trip) -> None:
    samples = np.linspace(-1, 1, 8, dtype=np.float32)
    done = trip(Audio(samples.reshape(1, 1, 8), sample_rate=8))
    assert (done.record.channels, done.record.frame_count) == (1, 8)
    assert trip(Audio(samples.reshape(1, 2, 4), sample_rate=8)).record.channels == 2


def test_samples_under_a_mask_are_no_sound(trip) -> None:
    samples = np.ma.array([0.0, 0.5, 1e20, -0.5], mask=[0, 0, 1, 0])
    record = trip(Audio(samples, sample_rate=4)).record
    assert (record.non_finite, record.out_of_range) == (1, 0)
