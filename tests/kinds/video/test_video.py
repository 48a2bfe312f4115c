"""Videos: what they accept, what becomes of frames, what is known of files."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av_files import moving_square, video_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from diorama.errors import UsageError
from diorama.media import KINDS_BY_NAME, Video
from diorama.media.core.limited import DecodeError

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def channels_first(frames: Any) -> Any:
    return frames.transpose(0, 3, 1, 2)


@pytest.fixture(scope="session")
def mp4() -> bytes:
    return video_file("mp4", "libx264", sound="aac")


class TestFrames:
    @pytest.mark.parametrize("form", ["mp4", "webm", "ogg", "gif"])
    def test_become_a_file_of_the_wanted_format(self, trip, form: str) -> None:
        frames = moving_square()
        travelled = trip(Video(channels_first(frames), fps=8, format=form, caption="c", sample_id="s"))
        record, loaded = travelled.record, travelled.loaded
        assert (record.format, record.width, record.height) == (form, 64, 48)
        assert (record.fps, record.frame_count, record.duration_secs) == (8, 12, 1.5)
        assert (record.caption, record.sample_id, record.normalized) == ("c", "s", "none")
        assert record.codec == {"mp4": "h264", "webm": "vp9", "ogg": "vp8", "gif": "gif"}[form]
        assert np.abs(loaded.frames().astype(int) - frames).mean() < 4
        assert loaded.frames(3, 2).shape == (2, 48, 64, 3)
        poster = PillowImage.open(io.BytesIO(travelled.blobs.get(record.poster)))
        assert (poster.format, poster.size) == ("WEBP", (64, 48))

    def test_mp4_is_what_browsers_play_at_once(self, trip) -> None:
        travelled = trip(Video(channels_first(moving_square()), fps=8))
        file = travelled.loaded.file
        assert travelled.record.blob.mime == "video/mp4"
        assert 0 < file.find(b"moov") < file.find(b"mdat"), "faststart: the index comes first"
        with av.open(io.BytesIO(file)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert (stream.average_rate, stream.frames) == (8, 12)
        assert file == trip(Video(channels_first(moving_square()), fps=8)).loaded.file

    def test_ogg_has_a_preview_because_browsers_dropped_its_codecs(self, trip) -> None:
        record = trip(Video(channels_first(moving_square()), format="ogg")).record
        assert record.blob.mime == "video/ogg"
        assert record.preview.mime == "video/mp4"

    @pytest.mark.parametrize("form", ["mp4", "webm", "gif"])
    @pytest.mark.parametrize("size", [(1, 1), (31, 47), (2, 3), (33, 16)])
    def test_odd_sizes_lose_no_pixel(self, trip, form: str, size: tuple[int, int]) -> None:
        frames = np.full((3, 3, *size), 77, np.uint8)
        frames[..., -1, -1] = 250
        travelled = trip(Video(frames, format=form))
        assert (travelled.record.height, travelled.record.width) == size
        back = travelled.loaded.frames()
        assert back.shape == (3, *size, 3)
        assert back[0, -1, -1].mean() > 150

    def test_gif_keeps_few_colours_and_grey_exactly(self, trip) -> None:
        grey = np.arange(4 * 16 * 16).reshape(4, 1, 16, 16).astype(np.uint8)
        assert np.array_equal(trip(Video(grey, format="gif")).loaded.frames()[..., 0], grey[:, 0])
        frames = moving_square()
        assert np.array_equal(trip(Video(channels_first(frames), format="gif")).loaded.frames(), frames)

    def test_four_frames_a_second_when_nothing_is_said(self, trip) -> None:
        record = trip(Video(channels_first(moving_square(frames=2)))).record
        assert (record.fps, record.duration_secs) == (4, 0.5)

    @pytest.mark.parametrize("fps", [0.5, 24, 29.97, 60, np.float32(10), "12"])
    def test_any_positive_fps(self, trip, fps: Any) -> None:
        record = trip(Video(channels_first(moving_square(frames=3)), fps=fps)).record
        assert record.fps == pytest.approx(float(fps), abs=1e-3)

    def test_axes(self, trip) -> None:
        frames = moving_square(frames=3)
        for given_frames in (channels_first(frames), frames, [*frames], [*channels_first(frames)]):
            assert (
                np.abs(trip(Video(given_frames, format="gif")).loaded.frames().astype(int) - frames).max()
                == 0
            )

    def test_lists_of_pictures_arrays_and_numbers(self, trip, tensor) -> None:
        frames = moving_square(frames=3)
        pictures = [PillowImage.fromarray(frame) for frame in frames]
        assert np.array_equal(trip(Video(pictures, format="gif")).loaded.frames(), frames)
        tensors = [tensor(frame.transpose(2, 0, 1)) for frame in frames]
        assert np.array_equal(trip(Video(tensors, format="gif")).loaded.frames(), frames)
        grey = [frame[:, :, 1] for frame in frames]
        assert np.array_equal(trip(Video(grey, format="gif")).loaded.frames()[..., 0], frames[..., 1])
        assert trip(Video([[[0, 9], [9, 0]], [[9, 0], [0, 9]]], format="gif")).record.frame_count == 2

    def test_tensors(self, trip, tensor) -> None:
        frames = channels_first(moving_square(frames=2))
        for value in (tensor(frames, requires_grad=True), tensor(frames, device="cuda")):
            assert np.array_equal(
                trip(Video(value, format="gif")).loaded.frames(), frames.transpose(0, 2, 3, 1)
            )

    def test_anything_with_a_numpy_method(self, trip) -> None:
        class Eager:
            def numpy(self) -> Any:
                return channels_first(moving_square(frames=2))

        assert trip(Video(Eager(), format="gif")).record.frame_count == 2

    @pytest.mark.parametrize(
        ("count", "grid"),
        [(1, None), (2, (1, 2)), (3, (1, 4)), (4, (2, 2)), (5, (2, 4)), (8, (2, 4)), (9, (2, 8))],
    )
    def test_a_batch_is_laid_out_as_in_wandb(self, trip, count: int, grid: tuple[int, int] | None) -> None:
        videos = np.stack([np.full((2, 3, 4, 6), 20 + 20 * at, np.uint8) for at in range(count)])
        travelled = trip(Video(videos, format="gif"))
        rows, columns = grid or (1, 1)
        assert travelled.record.grid == grid
        assert (travelled.record.height, travelled.record.width) == (4 * rows, 6 * columns)
        corners = travelled.loaded.frames()[0, ::4, ::6, 0].reshape(-1)
        assert corners.tolist() == [20 + 20 * at if at < count else 0 for at in range(rows * columns)]

    def test_alpha_is_dropped_with_a_word(self, trip) -> None:
        with pytest.warns(UserWarning, match="alpha"):
            video = Video(np.full((2, 4, 4, 4), 9, np.uint8))
        assert trip(video).record.width == 4

    def test_later_changes_of_the_array_change_nothing(self, trip) -> None:
        frames = moving_square(frames=2)
        videos = [Video(channels_first(frames), format="gif"), Video(frames[:, ::-1, ::2], format="gif")]
        before = frames.copy()
        frames[:] = 0
        assert np.array_equal(trip(videos[0]).loaded.frames(), before)
        assert np.array_equal(trip(videos[1]).loaded.frames(), before[:, ::-1, ::2])


class TestNumbers:
    @pytest.mark.parametrize(
        ("numbers", "normalized", "pixels"),
        [
            (np.array([0, 1, 200], np.uint8), "none", [0, 1, 200]),
            (np.array([0, 1, 1], np.uint8), "unit", [0, 255, 255]),
            (np.array([0.0, 0.5, 1.0]), "unit", [0, 127, 255]),
            (np.array([0.0, 0.5, 1.0], np.float16), "unit", [0, 127, 255]),
            (np.array([-1.0, 0.0, 1.0], np.float32), "signed", [0, 127, 255]),
            (np.array([True, False, True]), "unit", [255, 0, 255]),
            (np.array([0, 7, 255]), "none", [0, 7, 255]),
            (np.array([0, 257, 65535], np.uint16), "deep", [0, 1, 255]),
            (np.array([0, 7, 200], np.uint16), "none", [0, 7, 200]),
            (np.array([-5, 7, 300]), "minmax", [0, 10, 255]),
            (np.array([-2.5, 0.0, 2.5]), "minmax", [0, 127, 255]),
            (np.array([0, 2500, 5000], np.uint16), "minmax", [0, 127, 255]),
            (np.array([0.0, 0.5, 1.0000002]), "unit", [0, 127, 255]),
        ],
    )
    def test_scaling(self, trip, numbers: Any, normalized: str, pixels: list[int]) -> None:
        travelled = trip(Video(numbers.reshape(1, 1, 1, 3), format="gif"))
        assert travelled.record.normalized == normalized
        assert travelled.loaded.frames()[0, 0, :, 0].tolist() == pixels

    def test_one_rule_for_all_frames(self, trip) -> None:
        frames = np.zeros((2, 1, 1, 2))
        frames[1] = 100
        assert trip(Video(frames, format="gif")).loaded.frames()[1, 0, 0, 0] == 100

    def test_what_could_not_be_kept_is_counted(self, trip) -> None:
        frames = np.array([np.nan, np.inf, -np.inf, -1e-7, 1.0000002, 0.5]).reshape(1, 1, 2, 3)
        travelled = trip(Video(frames, format="gif"))
        assert (travelled.record.non_finite, travelled.record.out_of_range) == (3, 2)
        assert travelled.loaded.frames()[0, :, :, 0].tolist() == [[0, 255, 0], [0, 255, 127]]
        codes = [code for code, _, _ in KINDS_BY_NAME["video"].warnings(travelled.record)]
        assert codes == ["video.non_finite"]


class TestFiles:
    def test_are_kept_byte_for_byte_with_facts(self, trip, mp4: bytes, tmp_path: Path) -> None:
        path = tmp_path / "a film.mp4"
        path.write_bytes(mp4)
        for value in (path, str(path)):
            travelled = trip(Video(value, caption="c"))
            record = travelled.record
            assert travelled.loaded.file == mp4
            assert (record.name, record.format, record.codec) == ("a film.mp4", "mp4", "h264")
            assert (record.width, record.height, record.frame_count) == (64, 48, 12)
            assert record.duration_secs == pytest.approx(1.2, abs=0.01)
            assert record.fps == pytest.approx(10, abs=0.01)
            assert record.has_audio
            assert record.preview is None
            assert record.note is None
        path.unlink()
        assert travelled.loaded.frames().shape == (12, 48, 64, 3)

    def test_bytes_and_streams(self, trip, mp4: bytes, tmp_path: Path) -> None:
        path = tmp_path / "x.mp4"
        path.write_bytes(mp4)
        with path.open("rb") as opened:
            for value in (mp4, bytearray(mp4), memoryview(mp4), io.BytesIO(mp4), opened):
                travelled = trip(Video(value))
                assert (travelled.record.format, travelled.loaded.file) == ("mp4", mp4)

    @pytest.mark.parametrize(
        ("container", "codec", "options", "has_preview"),
        [
            ("webm", "libvpx", {}, False),
            ("mp4", "libx264", {"pixels": "yuv444p"}, True),
            ("mp4", "mpeg4", {}, True),
            ("avi", "mpeg4", {"sound": "libmp3lame"}, True),
            ("mov", "libx264", {"sound": "pcm_s16le"}, True),
            ("mov", "mjpeg", {"pixels": "yuvj420p"}, True),
            ("matroska", "libx264", {"sound": "aac"}, True),
        ],
    )
    def test_what_browsers_cannot_play_gets_a_preview(
        self, trip, container: str, codec: str, options: dict[str, str], has_preview: bool
    ) -> None:
        file = video_file(container, codec, **options)
        travelled = trip(Video(file))
        assert travelled.loaded.file == file
        assert travelled.record.frame_count == 12
        assert (travelled.record.preview is not None) == has_preview
        assert travelled.record.note is None
        if has_preview:
            preview = trip(Video(travelled.blobs.get(travelled.record.preview))).record
            assert (preview.format, preview.codec, preview.preview) == ("mp4", "h264", None)
            assert preview.frame_count == 12
            assert preview.has_audio == ("sound" in options)

    def test_gif(self, trip) -> None:
        made = trip(Video(channels_first(moving_square()), format="gif", fps=5)).loaded.file
        record = trip(Video(made)).record
        assert (record.format, record.codec, record.frame_count) == ("gif", "gif", 12)
        assert record.duration_secs == pytest.approx(2.4)

    def test_turned_videos_have_the_size_that_is_shown(self, trip, mp4: bytes) -> None:
        # A quarter turn in the track's matrix, as telephones write it.
        at = mp4.index(b"tkhd") + 4 + 4 + 5 * 4 + 2 * 4 + 8
        matrix = b"".join(
            number.to_bytes(4, "big", signed=True)
            for number in (0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
        )
        turned = mp4[:at] + matrix + mp4[at + 36 :]
        record = trip(Video(turned)).record
        assert (record.width, record.height) == (48, 64)

    def test_the_bytes_decide_not_the_name(self, trip, mp4: bytes, tmp_path: Path) -> None:
        path = tmp_path / "x.webm"
        path.write_bytes(mp4)
        assert trip(Video(path)).record.format == "mp4"
        assert trip(Video(mp4, format="gif")).record.format == "mp4"

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: data[: len(data) // 2],
            lambda data: data[:40],
            lambda data: data[:40] + bytes(1000),
            lambda data: data.replace(b"mdia", b"xxxx"),
            lambda data: data.replace(b"stsz", b"\xff\xff\xff\xff"),
        ],
    )
    def test_a_spoiled_file_is_kept_all_the_same(self, trip, mp4: bytes, spoil: Any) -> None:
        data = spoil(mp4)
        travelled = trip(Video(data, format="mp4"))
        assert travelled.loaded.file == data
        assert travelled.record.note
        assert "Error" not in travelled.record.note

    @pytest.mark.parametrize(
        "data",
        [
            b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"<html><script>alert(1)</script></html>",
            b"\x89PNG\r\n\x1a\n0000",
        ],
    )
    def test_t23_playlists_and_lists_are_never_followed(self, trip, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "x.mp4"
        path.write_bytes(data)
        record = trip(Video(path)).record
        assert (record.frame_count, record.poster, record.preview) == (None, None, None)
        assert record.note
        assert record.blob.mime == "application/octet-stream"
        with pytest.raises(DecodeError):
            trip(Video(path)).loaded.frames()

    def test_a_file_with_only_sound(self, trip) -> None:
        from av_files import sound_file

        record = trip(Video(sound_file("ogg", "libopus"), format="ogv")).record
        assert record.has_audio
        assert "only a sound track" in record.note


def test_leading_axes_of_size_one_are_dropped() -> None:
    video = Video(np.zeros((1, 1, 1, 4, 3, 8, 16), np.uint8), format="gif")
    assert (video.width, video.height) == (16, 8)


class TestErrors:
    @pytest.mark.parametrize(
        "shape", [(4,), (4, 5), (4, 5, 6), (2, 2, 5, 5), (2, 2, 3, 4, 5, 6), (0, 3, 4, 4), (2, 3, 0, 4)]
    )
    def test_shapes(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"video|Video"):
            Video(np.zeros(shape, np.uint8))

    def test_too_few_axes_as_in_wandb(self) -> None:
        with pytest.raises(ValueError, match="must be at least 4 dimensions: time, channels, height, width"):
            Video(np.zeros((4, 5, 6)))

    @pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "fast", 5000, 1e-9])
    def test_fps(self, fps: Any) -> None:
        with pytest.raises(ValueError, match="fps"):
            Video(np.zeros((2, 3, 4, 4)), fps=fps)

    def test_formats(self) -> None:
        with pytest.raises(ValueError, match="accepts gif, mp4"):
            Video(np.zeros((2, 3, 4, 4)), format="exe")
        with pytest.raises(ValueError, match="frames can become"):
            Video(np.zeros((2, 3, 4, 4)), format="avi")

    @pytest.mark.parametrize("name", ["x.txt", "x", "x.mp4.zip", "x.png"])
    def test_file_endings(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(b"x")
        with pytest.raises(ValueError, match="accepts gif, mp4"):
            Video(path)

    def test_bytes_of_nothing_known(self) -> None:
        with pytest.raises(ValueError, match="requires a `format`"):
            Video(b"what is this")
        with pytest.raises(ValueError, match="requires a `format`"):
            Video(io.BytesIO(b"what is this"))

    def test_missing_empty_folder_and_fifo(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Video(tmp_path / "no.mp4")
        (tmp_path / "empty.mp4").touch()
        (tmp_path / "folder.mp4").mkdir()
        os.mkfifo(tmp_path / "fifo.mp4")
        for name in ("empty", "folder", "fifo"):
            with pytest.raises(ValueError, match=r"empty|folder|regular"):
                Video(tmp_path / f"{name}.mp4")
        for value in (b"", io.BytesIO()):
            with pytest.raises(ValueError, match="empty"):
                Video(value)
        with pytest.raises(ValueError, match="URL"):
            Video("https://example.org/x.mp4")

    @pytest.mark.parametrize("value", [None, 5, {"a": 1}, {1, 2}])
    def test_other_values(self, value: Any) -> None:
        with pytest.raises(ValueError, match="accepts a file path"):
            Video(value)

    def test_what_are_no_numbers(self) -> None:
        for array in (np.array([["a"]]), np.zeros((1, 3, 2, 2), complex), np.zeros((1, 3, 2, 2), object)):
            with pytest.raises((TypeError, ValueError)):
                Video(array)
        with pytest.raises(ValueError, match="no frames"):
            Video([])
        with pytest.raises(ValueError, match="one shape"):
            Video([np.zeros((2, 2)), np.zeros((3, 3))])

    def test_fps_of_a_file_has_no_effect(self, mp4: bytes) -> None:
        with pytest.warns(UserWarning, match="`fps` has no effect"):
            Video(mp4, fps=10)

    def test_without_pyav_only_gif(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(UsageError, match="pip install"):
            Video(moving_square())
        assert Video(moving_square(), format="gif").format == "gif"


@st.composite
def any_frames(draw: st.DrawFn) -> Any:
    channels = draw(st.sampled_from([1, 3]))
    shape = (draw(st.integers(1, 4)), channels, draw(st.integers(5, 20)), draw(st.integers(5, 20)))
    shape = shape if draw(st.booleans()) else (draw(st.integers(1, 3)), *shape)
    dtype = draw(st.sampled_from(["u1", "u2", "i4", "i8", "f2", "f4", "f8", "?"]))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    array = (numbers.normal(size=shape) * draw(st.sampled_from([0.3, 1, 100, 1000]))).astype("f8")
    array = np.abs(array).astype(dtype) if dtype[0] in "u?" else array.astype(dtype)
    if draw(st.booleans()):
        array = array[..., ::-1]
    return np.asfortranarray(array) if draw(st.booleans()) else array


@pytest.mark.slow
@SLOW
@given(frames=any_frames(), form=st.sampled_from(["gif", "mp4"]), fps=st.floats(0.1, 50))
def test_any_frames_make_the_journey(trip, frames: Any, form: str, fps: float) -> None:
    copy = frames.copy()
    video = Video(frames, fps=fps, format=form)
    frames[:] = 0
    travelled = trip(video)
    record, back = travelled.record, travelled.loaded.frames()
    count = frames.shape[-4]
    assert record.frame_count == count
    assert back.shape[1:] == (record.height, record.width, 3)
    assert form == "gif" or len(back) == count
    if copy.dtype == np.uint8 and form == "gif" and copy.ndim == 4 and copy.shape[1] == 1:
        assert np.array_equal(back[0, :, :, 0], copy[0, 0])


@pytest.mark.slow
@SLOW
@given(
    data=st.binary(min_size=1, max_size=200),
    magic=st.sampled_from(
        [b"", b"GIF89a", b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3webm", b"OggS", b"RIFF\0\0\0\0AVI "]
    ),
)
def test_any_bytes_are_kept(trip, data: bytes, magic: bytes) -> None:
    travelled = trip(Video(magic + data, format="mp4"))
    assert travelled.loaded.file == magic + data
    assert travelled.record.note
