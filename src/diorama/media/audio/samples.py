"""What may be logged as samples, and what of them a WAV file keeps.

| numbers | in the WAV | true values |
|---|---|---|
| floats that are all n / 32768, as they come from 16-bit files | PCM_16 | kept |
| other float32, float16, float64 that fit into 32 bits | FLOAT (32 bits) | kept, also beyond -1..1 and NaN |
| other float64 | DOUBLE (64 bits) | kept |
| int16, int32 | PCM_16, PCM_32 | kept |
| uint8 | PCM_U8 (128 is silence) | kept |
| int8; uint16, uint32 | PCM_U8; PCM_16, PCM_32, with the sign bit turned | kept |
| int64, uint64, Python integers | PCM_16 if all fit, else PCM_32 | kept; numbers beyond 32 bits are refused |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diorama.media.core.foreign import array_from, family_of, without_leading_ones

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNELS_LIMIT = 64
_STORED = {
    "f2": "f4",
    "f4": "f4",
    "f8": "f8",
    "i2": "i2",
    "i4": "i4",
    "u1": "u1",
    "i1": "u1",
    "u2": "i2",
    "u4": "i4",
}
ENCODINGS = {"f4": "FLOAT", "f8": "DOUBLE", "i2": "PCM_16", "i4": "PCM_32", "u1": "PCM_U8"}


def samples_from(value: Any) -> tuple[NDArray[Any], str]:
    """(samples as given, axes) of anything that `Audio` accepts as samples, sharing memory where possible.

    axes: "t" (mono), "tc" (time, channels) or "ct". The longer axis is time.
    Raises ValueError for shapes that are no sound, TypeError for values that are no real numbers.
    """
    try:
        if family_of(type(value)) is None and callable(getattr(value, "numpy", None)):
            value = value.numpy()
        array = array_from(value)
    except ValueError as error:
        if isinstance(value, (list, tuple)):
            raise ValueError(f"the channels of a sound must be equally long: {error}") from error
        raise
    if array.size == 0 and isinstance(value, (list, tuple)):
        array = array.astype("float32")
    if array.dtype.kind not in "iuf":
        raise TypeError(f"a sound needs integers or floats, not an array of dtype {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype("float64")
    array = without_leading_ones(array, 2)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"a sound is (samples,), (samples, channels) or (channels, samples), not {array.shape}"
        )
    if array.ndim == 1:
        return array, "t"
    first, second = array.shape
    axes = "ct" if (first < second and first > 0) or second == 0 else "tc"
    channels = first if axes == "ct" else second
    if not 1 <= channels <= CHANNELS_LIMIT:
        raise ValueError(
            f"a sound has 1 to {CHANNELS_LIMIT} channels, not {channels}: its shape is {array.shape}"
        )
    return array, axes


def stored_type(array: NDArray[Any]) -> str:
    """The number type of the WAV ("f4", "i2" ...). Raises ValueError for integers beyond 32 bits."""
    name = array.dtype.str[1:]
    if name in _STORED:
        return _STORED[name]
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for stored, bits in (("i2", 15), ("i4", 31)):
        if -(2**bits) <= low and high < 2**bits:
            return stored
    raise ValueError(f"the samples go from {low} to {high}; a sound of integers has at most 32 bits")


def smallest_type(samples: NDArray[Any], stored: str) -> str:
    """The smallest type that keeps floats exactly: what comes from 16-bit files goes back to 16 bits."""
    import numpy as np

    if stored not in ("f4", "f8"):
        return stored
    with np.errstate(all="ignore"):
        scaled = samples.astype(np.float64) * 2.0**15
        if samples.size and (np.rint(scaled) == scaled).all() and (np.abs(scaled + 0.5) < 2**15).all():
            return "i2"
        is_single = stored == "f4" or np.array_equal(samples.astype(np.float32), samples, equal_nan=True)
    return "f4" if is_single else "f8"


def to_stored(samples: NDArray[Any], stored: str) -> NDArray[Any]:
    """The numbers as the WAV keeps them, little-endian."""
    import numpy as np

    given = samples.dtype
    if given.kind == "f" and stored == "i2":
        return np.ascontiguousarray((samples.astype(np.float64) * 2.0**15).astype("<i2"))
    if given.kind + str(given.itemsize) in ("i1", "u2", "u4"):
        # The same bits with the highest one turned: -128 and 0 change places with 0 and 128.
        unsigned = samples.astype(f"u{given.itemsize}") ^ (1 << (8 * given.itemsize - 1))
        samples = unsigned.view("u1") if given.kind == "i" else unsigned.view(f"i{given.itemsize}")
    return np.ascontiguousarray(samples.astype(f"<{stored}", copy=False))


def from_stored(stored: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The numbers as they were logged."""
    import numpy as np

    wanted = np.dtype(dtype)
    if wanted.kind == "f" and stored.dtype.kind == "i":
        return (stored / 2.0**15).astype(wanted)
    if wanted.kind + str(wanted.itemsize) in ("i1", "u2", "u4"):
        bits = stored.view(f"u{wanted.itemsize}") ^ np.array(
            1 << (8 * wanted.itemsize - 1), f"u{wanted.itemsize}"
        )
        unsigned: NDArray[Any] = bits.view(wanted)
        return unsigned
    return stored.astype(wanted)


def as_floats(stored: NDArray[Any]) -> NDArray[Any]:
    """Stored numbers in -1..1, as they sound."""
    import numpy as np

    if stored.dtype.kind == "f":
        return stored
    if stored.dtype.itemsize == 1:
        return (stored.astype(np.float32) - 128) / 128
    kind = np.float64 if stored.dtype.itemsize == 4 else np.float32
    return stored.astype(kind) / 2.0 ** (8 * stored.dtype.itemsize - 1)
