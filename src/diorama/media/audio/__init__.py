"""Sounds."""

from diorama.media.audio.codec import encode, warnings_of
from diorama.media.audio.load import decode
from diorama.media.audio.media import Audio
from diorama.media.audio.record import AudioRecord
from diorama.media.core.base import Kind

KIND = Kind(
    name="audio",
    cls=Audio,
    record=AudioRecord,
    encode=encode,
    decode=decode,
    adopt=Audio,
    suffixes=(".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".au"),
    warnings=warnings_of,
)
