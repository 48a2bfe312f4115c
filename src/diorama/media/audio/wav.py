"""WAV files: written for samples, and read back where we wrote them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE_LIMIT_BYTES = 2**32 - 4096
"""A WAV counts its bytes with 32 bits."""
_PCM, _IEEE_FLOAT = 1, 3
_TYPES = {
    (_PCM, 8): "u1",
    (_PCM, 16): "<i2",
    (_PCM, 32): "<i4",
    (_IEEE_FLOAT, 32): "<f4",
    (_IEEE_FLOAT, 64): "<f8",
}


def write_wav(samples: NDArray[Any], sample_rate: int) -> bytes:
    """The file of samples (time, channels), contiguous and little-endian: u1, i2, i4, f4 or f8."""
    channels, width = samples.shape[1], samples.dtype.itemsize
    is_float = samples.dtype.kind == "f"
    rate_bytes = min(sample_rate * channels * width, 2**32 - 1)
    form = struct.pack(
        "<HHIIHH",
        _IEEE_FLOAT if is_float else _PCM,
        channels,
        sample_rate,
        rate_bytes,
        channels * width,
        8 * width,
    )
    chunks = [_chunk(b"fmt ", form + (b"\0\0" if is_float else b""))]
    if is_float:
        chunks.append(_chunk(b"fact", struct.pack("<I", len(samples))))
    data = samples.reshape(-1).view("u1").data if samples.size else b""
    head = b"".join(chunks) + b"data" + struct.pack("<I", samples.nbytes)
    pad = b"\0" * (samples.nbytes % 2)
    size = 4 + len(head) + samples.nbytes + len(pad)
    return b"".join((b"RIFF", struct.pack("<I", size), b"WAVE", head, data, pad))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data


def read_wav(data: bytes) -> tuple[NDArray[Any], int]:
    """(samples (time, channels) as stored, sample rate) of a file that `write_wav` made.

    Raises ValueError for any other.
    """
    import numpy as np

    if data[:4] != b"RIFF" or data[8:16] != b"WAVEfmt ":
        raise ValueError("this is not a WAV that was made of samples")
    (form_size,) = struct.unpack_from("<I", data, 16)
    kind, channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", data, 20)
    at = 20 + form_size
    while data[at : at + 4] == b"fact":
        at += 12
    dtype = _TYPES.get((kind, bits))
    if dtype is None or data[at : at + 4] != b"data" or channels < 1:
        raise ValueError("this is not a WAV that was made of samples")
    (size,) = struct.unpack_from("<I", data, at + 4)
    samples = np.frombuffer(data[at + 8 : at + 8 + size], dtype)
    return samples.reshape(-1, channels), sample_rate
