"""An mp4 that browsers play, of a video that they don't. Runs in a worker (media/core/limited.py).

Pictures that are H.264 already are copied, others are encoded anew, at most PREVIEW_SIDE pixels a side.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diorama.media.core.extent import Data
from diorama.media.video.encode import make_even
from diorama.media.video.facts import first_frame, open_container, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREVIEW_SIDE = 1280
_FPS_LIMIT = 60
_COPIED_SOUND = {"aac", "mp3"}


def transcode(header: Mapping[str, Any], data: Data) -> bytes:
    """The preview's bytes."""
    import av

    file = io.BytesIO()
    # Fragments need no second pass over the file, which memory does not allow.
    options = {"movflags": "+frag_keyframe+empty_moov+default_base_moof", "fflags": "+bitexact"}
    with (
        open_container(data, header["format"]) as source,
        av.open(file, "w", format="mp4", options=options) as target,
    ):
        pictures = source.streams.video[0]
        sound = source.streams.audio[0] if source.streams.audio else None
        is_copied = (
            pictures.codec_context.name == "h264"
            and pictures.codec_context.pix_fmt in ("yuv420p", "yuvj420p")
            and header["format"] in ("mp4", "mov")  # Matroska lacks decoding times
        )
        writers: dict[int, Any] = {
            pictures.index: _Copy(target, pictures)
            if is_copied
            # The muxer wants to know the size of all tracks before the first packet of any.
            else _Pictures(target, pictures, _shrunk(first_frame(data, header["format"])))
        }
        if sound is not None and sound.codec_context is not None:
            name = sound.codec_context.name.removesuffix("float")
            writers[sound.index] = _Copy(target, sound) if name in _COPIED_SOUND else _Sound(target, sound)
        for packet in source.demux([source.streams[at] for at in writers]):
            writers[packet.stream.index].add(packet)
        for writer in writers.values():
            writer.finish()
    return file.getvalue()


class _Copy:
    """A track as it is."""

    def __init__(self, target: Any, stream: Any) -> None:
        self._target = target
        self._track = target.add_stream_from_template(stream)

    def add(self, packet: Any) -> None:
        if packet.dts is None:
            return
        packet.stream = self._track
        self._target.mux(packet)

    def finish(self) -> None:
        return


class _Pictures:
    """Pictures as H.264."""

    def __init__(self, target: Any, stream: Any, first: NDArray[Any]) -> None:
        rate = Fraction(stream.average_rate or 25)
        self._target = target
        self._base = 1 / min(rate, Fraction(_FPS_LIMIT))
        self._last = -1
        self._track = target.add_stream("libx264", rate=1 / self._base)
        self._track.options = {"crf": "23", "preset": "veryfast", "x264-params": "threads=1:bframes=0"}
        self._track.height, self._track.width = make_even(first).shape[:2]
        self._track.pix_fmt = "yuv420p"

    def add(self, packet: Any) -> None:
        for frame in packet.decode():
            self._write(frame)

    def _write(self, frame: Any) -> None:
        import av

        height, width = self._track.height, self._track.width
        at = self._last + 1 if frame.time is None else round(Fraction(frame.time) / self._base)
        if at <= self._last:
            return
        self._last = at
        if round(frame.rotation / 90) % 4:
            frame = av.VideoFrame.from_ndarray(upright(frame), format="rgb24")
        made = frame.reformat(width=width, height=height, format="yuv420p")
        made.pts, made.time_base = at, self._base
        self._target.mux(self._track.encode(made))

    def finish(self) -> None:
        self._target.mux(self._track.encode())


def _shrunk(pixels: NDArray[Any]) -> NDArray[Any]:
    if max(pixels.shape[:2]) <= PREVIEW_SIDE:
        return pixels
    import numpy as np
    import PIL.Image

    picture = PIL.Image.fromarray(pixels)
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), PIL.Image.Resampling.BILINEAR)
    return np.asarray(picture)


class _Sound:
    """Sound as AAC."""

    def __init__(self, target: Any, stream: Any) -> None:
        import av

        self._target = target
        self._track = target.add_stream("aac", rate=48_000)
        self._track.layout = "stereo"
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)

    def add(self, packet: Any) -> None:
        for frame in packet.decode():
            for made in self._resampler.resample(frame):
                self._target.mux(self._track.encode(made))

    def finish(self) -> None:
        for made in self._resampler.resample(None):
            self._target.mux(self._track.encode(made))
        self._target.mux(self._track.encode(None))
