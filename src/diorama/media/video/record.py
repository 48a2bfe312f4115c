"""What the store keeps of a video."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class VideoRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="video"):
    """A video file: the user's, byte for byte, or one made of frames.

    format: gif, mp4, webm, ogg ... duration_secs, fps, frame_count, width and height (pixels, as shown): None
    where nobody could find out. codec: of the pictures. has_audio: a sound track. poster: a WebP of a frame.
    preview: an mp4 for browsers, where they can't play `blob`. note: what could not be read of it.
    grid: rows and columns of a batch shown side by side. normalized: how logged numbers became pixels
    (see media/core/scale.py), None for a file; shown_range: the numbers that became black and white, where
    they were found out; non_finite, out_of_range: numbers that could not be kept.
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
