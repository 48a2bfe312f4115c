"""What a column of a table may hold: found out from its values, or declared.

A type is a name ("number", "string", "image" ...) or a pair for what has parts: ("list", element),
("dict", ((key, type), ...)), ("array", shape). "none" is the type of a column that has seen no value yet.
`merge` says what type holds the values of two types; a column whose types don't merge raises TypeError.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias

from diorama.media.adopt import adopt
from diorama.media.core.base import Media
from diorama.media.core.foreign import array_from, family_of, is_masked
from diorama.media.image.overlays.layers import Classes
from diorama.model import clean_text

Type: TypeAlias = "str | tuple[str, Any]"

NONE_TYPE = type(None)
EXACT_FLOAT_INTEGER = 2**53
DEPTH_LIMIT = 32

SCALARS: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    decimal.Decimal: "number",
    str: "string",
    bytes: "bytes",
    datetime.datetime: "timestamp",
    datetime.date: "date",
}
"""Immutable: cells of these types are kept as they are."""
_NUMPY_KINDS = {"b": "boolean", "i": "number", "u": "number", "f": "number"}


class ArrayCell(NamedTuple):
    """An array in a cell: a private copy of its bytes, C-contiguous."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def array(self) -> Any:
        """The numbers, as a read-only numpy array."""
        import numpy as np

        return np.frombuffer(self.data, self.dtype).reshape(self.shape)


class TableKey(str):
    """A value of a primary key, which knows its table: put into another table, it makes a foreign key."""

    table: Any = None
    column: str = ""

    def set_table(self, table: Any, col_name: str) -> None:
        """Say whose key this is."""
        self.table, self.column = table, col_name


class TableIndex(int):
    """The number of a row, which knows its table: put into another table, it refers to that row."""

    table: Any = None

    def set_table(self, table: Any) -> None:
        """Say whose row this is."""
        self.table = table

    def get_row(self) -> dict[Any, Any]:
        """The row, by column."""
        if self.table is None:
            return {}
        return dict(zip(self.table.columns, self.table.data[int(self)], strict=True))


def freeze(value: Any, depth: int = 0) -> tuple[Any, Type, int]:
    """(what to keep, its type, about how many bytes it takes): nobody can change the kept value any more.

    Raises TypeError for what can't be read, ValueError for what is nested too deep.
    """
    cls = type(value)
    if value is None:
        return None, "none", 8
    if cls in SCALARS:
        return value, SCALARS[cls], 16 + (len(value) if cls is str or cls is bytes else 0)
    if isinstance(value, Media):
        size = sum(kept.size_bytes for kept in value.snapshot().buffers)
        return value, value.KIND, size + 1024
    if depth > DEPTH_LIMIT:
        raise ValueError(f"a cell is nested more than {DEPTH_LIMIT} levels deep")
    if isinstance(value, enum.Enum):
        return value.name, "string", 32
    family = family_of(cls)
    if family == "array" and not value.ndim and is_masked(value):
        return None, "none", 8
    if family in ("array", "torch", "cupy", "host"):
        return _freeze_array(array_from(value), depth)
    if family == "scalar":
        return _freeze_number(value)
    if isinstance(value, (list, tuple)):
        return _freeze_items(value, depth)
    if isinstance(value, Mapping):
        items = {clean_text(key): freeze(item, depth + 1) for key, item in value.items()}
        types = tuple(sorted((key, item[1]) for key, item in items.items()))
        size = 64 + sum(len(key) + item[2] for key, item in items.items())
        return {key: item[0] for key, item in items.items()}, ("dict", types), size
    for (
        base,
        name,
    ) in SCALARS.items():  # users' own subclasses, keys and indexes of tables, pandas' Timestamp
        if isinstance(value, base):
            plain = _plain(value, base)
            return plain, "none" if plain is None else name, 64
    if isinstance(value, AbstractSet):
        try:
            return _freeze_items(sorted(value), depth)
        except TypeError:
            return _freeze_items(list(value), depth)
    return _freeze_foreign(value, depth)


def _freeze_items(items: Any, depth: int) -> tuple[Any, Type, int]:
    frozen = [freeze(item, depth + 1) for item in items]
    element: Type | None = "none"
    for _, type_, _ in frozen:
        element = merge(element, type_) if element is not None else None
    return [item[0] for item in frozen], ("list", element or "any"), 64 + sum(item[2] for item in frozen)


def _freeze_array(array: Any, depth: int) -> tuple[Any, Type, int]:
    if array.ndim == 0:
        return freeze(array.item() if array.dtype.kind in "OUS" else array[()], depth + 1)
    if array.dtype.kind == "M":
        return freeze(array.astype("datetime64[us]").tolist(), depth + 1)
    if array.dtype.kind == "m":
        return freeze((array / array.dtype.type(1, "s")).tolist(), depth + 1)
    if array.dtype.kind not in "buif":
        return freeze(array.tolist(), depth + 1)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype("float64")
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    shape = tuple(int(side) for side in array.shape)
    return ArrayCell(array.dtype.newbyteorder("<").str, shape, data), ("array", shape), len(data) + 128


def _freeze_number(value: Any) -> tuple[Any, Type, int]:
    dtype = getattr(value, "dtype", None)
    if dtype is not None and dtype.kind == "M":
        return _freeze_datetime64(value)
    if type(value).__module__ == "numpy" and dtype is not None and dtype.kind in _NUMPY_KINDS:
        if dtype.itemsize <= 8:
            return value, _NUMPY_KINDS[dtype.kind], 16
        return float(value), "number", 16
    if dtype is not None and dtype.kind == "c":
        return str(value), "string", 64
    item = value.item() if hasattr(value, "item") else float(value)
    return (item, "string", 64) if isinstance(item, str) else freeze(float(item) if item is value else item)


def _freeze_datetime64(value: Any) -> tuple[Any, Type, int]:
    import numpy as np

    if np.isnat(value):
        return None, "none", 8
    return value.astype("datetime64[us]").item(), "timestamp", 16


def _plain(value: Any, base: type) -> Any:
    if base is str:
        return str.__str__(value)
    if base is bool or base is int or base is float:
        return base(value)
    if base is datetime.datetime:
        if value != value:  # pandas' NaT
            return None
        return value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    return value


def _freeze_foreign(value: Any, depth: int) -> tuple[Any, Type, int]:
    if type(value).__name__ in ("NaTType", "NAType"):
        return None, "none", 8
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value), "bytes", len(value) + 16
    adopted = adopt(value)
    if adopted is not None and type(adopted) is not type(value):
        return freeze(adopted, depth + 1)
    text = clean_text(value)
    return text, "string", 16 + len(text)


def merge(left: Type, right: Type) -> Type | None:
    """The type that holds the values of both; None if there is none.

    >>> merge("none", "number"), merge("number", "boolean"), merge(("list", "none"), ("list", "string"))
    ('number', None, ('list', 'string'))
    """
    if left == right or right == "none" or left == "any":
        return left
    if left == "none" or right == "any":
        return right
    if isinstance(left, str) or isinstance(right, str):
        return "timestamp" if {left, right} == {"timestamp", "date"} else None
    if {left[0], right[0]} == {"array", "list"}:
        return merge(_as_list(left), _as_list(right))
    if left[0] != right[0]:
        return None
    if left[0] == "list":
        element = merge(left[1], right[1])
        return None if element is None else ("list", element)
    if left[0] == "dict":
        if [key for key, _ in left[1]] != [key for key, _ in right[1]]:
            return None
        types = [merge(mine, theirs) for (_, mine), (_, theirs) in zip(left[1], right[1], strict=True)]
        if None in types:
            return None
        return ("dict", tuple(zip([key for key, _ in left[1]], types, strict=True)))
    return None


def _as_list(type_: tuple[str, Any]) -> Type:
    """The type of an array as the (nested) list that it becomes among lists."""
    if type_[0] == "list":
        return type_
    nested: Type = "number"
    for _ in type_[1]:
        nested = ("list", nested)
    return nested


def describe(type_: Type) -> str:
    """A type in words.

    >>> describe(("list", "number")), describe(("array", (2, 3)))
    ('list of number', 'array of shape [2, 3]')
    """
    if isinstance(type_, str):
        return type_
    if type_[0] == "list":
        return "list" if type_[1] == "none" else f"list of {describe(type_[1])}"
    if type_[0] == "dict":
        return "dict with the keys " + ", ".join(repr(key) for key, _ in type_[1][:20])
    return f"array of shape {list(type_[1])}"


def type_from_dtype(dtype: Any) -> tuple[Type, Callable[[Any], bool] | None]:
    """The type that a user's `dtype` declares, and a further check of each value where it needs one.

    A class (int, str, Image, numpy.float32 ...), [element], {key: dtype}, [one, or, another], a media object
    or `Classes` as an example, or any other value: a constant.
    """
    if dtype is None:
        return "none", None
    if isinstance(dtype, Media):
        return dtype.KIND, None
    if isinstance(dtype, Classes):
        return "number", lambda value: value in dtype.names
    if isinstance(dtype, type):
        return _type_from_class(dtype)
    if isinstance(dtype, list) and len(dtype) > 1:
        choices = [type_from_dtype(choice) for choice in dtype]
        return "any", lambda value: any(_fits(value, *choice) for choice in choices)
    if isinstance(dtype, list):
        return ("list", type_from_dtype(dtype[0])[0] if dtype else "none"), None
    if isinstance(dtype, dict):
        return (
            "dict",
            tuple(sorted((clean_text(key), type_from_dtype(dtype[key])[0]) for key in dtype)),
        ), None
    frozen, type_, _ = freeze(dtype)
    return type_, lambda value: bool(value == frozen)


def _fits(value: Any, type_: Type, check: Callable[[Any], bool] | None) -> bool:
    given = freeze(value)[1]
    return merge(type_, given) == type_ and (check is None or check(value))


def _type_from_class(cls: type) -> tuple[Type, Callable[[Any], bool] | None]:
    if issubclass(cls, Media):
        return cls.KIND, None
    if issubclass(cls, enum.Enum):
        return "string", None
    for base, name in SCALARS.items():
        if issubclass(cls, base):
            return name, None
    if issubclass(cls, (list, tuple, set, frozenset)):
        return ("list", "none"), None
    if issubclass(cls, dict):
        return "any", lambda value: isinstance(value, (Mapping, NONE_TYPE))
    if cls is NONE_TYPE:
        return "none", lambda value: value is None
    if cls.__module__ == "numpy":
        if cls.__name__ == "ndarray":
            return "any", lambda value: value is None or family_of(type(value)) == "array"
        name = cls.__name__.rstrip("_")
        if name == "bool":
            return "boolean", None
        if name == "datetime64":
            return "timestamp", None
        return ("string" if name == "str" else "number"), None
    if cls is object:
        return "any", None
    return "any", lambda value: value is None or isinstance(value, cls)


class GrowingColumn:
    """A column that is being filled.

    ok: classes whose values need no further look. dtypes: of its numbers, as numpy names them ("integer" is a
    Python int beyond 64 bits). is_wide: whether an integer is beyond 2^53, which a float64 would round.
    """

    __slots__ = (
        "check",
        "dtypes",
        "has_aware",
        "has_nan",
        "is_key",
        "is_optional",
        "is_wide",
        "link",
        "name",
        "ok",
        "references",
        "type",
    )

    def __init__(self, name: str | int) -> None:
        self.name = name
        self.type: Type = "none"
        self.check: Callable[[Any], bool] | None = None
        self.is_optional = True
        self.ok: set[type] = {NONE_TYPE}
        self.dtypes: set[str] = set()
        self.is_wide = self.has_nan = self.has_aware = False
        self.is_key = False
        self.references: str | None = None
        self.link: Any = None

    def declare(self, dtype: Any, *, is_optional: bool) -> None:
        """Set the type that values must have. Values that are there already are not looked at."""
        self.type, self.check = type_from_dtype(dtype)
        self.is_optional = is_optional
        self._set_ok()

    def set_any(self) -> None:
        """Take values of all types."""
        self.type, self.check = "any", None
        self._set_ok()

    def adopt_type(self, other: GrowingColumn) -> None:
        """Take over the declared type of another column, whose values these are."""
        self.type, self.check, self.is_optional, self.ok = (
            other.type,
            other.check,
            other.is_optional,
            set(other.ok),
        )
        self.has_nan |= other.has_nan

    def accept(self, value: Any, row: int) -> tuple[Any, int]:
        """(what to keep of a value, its size in bytes). Raises TypeError if it does not belong here."""
        frozen, type_, size = freeze(value)
        if type(value) is float and self.type not in ("number", "any") and math.isnan(value):
            # In data frames a missing text or picture is NaN.
            if self.type == "none" and self.check is None:
                self.has_nan = True
                return value, size
            frozen, type_ = None, "none"
        if type(value) is TableKey or type(value) is TableIndex:
            self.references = value.column if type(value) is TableKey else "index"
            self.link = value.table
        merged = merge(self.type, type_)
        is_missing = type_ == "none" and not self.is_optional
        if merged is None or is_missing or (self.check and not self._passes(value)):
            raise TypeError(self._refusal(value, type_, row))
        if merged != self.type:
            self.type = merged
            self._set_ok()
        cls = type(frozen)
        is_plain = cls in SCALARS or family_of(cls) == "scalar"
        if frozen is value and is_plain and self.check is None:
            self.ok.add(cls)
        return frozen, size

    def _passes(self, value: Any) -> bool:
        assert self.check is not None
        return (value is None and self.is_optional) or self.check(value)

    def _refusal(self, value: Any, given: Type, row: int) -> str:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        expected = describe(self.type) if self.type != "none" else "a value"
        if self.check is not None:
            expected = f"{expected} that fits the column's dtype"
        if self.is_optional:
            expected += " or None"
        return (
            f"Data row contained incompatible types:\ncolumn {self.name!r}, row {row}: expected {expected}, "
            f"got {describe(given)} ({type(value).__name__} {shown}); "
            "allow_mixed_types=True takes values of all types"
        )

    def state(self) -> tuple[Any, ...]:
        """What `accept` may change."""
        return self.type, set(self.ok), self.has_nan, self.references

    def restore(self, state: tuple[Any, ...]) -> None:
        """Undo what was accepted since `state`."""
        self.type, self.ok, self.has_nan, self.references = state

    def _set_ok(self) -> None:
        self.ok = {NONE_TYPE} if self.is_optional and self.check is None else set()
        if self.check is not None:
            return
        if self.type == "any":
            self.ok |= set(SCALARS)
        elif self.type == "timestamp":
            self.ok |= {datetime.datetime, datetime.date}
        elif isinstance(self.type, str):
            self.ok |= {cls for cls, name in SCALARS.items() if name == self.type}
