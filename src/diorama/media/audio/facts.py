"""Looks into sound files that somebody else made. Runs in a worker with limits (see media/core/limited.py).

libsndfile first, which reads most; FFmpeg (PyAV), without protocols, for the rest: m4a, aac.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from diorama.media.audio.outline import Outline
from diorama.media.audio.wav import write_wav
from diorama.media.core.av_formats import HEAD_BYTES, sniff
from diorama.media.core.extent import Data, file_of, head_of
from diorama.media.video.facts import open_container

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 65_536
_PREVIEW_SAMPLES_LIMIT = 64 << 20
_PLAYABLE: dict[str, set[str]] = {
    "wav": {"PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW", "ALAW"},
    "flac": {"PCM_S8", "PCM_16", "PCM_24"},
    "mp3": {"MPEG_LAYER_III"},
    "ogg": {"VORBIS", "OPUS", "FLAC"},
    "webm": {"VORBIS", "OPUS"},
    "m4a": {"AAC", "MP3"},
    "mp4": {"AAC", "MP3", "OPUS", "FLAC"},
    "aac": {"AAC"},
}
"""What browsers play, by format and encoding."""
RATES = (3_000, 192_000)
"""Sample rates that browsers play."""
_DTYPES = {"PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32", "FLOAT": "float32", "DOUBLE": "float64"}


class _Sound:
    """An open file: its facts, and its samples in blocks (time, channels)."""

    format: str
    encoding: str
    sample_rate: int
    channels: int
    expected: int | None

    def blocks(self, dtype: str) -> Iterator[NDArray[Any]]:
        raise NotImplementedError


class _SoundOfLibsndfile(_Sound):
    def __init__(self, file: Any) -> None:
        self._file = file
        self.format = file.format.lower()
        self.encoding = file.subtype
        self.sample_rate, self.channels = file.samplerate, file.channels
        self.expected = file.frames

    def blocks(self, dtype: str) -> Iterator[NDArray[Any]]:
        while len(block := self._file.read(_BLOCK, dtype=dtype, always_2d=True)):
            yield block


class _SoundOfFFmpeg(_Sound):
    def __init__(self, container: Any, file_format: str) -> None:
        if not container.streams.audio or container.streams.audio[0].codec_context is None:
            raise ValueError("there is no sound track that can be read")
        self._container = container
        self._stream = container.streams.audio[0]
        self._stream.thread_count = 1
        context = self._stream.codec_context
        self.format = file_format
        self.encoding = context.name.removeprefix("lib").removesuffix("float").removesuffix("_fixed").upper()
        self.sample_rate, self.channels = context.sample_rate, context.layout.nb_channels
        secs = float(self._stream.duration * self._stream.time_base) if self._stream.duration else 0
        self.expected = int(secs * self.sample_rate) or None

    def blocks(self, dtype: str) -> Iterator[NDArray[Any]]:
        import av

        resampler = av.AudioResampler(format="flt", layout=self._stream.codec_context.layout)
        for frame in self._container.decode(self._stream):
            for made in resampler.resample(frame):
                yield made.to_ndarray().reshape(-1, self.channels)


@contextmanager
def _opened(data: Data) -> Iterator[_Sound]:
    try:
        import soundfile

        try:
            file = soundfile.SoundFile(file_of(data))
        except soundfile.LibsndfileError as error:
            refusal: Exception = error
        else:
            with file:
                yield _SoundOfLibsndfile(file)
            return
    except ModuleNotFoundError as error:
        refusal = error
    found = sniff(head_of(data, HEAD_BYTES))
    if found is None or found == "gif":
        raise ValueError(f"its first bytes are those of no known sound ({_reason(refusal)})")
    with open_container(data, found) as container:
        yield _SoundOfFFmpeg(container, found)


def _reason(refusal: Exception) -> str:
    """libsndfile's own words: its error also names the address of our buffer."""
    return str(getattr(refusal, "error_string", refusal))


def inspect(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """Facts and the outline: fields of AudioRecord, `peaks` as bytes, and `preview`: whether it needs one."""
    import numpy as np

    with _opened(data) as sound:
        outline = Outline(sound.channels, sound.expected)
        count, problem, non_finite, out_of_range = 0, None, 0, 0
        try:
            for block in sound.blocks("float32"):
                outline.add(block)
                count += len(block)
                if sound.encoding in ("FLOAT", "DOUBLE"):
                    non_finite += int(np.count_nonzero(~np.isfinite(block)))
                    out_of_range += int(
                        np.count_nonzero(np.abs(np.nan_to_num(block, posinf=0, neginf=0)) > 1)
                    )
        except (ValueError, OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or _reason(error)
            if count == 0:
                raise ValueError(f"not one sample of it can be decoded ({reason})") from error
            problem = f"it could be read only up to sample {count:,}: {reason}"
        peaks, peak_count = outline.finish()
        file_format = sniff(head_of(data, HEAD_BYTES)) or sound.format
        is_playable = (
            sound.encoding in _PLAYABLE.get(file_format, set())
            and RATES[0] <= sound.sample_rate <= RATES[1]
            and not non_finite
        )
        return {
            "sample_rate": sound.sample_rate,
            "channels": sound.channels,
            "frame_count": count,
            "duration_secs": count / sound.sample_rate if sound.sample_rate else None,
            "encoding": sound.encoding,
            "peaks": peaks,
            "peak_count": peak_count,
            "note": problem,
            "non_finite": non_finite,
            "out_of_range": out_of_range,
            "needs_preview": not is_playable and count > 0,
        }


def preview(header: Mapping[str, Any], data: Data) -> bytes:
    """A 16-bit WAV that browsers play."""
    import numpy as np

    pieces: list[NDArray[Any]] = []
    count = 0
    with _opened(data) as sound:
        for block in sound.blocks("float32"):
            count += block.size
            if count > _PREVIEW_SAMPLES_LIMIT:
                raise ValueError("it is too long")
            pieces.append((np.clip(np.nan_to_num(block), -1, 1) * 32767).astype(np.int16))
        samples = np.concatenate(pieces)
        return playable_wav(samples, sound.sample_rate)


def playable_wav(samples: NDArray[Any], sample_rate: int) -> bytes:
    """A WAV of int16 or float32 (time, channels) at a rate that browsers play.

    Between the samples of a slow one lie straight lines, of a fast one only every n-th is kept.
    """
    import numpy as np

    low, high = RATES
    if sample_rate < low and len(samples):
        times = -(-8000 // sample_rate)
        if samples.size * times > _PREVIEW_SAMPLES_LIMIT:
            raise ValueError("it is too long")
        places = np.arange(len(samples) * times) / times
        lines = [np.interp(places, np.arange(len(samples)), channel) for channel in samples.T]
        samples, sample_rate = np.stack(lines, axis=1).astype(samples.dtype), sample_rate * times
    elif sample_rate > high:
        nth = -(-sample_rate // high)
        samples, sample_rate = samples[::nth], max(low, round(sample_rate / nth))
    return write_wav(np.ascontiguousarray(samples), sample_rate)


def samples(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """All samples as {"dtype", "channels", "samples"}: integers where the file has integers, else float32."""
    with _opened(data) as sound:
        dtype = _DTYPES.get(sound.encoding, "float32")
        pieces = [block.astype(dtype, copy=False).tobytes() for block in sound.blocks(dtype)]
        return {
            "dtype": dtype,
            "channels": sound.channels,
            "sample_rate": sound.sample_rate,
            "samples": b"".join(pieces),
        }
