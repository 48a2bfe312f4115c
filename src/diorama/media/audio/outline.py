"""The outline of a sound for drawing: the lowest and the highest sample of equal stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRETCHES = 2000
"""An outline has at most so many stretches."""
_UNKNOWN_LENGTH_SPAN = 64


class Outline:
    """Takes samples (time, channels) piece by piece and keeps the extremes of short spans of them.

    expected: how many samples there will be, None when nobody knows; being wrong costs only sharpness.
    """

    def __init__(self, channels: int, expected: int | None) -> None:
        import numpy as np

        self._span = _UNKNOWN_LENGTH_SPAN if expected is None else max(1, expected // (4 * STRETCHES))
        self._rest = np.zeros((0, channels), np.float32)
        self._lows: list[NDArray[Any]] = []
        self._highs: list[NDArray[Any]] = []

    def add(self, samples: NDArray[Any]) -> None:
        import numpy as np

        samples = np.concatenate([self._rest, _finite(samples)])
        whole = len(samples) // self._span * self._span
        self._rest = samples[whole:]
        self._add_spans(samples[:whole].reshape(-1, self._span, samples.shape[1]))

    def _add_spans(self, spans: NDArray[Any]) -> None:
        self._lows.append(spans.min(axis=1))
        self._highs.append(spans.max(axis=1))

    def finish(self) -> tuple[bytes, int]:
        """(int8 pairs (lowest, highest), channel after channel; how many pairs each channel has)."""
        import numpy as np

        if len(self._rest):
            self._add_spans(self._rest[None])
        return _outline(
            np.concatenate(self._lows or [self._rest]), np.concatenate(self._highs or [self._rest])
        )


def outline_of(samples: NDArray[Any]) -> tuple[bytes, int]:
    """The outline of samples (time, channels) in -1..1, all at once."""
    numbers = _finite(samples)
    return _outline(numbers, numbers)


def _finite(samples: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    # What is louder than full scale is drawn as full scale; as 64-bit floats it may not even fit.
    finite: NDArray[Any] = np.nan_to_num(np.clip(samples, -1, 1).astype(np.float32), nan=0.0)
    return finite


def _outline(lows: NDArray[Any], highs: NDArray[Any]) -> tuple[bytes, int]:
    import numpy as np

    count = min(len(lows), STRETCHES)
    if count == 0:
        return b"", 0
    starts = np.arange(count, dtype=np.int64) * len(lows) // count
    pairs = [np.minimum.reduceat(lows, starts).T, np.maximum.reduceat(highs, starts).T]
    drawn = np.clip(np.round(np.stack(pairs, axis=-1) * 127), -127, 127)
    return drawn.astype(np.int8).tobytes(), count
