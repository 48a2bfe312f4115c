"""What the store keeps of a video, and what reading it back gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.base import MediaRecord
from diorama.media.limited import MEMORY_BYTES, run_limited
from diorama.model import BlobRef

if TYPE_CHECKING:
    from numpy.typing import NDArray


class VideoRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="video"):
    """A video file: the user's, byte for byte, or one made of frames.

    format: gif, mp4, webm, ogg ... duration_secs, fps, frame_count, width and height (pixels, as shown): None
    where nobody could find out. codec: of the pictures. has_audio: a sound track. poster: a WebP of a frame.
    preview: an mp4 for browsers, where they can't play `blob`. note: what could not be read of it.
    grid: rows and columns of a batch shown side by side. normalized: how logged numbers became pixels (see
    media/scale.py), None for a file; shown_range: the numbers that became black and white, where they were
    found out; non_finite, out_of_range: numbers that could not be kept.
    An encoded frame may have one row or column more than height and width say.
    """

    blob: BlobRef
    format: str
    name: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    frame_count: int | None = None
    duration_secs: float | None = None
    codec: str | None = None
    has_audio: bool = False
    poster: BlobRef | None = None
    preview: BlobRef | None = None
    note: str | None = None
    grid: tuple[int, int] | None = None
    normalized: str | None = None
    non_finite: int = 0
    out_of_range: int = 0
    shown_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class LoadedVideo:
    """A video read back. file: its bytes. record: what is known about it."""

    file: bytes
    record: VideoRecord

    def frames(self, start: int = 0, count: int | None = None) -> NDArray[Any]:
        """The decoded frames, uint8 (time, height, width, 3), in a process with limits.

        Give `start` and `count` for a part of a long video. Raises DecodeError when they can't be decoded.
        """
        import numpy as np

        record = self.record
        wanted = count if count is not None else record.frame_count or 0
        size_bytes = wanted * (record.width or 0) * (record.height or 0) * 3
        header = {
            "format": record.format,
            "start": start,
            "count": count,
            "width": record.width,
            "height": record.height,
        }
        answer = run_limited(
            "diorama.media.video_facts:frames",
            header,
            self.file,
            memory_bytes=MEMORY_BYTES + 4 * size_bytes,
            cpu_secs=60 + size_bytes / 2**24,
            wall_secs=180 + size_bytes / 2**22,
        )
        pixels: NDArray[Any] = np.frombuffer(answer["pixels"], np.uint8).reshape(answer["shape"])
        return pixels
