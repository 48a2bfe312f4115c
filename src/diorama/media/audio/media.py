"""Sounds."""

from __future__ import annotations

import operator
import os
from typing import Any

from diorama.media.audio.samples import samples_from, stored_type
from diorama.media.audio.wav import SIZE_LIMIT_BYTES
from diorama.media.core.array_bytes import keep_array
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.foreign import family_of
from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import KeptFile, keep_file, keep_stream
from diorama.media.core.warn import warn_user
from diorama.model import clean_text

_RATE_LIMIT = 2**32 - 1


class Audio(Media):
    """A sound to log.

    Accepts as `data_or_path`:
    * the path (text or Path) of a sound file of any type (wav, flac, ogg, opus, mp3, m4a, aac, aiff, au ...),
    * such a file as bytes or as an open binary stream,
    * samples: a list, array or tensor (samples,), (samples, channels) or (channels, samples) of integers or
      floats; the longer axis is time.

    A file is kept byte for byte. Samples become a WAV that keeps their true values, also those outside -1..1:
    floats as 16-bit integers, 32-bit or 64-bit floats, whichever is the smallest that keeps them exactly,
    int16 and int32 as they are (`diorama.media.audio.samples` lists all). They are copied now and written
    later, in another process.

    `sample_rate`: samples a second, a positive whole number; samples need one. `caption`, `sample_id`: text.

    Raises: ValueError for samples without a sample rate, a rate that is not positive, shapes that are no
    sound, integers beyond 32 bits, more than 4 GiB of samples, URLs, folders and empty files; TypeError for
    anything else; FileNotFoundError.

    >>> Audio([0.0, 0.5, 0.0, -0.5], sample_rate=8000, caption="a tone").sample_rate
    8000
    """

    KIND = "audio"

    def __init__(
        self,
        data_or_path: Any,
        sample_rate: int | None = None,
        caption: str | None = None,
        *,
        sample_id: str | None = None,
    ) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self.sample_rate = None if sample_rate is None else _checked_rate(sample_rate)
        self._header: dict[str, Any]
        self._kept: Kept
        if isinstance(data_or_path, (str, os.PathLike)):
            self._take_file(keep_file(data_or_path, subject="the sound"))
        elif isinstance(data_or_path, (bytes, bytearray, memoryview)):
            if not len(data_or_path):
                raise ValueError("the sound is empty: it has no bytes")
            self._take_file(KeptFile("", keep(data_or_path)))
        elif _is_samples(data_or_path):
            self._take_samples(data_or_path)
        elif callable(getattr(data_or_path, "read", None)):
            self._take_file(keep_stream(data_or_path, subject="the sound"))
        else:
            raise TypeError(
                "Audio accepts a file path, an open file, bytes or samples, "
                f"not {type(data_or_path).__name__}"
            )

    def _take_file(self, source: KeptFile) -> None:
        if self.sample_rate is not None:
            warn_user("`sample_rate` has no effect on a file or on raw bytes: they say their own")
            self.sample_rate = None
        self._kept = source.kept
        self._header = {"form": "file", "name": source.name or None}

    def _take_samples(self, value: Any) -> None:
        if self.sample_rate is None:
            raise ValueError('Argument "sample_rate" is required when instantiating Audio with raw data')
        array, axes = samples_from(value)
        if array.size * max(2, array.dtype.itemsize) > SIZE_LIMIT_BYTES:
            raise ValueError("a sound of samples holds at most 4 GiB; log it in parts, or as a FLAC file")
        stored = stored_type(array)
        header, self._kept = keep_array(array)
        self._header = {
            "form": "samples",
            "array": header,
            "axes": axes,
            "stored": stored,
            "sample_rate": self.sample_rate,
        }

    def snapshot(self) -> Snapshot:
        header = {**self._header, "caption": self.caption, "sample_id": self.sample_id}
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        header = self._header
        subject = header["name"] or "file" if header["form"] == "file" else tuple(header["array"]["shape"])
        return f"Audio({subject}, sample_rate={self.sample_rate}, caption={self.caption!r})"


def _is_samples(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        or family_of(type(value)) in ("array", "torch", "host", "cupy")
        or hasattr(value, "__array__")
        or callable(getattr(value, "numpy", None))
    )


def _checked_rate(sample_rate: Any) -> int:
    try:
        rate = int(sample_rate) if float(sample_rate).is_integer() else operator.index(sample_rate)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"sample_rate must be a positive whole number, not {sample_rate!r}") from error
    if not 0 < rate <= _RATE_LIMIT:
        raise ValueError(f"sample_rate must be a positive whole number, not {sample_rate!r}")
    return rate
