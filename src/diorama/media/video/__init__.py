"""Videos."""

from diorama.media.core.base import Kind
from diorama.media.video.codec import encode, warnings_of
from diorama.media.video.load import decode
from diorama.media.video.media import Video
from diorama.media.video.record import VideoRecord

KIND = Kind(
    name="video",
    cls=Video,
    record=VideoRecord,
    encode=encode,
    decode=decode,
    adopt=Video,
    suffixes=(".mp4", ".m4v", ".webm", ".ogv", ".mov", ".mkv", ".avi", ".mpg", ".mpeg"),
    warnings=warnings_of,
)
