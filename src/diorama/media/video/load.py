"""From the record of a video back to what was logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.base import GetBlob
from diorama.media.core.limited import MEMORY_BYTES, run_limited
from diorama.media.video.record import VideoRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
            "diorama.media.video.facts:frames",
            header,
            self.file,
            memory_bytes=MEMORY_BYTES + 4 * size_bytes,
            cpu_secs=60 + size_bytes / 2**24,
            wall_secs=180 + size_bytes / 2**22,
        )
        pixels: NDArray[Any] = np.frombuffer(answer["pixels"], np.uint8).reshape(answer["shape"])
        return pixels


def decode(record: VideoRecord, get_blob: GetBlob) -> LoadedVideo:
    """The file, and its frames when asked for."""
    return LoadedVideo(get_blob(record.blob), record)
