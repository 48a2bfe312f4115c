"""Small sound and video files of many types, made anew: no test carries a file around."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def moving_square(frames: int = 12, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """(time, height, width, 3): a green square that goes to the right over a red that grows."""
    made = np.zeros((frames, height, width, 3), np.uint8)
    for at in range(frames):
        made[at, :, :, 0] = at * 10
        made[at, 8:24, at * 3 : at * 3 + 16] = (20, 230, 30)
    return made


def video_file(
    container: str, codec: str, *, pixels: str = "yuv420p", sound: str = "", frames: int = 12
) -> bytes:
    """A video of `moving_square` at 10 frames a second, perhaps with a tone of the same length."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=10)
        pictures = moving_square(frames)
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = pixels
        voice: Any = target.add_stream(sound, rate=44_100) if sound else None
        if voice is not None:
            voice.layout = "mono"
        for picture in pictures:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        if voice is not None:
            mux_tone(target, voice, frames / 10)
        target.mux(stream.encode(None))
    return file.getvalue()


def sound_file(container: str, codec: str, secs: float = 0.5) -> bytes:
    """A tone of 440 Hz."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=48_000 if codec == "libopus" else 44_100)
        stream.layout = "mono"
        mux_tone(target, stream, secs)
    return file.getvalue()


def mux_tone(target: Any, stream: Any, secs: float) -> None:
    times = np.arange(int(44_100 * secs)) / 44_100
    tone = (np.sin(2 * np.pi * 440 * times) * 12_000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
    frame.rate = 44_100
    resampler = av.AudioResampler(
        format=stream.format, layout="mono", rate=stream.rate, frame_size=stream.codec_context.frame_size or 0
    )
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        target.mux(stream.encode(piece))
    target.mux(stream.encode(None))
