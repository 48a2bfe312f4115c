"""What a bare value becomes when it is logged without a media class around it.

| value | becomes |
|---|---|
| PIL image; matplotlib figure, axes, pyplot | `Image` |
| a class that a kind of media adopts (data frames, plotly, bokeh and altair figures, molecules) | that kind |
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
| `pathlib.Path` of a file whose suffix a kind of media knows (.mp4, .wav, .png) | that kind |
| other paths | text |
| Decimal, Fraction | float, because numbers are logged to be charted; log `str(x)` to keep all digits |
| complex, UUID | text |
| other mappings; dataclasses, argparse and simple Namespaces, attrs and pydantic objects | dict |

A value that a kind adopts but can't take (a broken file, a figure that can't be written) is a `Refusal`: it
is kept as text, and the rest of what is logged with it is not lost.
"""

from __future__ import annotations

import collections
import collections.abc
import datetime
import enum
import functools
import os
import pathlib
import stat
import types
from collections.abc import Callable
from typing import Any

from diorama.errors import is_interruption
from diorama.media.core.base import Kind
from diorama.media.core.foreign import Refusal, array_from, family_of, fields_of, has_fields
from diorama.media.core.registry import KINDS_BY_NAME
from diorama.media.histogram.media import Histogram
from diorama.media.image import KIND as IMAGE

LIST_LIMIT = 32
"""Arrays with more elements become histograms."""
ADOPTED_BINS = 32

_PLAIN = (bool, int, float, str, type(None))


def adopt(value: Any) -> Any | None:
    """A loggable value for a foreign one: a plain Python value, a media object or a Refusal; None if unknown.

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
        return functools.partial(_adopt_as, IMAGE)
    kind = _kind_of(cls)
    if kind is not None:
        return functools.partial(_adopt_as, kind)
    for each in cls.__mro__:
        if f"{each.__module__}.{each.__qualname__}" in _BY_NAME:
            return _BY_NAME[f"{each.__module__}.{each.__qualname__}"]
    for base, become in _BY_CLASS:
        if issubclass(cls, base):
            return become
    if has_fields(cls):
        return fields_of
    # Not hasattr(): every class has a __call__, which makes its instances.
    return _adopt_callable if any("__call__" in vars(each) for each in cls.__mro__) else None


@functools.cache
def _kinds_by_name() -> dict[str, Kind]:
    """Qualified name of a foreign class -> the kind that adopts it."""
    return {name: kind for kind in reversed(KINDS_BY_NAME.values()) for name in kind.adopts}


def _kind_of(cls: type) -> Kind | None:
    """The kind that adopts a class or one of its bases, by the name where it lies or where it is found
    ("pandas.core.frame.DataFrame", "pandas.DataFrame")."""
    by_name = _kinds_by_name()
    for base in cls.__mro__:
        module = str(base.__module__)
        for place in (module, module.partition(".")[0]):
            kind = by_name.get(f"{place}.{base.__qualname__}")
            if kind is not None:
                return kind
    return None


def _adopt_as(kind: Kind, value: Any) -> Any:
    become = kind.adopt or kind.cls
    try:
        return become(value)  # type: ignore[call-arg]  # each class of media takes one argument
    except Exception as error:  # other people's figures, frames and files fail in their own ways
        if is_interruption(error):
            raise
        return Refusal(kind.name, f"{type(error).__name__}: {error}")


def _adopt_path(path: pathlib.PurePath) -> Any:
    """The media in a file whose suffix says so; text for any other path."""
    kind = _kind_of_suffix(path.name.lower()) if isinstance(path, pathlib.Path) else None
    if kind is None:
        return str(path)
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        is_file = False
    return _adopt_as(kind, path) if is_file else str(path)


@functools.lru_cache(maxsize=1024)
def _kind_of_suffix(name: str) -> Kind | None:
    """The kind with the longest suffix at the end of a file's name."""
    kinds = KINDS_BY_NAME.values()
    found = [(len(suffix), kind) for kind in kinds for suffix in kind.suffixes if name.endswith(suffix)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _adopt_item(item: Any) -> Any:
    if isinstance(item, list):
        return [_adopt_item(each) for each in item]
    if isinstance(item, _PLAIN) and not isinstance(item, enum.Enum):
        return item
    adopted = adopt(item)
    return str(item) if adopted is None or isinstance(adopted, Refusal) else adopted


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


def _adopt_module(module: types.ModuleType) -> Any:
    return _adopt_as(IMAGE, module) if module.__name__ == "matplotlib.pyplot" else None


def _adopt_callable(value: Any) -> str | None:
    if isinstance(value, functools.partial):
        return _adopt_callable(value.func)
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', None)}.{name}" if isinstance(name, str) else None


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
    (pathlib.PurePath, _adopt_path),
    (complex, str),
    (types.ModuleType, _adopt_module),
    (collections.abc.Mapping, dict),
)
