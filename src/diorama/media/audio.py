"""Sounds."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class AudioRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="audio"):
    """A sound file: the user's, byte for byte, or a WAV made of an array.

    frame_count: samples of one channel. encoding: libsndfile's name of the sample format (PCM_16, FLOAT,
    VORBIS ...). peaks: the outline for drawing: int8 pairs (lowest, highest) of equal stretches, channel after
    channel, `peak_count` pairs each. preview: a file for browsers, where they can't play `blob`.
    note: what could not be read of it.
    """

    blob: BlobRef
    format: str
    name: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    frame_count: int | None = None
    duration_secs: float | None = None
    encoding: str | None = None
    peaks: BlobRef | None = None
    peak_count: int = 0
    preview: BlobRef | None = None
    note: str | None = None
    non_finite: int = 0
    out_of_range: int = 0


class Audio(Media):
    """To be written."""

    KIND = "audio"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> AudioRecord:
    raise NotImplementedError


def decode(record: AudioRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="audio", cls=Audio, record=AudioRecord, encode=encode, decode=decode)
