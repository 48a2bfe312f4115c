"""Videos."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class VideoRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="video"):
    """A video file: the user's, byte for byte, or one made of an array.

    format: gif, mp4, webm, ogg ... duration_secs, fps, frame_count, width and height (pixels, as shown): None
    where nobody could find out. codec: of the pictures. has_audio: a sound track. poster: a WebP of a frame.
    preview: an mp4 for browsers, where they can't play `blob`. note: what could not be read of it.
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


class Video(Media):
    """To be written."""

    KIND = "video"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> VideoRecord:
    raise NotImplementedError


def decode(record: VideoRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="video", cls=Video, record=VideoRecord, encode=encode, decode=decode)
