"""Looks into video files that somebody else made. Runs in a worker with limits (see media/core/limited.py).

FFmpeg reads the one file that we open for it, with the demuxer that the first bytes ask for and no protocols,
so that no file can make it open another one or the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diorama.media.core.av_formats import DEMUXERS
from diorama.media.core.extent import Data, file_of, view_of
from diorama.media.image.formats import open_picture
from diorama.media.video.encode import poster_of

if TYPE_CHECKING:
    import av.container
    from numpy.typing import NDArray

_GIF_FRAMES_LIMIT = 100_000
_LOOK_AT_FRAMES = 48
"""A film may fade in from black: the poster is the first of so many frames that shows something."""
_PLAIN_SPREAD = 4.0
_PLAYABLE = {
    "mp4": {"h264", "vp9", "av1"},
    "webm": {"vp8", "vp9", "av1"},
}
_PLAYABLE_SOUND = {"aac", "mp3", "opus", "vorbis", "flac"}


def open_container(data: Data, file_format: str) -> av.container.InputContainer:
    """The opened film. Raises ValueError for a format without a demuxer, or what PyAV raises."""
    import av

    av.logging.set_level(av.logging.PANIC)
    if file_format not in DEMUXERS:
        raise ValueError(f"{file_format} is no format that is looked into")
    try:
        return av.open(
            file_of(data), "r", format=DEMUXERS[file_format], options={"protocol_whitelist": "none"}
        )
    except av.error.FFmpegError as error:
        raise ValueError(f"it begins like {file_format}, but goes on otherwise ({error.strerror})") from error


def inspect(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """Facts and a poster: fields of VideoRecord, and `is_playable` by browsers."""
    if header["format"] == "gif":
        return _inspect_gif(data)
    with open_container(data, header["format"]) as container:
        sounds = [stream.codec_context.name for stream in container.streams.audio if stream.codec_context]
        pictures = [stream for stream in container.streams.video if stream.codec_context is not None]
        if not pictures:
            only = "only a sound track that can be read" if sounds else "no track that can be read"
            return {
                "has_audio": bool(sounds),
                "duration_secs": container.duration / 1e6 if container.duration else None,
                "note": f"the file has {only}",
                "is_playable": False,
            }
        stream = pictures[0]
        count, start, end = 0, None, None
        for packet in container.demux(stream):
            if packet.pts is None or packet.size == 0:
                continue
            count += 1
            start = packet.pts if start is None else min(start, packet.pts)
            end = max(end or 0, packet.pts + (packet.duration or 0))
        if count == 0:
            raise ValueError("the file has no frames")
        secs = float((end - start) * stream.time_base) if end is not None and start is not None else 0.0
        rate = float(stream.average_rate or 0)
        codec = stream.codec_context.name.removeprefix("lib")
        codec = {"dav1d": "av1", "vpx": "vp8", "vpx-vp9": "vp9"}.get(codec, codec)
        facts: dict[str, Any] = {
            "width": stream.codec_context.width or None,
            "height": stream.codec_context.height or None,
            "frame_count": count,
            "duration_secs": secs or None,
            "fps": rate or (count / secs if secs else None),
            "codec": codec,
            "has_audio": bool(sounds),
            "is_playable": codec in _PLAYABLE.get(header["format"], set())
            and stream.codec_context.pix_fmt in ("yuv420p", "yuvj420p", "yuva420p")
            and all(name.removesuffix("float") in _PLAYABLE_SOUND for name in sounds),
        }
    try:
        facts |= _poster(data, header["format"])
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        facts["note"] = f"its pictures can't be decoded: {reason}"
        facts["is_playable"] = False
    return facts


def _poster(data: Data, file_format: str) -> dict[str, Any]:
    first: NDArray[Any] | None = None
    turned = 0
    with open_container(data, file_format) as container:
        container.streams.video[0].thread_count = 1
        for at, frame in enumerate(container.decode(video=0)):
            pixels = upright(frame)
            turned = int(frame.rotation)
            first = pixels if first is None else first
            if pixels[::4, ::4].std() > _PLAIN_SPREAD:
                first = pixels
                break
            if at >= _LOOK_AT_FRAMES:
                break
    if first is None:
        raise ValueError("there is no frame in it")
    facts: dict[str, Any] = {"poster": poster_of(first)}
    if turned:
        facts["height"], facts["width"] = first.shape[:2]
    return facts


def first_frame(data: Data, file_format: str) -> NDArray[Any]:
    return next(_decoded_frames(data, file_format))


def upright(frame: Any) -> NDArray[Any]:
    """A decoded frame as RGB, turned as the file says."""
    import numpy as np

    pixels: NDArray[Any] = frame.to_ndarray(format="rgb24")
    quarters = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def _open_gif(data: Data) -> Any:
    return open_picture(view_of(data), "the gif")[0]


def _inspect_gif(data: Data) -> dict[str, Any]:
    import numpy as np

    image = _open_gif(data)
    poster = poster_of(np.asarray(image.convert("RGB")))
    count, millisecs, problem = 0, 0, None
    for at in range(_GIF_FRAMES_LIMIT):
        try:
            image.seek(at)
        except EOFError:
            break
        except (OSError, ValueError, SyntaxError) as error:
            problem = f"it could be read only up to frame {count}: {error}"
            break
        count += 1
        # Browsers show frames without a duration, or a very short one, for 0.1 s.
        shown = image.info.get("duration", 0)
        millisecs += shown if shown > 10 else 100
    return {
        "width": image.width,
        "height": image.height,
        "frame_count": count,
        "duration_secs": millisecs / 1000,
        "fps": count * 1000 / millisecs,
        "codec": "gif",
        "has_audio": False,
        "is_playable": True,
        "poster": poster,
        "note": problem,
    }


def frames(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """`count` frames from `start` on, as {"shape", "pixels"} of uint8 RGB. count None: all."""
    start, count = header["start"], header["count"]
    found: list[bytes] = []
    shape: tuple[int, ...] = (0, 0, 3)
    source = _gif_frames(data) if header["format"] == "gif" else _decoded_frames(data, header["format"])
    for at, pixels in enumerate(source):
        if at < start:
            continue
        if count is not None and len(found) >= count:
            break
        pixels = pixels[: header["height"], : header["width"]]
        if found and pixels.shape != shape:
            raise ValueError("the frames differ in size")
        shape = pixels.shape
        found.append(pixels.tobytes())
    return {"shape": [len(found), *shape], "pixels": b"".join(found)}


def _decoded_frames(data: Data, file_format: str) -> Iterator[NDArray[Any]]:
    with open_container(data, file_format) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0):
            yield upright(frame)


def _gif_frames(data: Data) -> Iterator[NDArray[Any]]:
    import numpy as np

    image = _open_gif(data)
    for at in range(_GIF_FRAMES_LIMIT):
        try:
            image.seek(at)
        except EOFError:
            return
        yield np.asarray(image.convert("RGB"))
