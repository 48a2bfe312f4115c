"""Frames become a file: mp4 (H.264), webm (VP9) and ogg (VP8) by PyAV, gif by Pillow. Runs in the sidecar.

The same frames give the same bytes. Browsers play H.264 and VP9 with one colour value for each 2 x 2 pixels,
so a side with an odd number of pixels gets its last line twice; whoever reads the video cuts it off again.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

THREADS = 2
"""A training machine has better things to do."""
POSTER_SIDE = 512
GIF_FPS_LIMIT = 50
"""Browsers slow down a gif whose frames last less than 0.02 s."""

_KEYFRAME_EVERY = 24
"""Frames; seeking and stepping backwards stay quick."""
_CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "mp4": (
        "libx264",
        {"crf": "18", "preset": "veryfast", "bf": "0", "x264-params": "threads=2:lookahead-threads=1"},
    ),
    "webm": ("libvpx-vp9", {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}),
    "ogg": ("libvpx", {"crf": "8", "b": "8M", "deadline": "good", "cpu-used": "5"}),
}
CODEC_NAMES = {"mp4": "h264", "webm": "vp9", "ogg": "vp8", "gif": "gif"}


def write_video(frames: Iterator[NDArray[Any]], fps: Fraction, file_format: str) -> bytes:
    """The file of frames (height, width, 1 or 3) of uint8."""
    return write_gif(frames, fps) if file_format == "gif" else _write_with_codec(frames, fps, file_format)


def _write_with_codec(frames: Iterator[NDArray[Any]], fps: Fraction, file_format: str) -> bytes:
    import av
    from av.video.reformatter import ColorRange, Colorspace

    codec, options = _CODECS[file_format]
    # VP8 has no way to say which colours it means: everybody takes BT.601.
    colors, tag = (Colorspace.ITU601, 6) if file_format == "ogg" else (Colorspace.ITU709, 1)
    # A file and not memory: for `faststart` the muxer opens what it wrote a second time.
    with tempfile.TemporaryDirectory(prefix="diorama-video-") as folder:
        path = os.path.join(folder, f"video.{file_format}")
        flags = {"movflags": "+faststart"} if file_format == "mp4" else {}
        with av.open(path, "w", format=file_format, options={"fflags": "+bitexact", **flags}) as container:
            stream: Any = None
            for at, pixels in enumerate(frames):
                even = make_even(pixels)
                if stream is None:
                    stream = container.add_stream(codec, rate=fps, options=options)
                    stream.height, stream.width = even.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.time_base = 1 / fps
                    context = stream.codec_context
                    context.thread_count = THREADS
                    context.gop_size = _KEYFRAME_EVERY
                    context.colorspace = colors
                    context.color_range = ColorRange.MPEG
                    context.color_primaries = context.color_trc = tag
                frame = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
                    format="yuv420p", dst_colorspace=colors, dst_color_range=ColorRange.MPEG
                )
                frame.pts, frame.time_base = at, 1 / fps
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with open(path, "rb") as file:
            return file.read()


def make_even(pixels: NDArray[Any]) -> NDArray[Any]:
    """RGB with an even number of rows and columns; the last ones are repeated where needed."""
    import numpy as np

    height, width = pixels.shape[:2]
    pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)


def write_gif(frames: Iterator[NDArray[Any]], fps: Fraction) -> bytes:
    """A gif that plays for ever. Every frame has its own 256 colours; grey frames keep theirs exactly.

    Frame by frame, and not by Pillow's own `save_all`: that makes one frame of several equal ones. What does
    not change from one frame to the next is not written again.
    """
    import numpy as np
    from PIL.GifImagePlugin import getdata

    pieces: list[bytes] = []
    before: NDArray[Any] | None = None
    shown_centisecs = 0
    for at, pixels in enumerate(frames):
        height, width = pixels.shape[:2]
        top, bottom, left, right = 0, height, 0, width
        if before is None:
            pieces += [b"GIF89a", struct.pack("<HHBBB", width, height, 0x70, 0, 0), _FOR_EVER]
        else:
            changed = (pixels != before).any(axis=2)
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, 1)
            left, right = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, 1)
        # Durations are whole hundredths of a second: a frame ends at the hundredth nearest to its true end.
        lasts_centisecs = max(2, round(100 * (at + 1) / fps) - shown_centisecs)
        shown_centisecs += lasts_centisecs
        picture = _palette_picture(pixels[top:bottom, left:right])
        pieces += getdata(
            picture,
            (left, top),
            duration=10 * min(lasts_centisecs, 65_535),
            disposal=1,
            include_color_table=True,
        )
        before = pixels
    return b"".join([*pieces, b";"])


_FOR_EVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"


def _palette_picture(pixels: NDArray[Any]) -> Any:
    import numpy as np
    import PIL.Image

    if pixels.shape[2] == 1:
        picture = PIL.Image.frombytes("P", pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
        picture.putpalette(bytes(level for level in range(256) for _ in range(3)))
        return picture
    picture = PIL.Image.fromarray(np.ascontiguousarray(pixels))
    return picture.quantize(256, method=PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE)


def poster_of(pixels: NDArray[Any]) -> bytes:
    """A WebP of a frame (uint8), at most POSTER_SIDE pixels a side."""
    import PIL.Image

    picture = PIL.Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    picture.thumbnail((POSTER_SIDE, POSTER_SIDE), PIL.Image.Resampling.BILINEAR)
    file = io.BytesIO()
    picture.save(file, "WEBP", method=1, quality=85)
    return file.getvalue()
