"""What the store keeps of a sound, and what reading it back gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from diorama.media.audio_samples import from_stored
from diorama.media.audio_wav import read_wav
from diorama.media.base import MediaRecord
from diorama.media.limited import MEMORY_BYTES, run_limited
from diorama.model import BlobRef

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


@dataclass(frozen=True)
class LoadedAudio:
    """A sound read back. file: its bytes. record: what is known about it."""

    file: bytes
    record: AudioRecord

    @property
    def sample_rate(self) -> int | None:
        return self.record.sample_rate

    @cached_property
    def array(self) -> NDArray[Any]:
        """The samples: as they were logged; of a file (samples,) or (samples, channels), integers where the
        file has integers and float32 else, decoded in a process with limits.

        Raises DecodeError when a file can't be decoded.
        """
        record = self.record
        if record.dtype is not None:
            stored, _ = read_wav(self.file)
            given = from_stored(stored, record.dtype)
            return given[:, 0] if record.axes == "t" else given.T if record.axes == "ct" else given
        import numpy as np

        size_bytes = 8 * (record.frame_count or 0) * (record.channels or 1)
        answer = run_limited(
            "diorama.media.audio_facts:samples",
            {},
            self.file,
            memory_bytes=MEMORY_BYTES + 4 * size_bytes,
            cpu_secs=30 + size_bytes / 2**24,
            wall_secs=90 + size_bytes / 2**22,
        )
        samples = np.frombuffer(answer["samples"], answer["dtype"])
        return samples if answer["channels"] == 1 else samples.reshape(-1, answer["channels"])
