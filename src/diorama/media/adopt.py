"""What a bare value becomes when it is logged without a media class around it.

| value | becomes |
|---|---|
| PIL image; matplotlib figure, axes, pyplot | `Image` |
| array or tensor of 1 element | a number |
| array or tensor of up to 32 elements | a (nested) list |
| larger array or tensor of numbers | `Histogram` with 32 bins |
| larger array of anything else | a (nested) list |
| numpy number (also float16, bfloat16) | the exact Python number |
| datetime, date, time, numpy.datetime64 | ISO 8601 text |
| timedelta | seconds |
| bytes | UTF-8 text; bytes that are not UTF-8 as \\xNN |
| set, frozenset, range, deque, dict views | list (sets sorted when they can be) |
| Enum member | its name |
| function, class, method | "module.qualname" |
| path | text |
| Decimal, Fraction | float, because numbers are logged to be charted; log `str(x)` to keep all digits |
| complex, UUID | text |
| other mappings | dict |
"""

from __future__ import annotations

import collections
import collections.abc
import datetime
import enum
import functools
import pathlib
import types
from collections.abc import Callable
from typing import Any

from diorama.media.foreign import array_from, family_of
from diorama.media.histogram import Histogram
from diorama.media.image import Image

LIST_LIMIT = 32
"""Arrays with more elements become histograms."""
ADOPTED_BINS = 32

_PLAIN = (bool, int, float, str, type(None))


def adopt(value: Any) -> Any | None:
    """A loggable value for a foreign one: a plain Python value or a media object; None if unknown.

    Never imports the library that `value` comes from. Containers come back with adopted items.
    Plain bool, int, float and str need no adoption; the caller keeps them as they are.
    """
    cls = type(value)
    if cls not in _remembered:
        _remembered[cls] = _become(cls)
    become = _remembered[cls]
    return None if become is None else become(value)


_remembered: dict[type, Callable[[Any], Any] | None] = {}


def _become(cls: type) -> Callable[[Any], Any] | None:
    family = family_of(cls)
    if family == "scalar":
        return _adopt_scalar
    if family == "torch":
        return _adopt_tensor
    if family in ("array", "host", "cupy"):
        return _adopt_array
    if family in ("pillow", "figure", "axes"):
        return Image
    for each in cls.__mro__:
        if f"{each.__module__}.{each.__qualname__}" in _BY_NAME:
            return _BY_NAME[f"{each.__module__}.{each.__qualname__}"]
    for base, become in _BY_CLASS:
        if issubclass(cls, base):
            return become
    return _adopt_callable if hasattr(cls, "__call__") else None  # noqa: B004 the class of a callable, not a value


def _adopt_item(item: Any) -> Any:
    if isinstance(item, list):
        return [_adopt_item(each) for each in item]
    if isinstance(item, _PLAIN) and not isinstance(item, enum.Enum):
        return item
    adopted = adopt(item)
    return str(item) if adopted is None else adopted


def _adopt_scalar(scalar: Any) -> Any:
    dtype = getattr(scalar, "dtype", None)
    if dtype is not None and dtype.kind in "mM":
        return _adopt_dates(scalar)
    if dtype is not None and dtype.kind == "V":
        return _adopt_array(scalar)
    item = scalar.item() if hasattr(scalar, "item") else float(scalar)
    # numpy answers longdouble.item() with itself
    return float(item) if type(item) is type(scalar) else _adopt_item(item)


def _adopt_tensor(tensor: Any) -> Any:
    # The loss of every step comes this way.
    return _adopt_item(tensor.item()) if tensor.numel() == 1 else _adopt_array(tensor)


def _adopt_array(value: Any) -> Any:
    array = array_from(value)
    if array.dtype.kind in "mM":
        return _adopt_dates(array)
    if array.size == 1:
        item = array.reshape(-1)[0]
        return _adopt_scalar(item) if hasattr(item, "dtype") else _adopt_item(item)
    if array.size > LIST_LIMIT and array.dtype.kind in "buif":
        return Histogram(array, num_bins=ADOPTED_BINS)
    return _adopt_item(array.tolist())


def _adopt_dates(dates: Any) -> Any:
    import numpy as np

    array = np.asarray(dates)
    if array.dtype.kind == "m":
        plain = (array / np.timedelta64(1, "s")).tolist()
    else:
        plain = np.datetime_as_string(array).tolist()
    return plain[0] if isinstance(plain, list) and len(plain) == 1 else plain


def _adopt_set(value: collections.abc.Set[Any]) -> list[Any]:
    items = [_adopt_item(item) for item in value]
    try:
        return sorted(items)
    except TypeError:
        return items


def _adopt_items(value: collections.abc.Iterable[Any]) -> list[Any]:
    return [_adopt_item(item) for item in value]


def _adopt_bytes(value: Any) -> str:
    return bytes(value).decode("utf-8", errors="backslashreplace")


def _adopt_module(module: types.ModuleType) -> Image | None:
    return Image(module) if module.__name__ == "matplotlib.pyplot" else None


def _adopt_callable(value: Any) -> str | None:
    if isinstance(value, functools.partial):
        return _adopt_callable(value.func)
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if isinstance(name, str) else None


_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "decimal.Decimal": float,
    "fractions.Fraction": float,
    "uuid.UUID": str,
}
_BY_CLASS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (enum.Enum, lambda member: member.name),
    (datetime.datetime, datetime.datetime.isoformat),
    (datetime.date, datetime.date.isoformat),
    (datetime.time, datetime.time.isoformat),
    (datetime.timedelta, datetime.timedelta.total_seconds),
    ((bytes, bytearray, memoryview), _adopt_bytes),
    (collections.abc.Set, _adopt_set),
    ((range, collections.deque, collections.abc.ValuesView), _adopt_items),
    (pathlib.PurePath, str),
    (complex, str),
    (types.ModuleType, _adopt_module),
    (collections.abc.Mapping, dict),
)
