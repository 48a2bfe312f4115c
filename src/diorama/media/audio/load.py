"""From the record of a sound back to what was logged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diorama.media.audio.record import AudioRecord
from diorama.media.audio.samples import from_stored
from diorama.media.audio.wav import read_wav
from diorama.media.core.base import GetBlob
from diorama.media.core.limited import MEMORY_BYTES, run_limited

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
            "diorama.media.audio.facts:samples",
            {},
            self.file,
            memory_bytes=MEMORY_BYTES + 4 * size_bytes,
            cpu_secs=30 + size_bytes / 2**24,
            wall_secs=90 + size_bytes / 2**22,
        )
        samples = np.frombuffer(answer["samples"], answer["dtype"])
        return samples if answer["channels"] == 1 else samples.reshape(-1, answer["channels"])


def decode(record: AudioRecord, get_blob: GetBlob) -> LoadedAudio:
    """The file, and its samples when asked for."""
    return LoadedAudio(get_blob(record.blob), record)
