"""What the store keeps of a sound."""

from __future__ import annotations

from typing import Literal

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class AudioRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="audio"):
    """A sound file: the user's, byte for byte, or a WAV made of samples.

    frame_count: samples of one channel. encoding: libsndfile's name of the sample format (PCM_16, FLOAT,
    VORBIS ...). peaks: the outline for drawing: int8 pairs (lowest, highest) of equal stretches, channel
    after channel, `peak_count` pairs each. preview: a file for browsers, where they can't play `blob`.
    note: what could not be read of it. dtype, axes: of the logged samples (axes "t", "tc" or "ct": time,
    channels); None for a file. non_finite, out_of_range: samples that are no number, or outside -1..1.
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
    dtype: str | None = None
    axes: Literal["t", "tc", "ct"] | None = None
