"""Videos."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

from diorama.errors import UsageError
from diorama.media.core.array_bytes import keep_array
from diorama.media.core.av_formats import HEAD_BYTES, sniff
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import KeptFile, keep_file, keep_stream
from diorama.media.core.warn import warn_user
from diorama.media.video.encode import GIF_FPS_LIMIT
from diorama.media.video.frames import frames_from, grid_of, is_frames
from diorama.model import clean_text

FPS_LIMIT = 1000


class Video(Media):
    """A video to log.

    Accepts as `data_or_path`:
    * the path (text or Path) of a gif, mp4, m4v, webm, ogg, ogv, mov, mkv, avi, mpg or mpeg,
    * such a file as bytes or as an open binary stream; `format` names it where its first bytes do not,
    * an array or tensor (time, channels, height, width) with 1, 3 or 4 channels, or
      (time, height, width, channels) where only that can be meant,
    * a batch of videos (batch, time, channels, height, width): shown side by side, as W&B does,
    * a list of frames: PIL images or arrays (height, width) or with channels.

    A file is kept byte for byte. Of frames one copy is made now; they are encoded later, in another process.

    `fps`: frames a second of frames, default 4. `format`: what frames become: "mp4" (default), "gif", "webm"
    or "ogg". Numbers become pixels by the rule of pictures (`diorama.media.core.scale`), one for
    all frames. Alpha is dropped. `caption`, `sample_id`: text.

    Raises: ValueError for shapes that are no video, other formats or file endings, an fps that is not
    positive, URLs, folders and empty files; TypeError for values that are no numbers; FileNotFoundError;
    UsageError when frames shall become anything but a gif and PyAV is not installed.

    >>> Video([[[0, 9], [9, 0]], [[9, 0], [0, 9]]], fps=2).format
    'mp4'
    """

    KIND = "video"
    EXTS = ("gif", "mp4", "webm", "ogg", "ogv", "avi", "mov", "mkv", "m4v", "mpg", "mpeg")
    ENCODED = ("gif", "mp4", "webm", "ogg")
    """What frames can become."""

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        format: str | None = None,
        *,
        sample_id: str | None = None,
    ) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        if format is not None and (not isinstance(format, str) or format.lower() not in self.EXTS):
            raise ValueError(f"Video accepts {', '.join(self.EXTS)} formats, not {format!r}")
        wanted = format.lower() if format is not None else None
        self._header: dict[str, Any]
        self._kept: Kept
        if isinstance(data_or_path, (str, os.PathLike)):
            self._take_path(data_or_path)
        elif isinstance(data_or_path, (bytes, bytearray, memoryview)):
            if not len(data_or_path):
                raise ValueError("the video is empty: it has no bytes")
            self._take_file(KeptFile("", keep(data_or_path)), wanted)
        elif not is_frames(data_or_path) and callable(getattr(data_or_path, "read", None)):
            self._take_file(keep_stream(data_or_path, subject="the video"), wanted)
        elif is_frames(data_or_path):
            self._take_frames(data_or_path, fps, wanted)
        else:
            raise ValueError(
                "Video accepts a file path, an open file, bytes, frames or numpy like data as input, "
                f"not {type(data_or_path).__name__}"
            )
        if self._header["form"] == "file" and fps is not None:
            warn_user("`fps` has no effect on a file or on raw bytes: they play at their own rate")

    def _take_path(self, path: str | os.PathLike[str]) -> None:
        name = os.fspath(path)
        suffix = os.path.splitext(name if isinstance(name, str) else os.fsdecode(name))[1][1:].lower()
        if suffix not in self.EXTS and "://" not in str(name):
            raise ValueError(
                f"Video accepts {', '.join(self.EXTS)} formats, not {suffix or 'a file without ending'!r}"
            )
        self._take_file(keep_file(path, subject="the video"), suffix)

    def _take_file(self, source: KeptFile, named: str | None) -> None:
        # The sidecar looks at the first bytes; here they need not be read back from the spool.
        named = named or sniff(source.kept.head(HEAD_BYTES))
        if named is None:
            raise ValueError(
                "Video requires a `format` argument for these bytes: they begin like no known video"
            )
        self.format = named
        self._kept = source.kept
        self._header = {"form": "file", "format": self.format, "name": source.name or None}

    def _take_frames(self, value: Any, fps: float | None, wanted: str | None) -> None:
        rate = _checked_fps(4 if fps is None else fps)
        self.format = wanted or "mp4"
        if self.format not in self.ENCODED:
            raise ValueError(f"frames can become {', '.join(self.ENCODED)}, not {self.format}")
        if self.format != "gif" and not _has_pyav():
            raise UsageError(
                f"to make {self.format} of frames, Diorama needs PyAV",
                hint='pip install "diorama[media]", or format="gif", which needs nothing more',
            )
        if self.format == "gif" and rate > GIF_FPS_LIMIT:
            warn_user(
                f"browsers show at most {GIF_FPS_LIMIT} frames a second of a gif; format='mp4' can do {fps}"
            )
        array = frames_from(value)
        if array.shape[4] == 4:
            warn_user("a video has no alpha channel here: it is dropped")
        header, self._kept = keep_array(array)
        rows, columns = grid_of(array.shape[0])
        self.width, self.height = columns * array.shape[3], rows * array.shape[2]
        fps_fraction = [rate.numerator, rate.denominator]
        self._header = {"form": "frames", "format": self.format, "fps": fps_fraction, "array": header}

    def snapshot(self) -> Snapshot:
        header = {**self._header, "caption": self.caption, "sample_id": self.sample_id}
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Video({self.format}, {self._kept.size_bytes} bytes, caption={self.caption!r})"


def _checked_fps(fps: Any) -> Fraction:
    try:
        rate = Fraction(float(fps)).limit_denominator(1001)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"fps must be a positive number, not {fps!r}") from error
    if not 0 < rate <= FPS_LIMIT:
        raise ValueError(f"fps must be more than 0.001 and at most {FPS_LIMIT}, not {fps!r}")
    return rate


def _has_pyav() -> bool:
    import importlib.util

    return importlib.util.find_spec("av") is not None
