"""Exact Python values as JSON, and back.

JSON has no NaN, no infinities, and readers round integers beyond 2**53; those numbers appear as
{"_number": "NaN"}, {"_number": "-Infinity"}, {"_number": "9007199254740993"}. Media records appear as
their fields with `kind`.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from diorama.media import UnknownRecord, plain_record
from diorama.media.base import MediaRecord
from diorama.store.values import record_from_dict

SAFE_INTEGER = 2**53
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(value: Any) -> Any:
    """`value` as something that JSON carries without loss.

    >>> to_json({"loss": float("nan"), "n": 2**60})
    {'loss': {'_number': 'NaN'}, 'n': {'_number': '1152921504606846976'}}
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        return {"_number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if kind is int:
        return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else {"_number": str(value)}
    if kind is dict:
        return {name: to_json(item) for name, item in value.items()}
    if kind is list:
        return [to_json(item) for item in value]
    if isinstance(value, MediaRecord | UnknownRecord):
        return to_json(plain_record(value))  # type: ignore[arg-type]  # every record is of the union
    if isinstance(value, msgspec.msgpack.Ext):
        return {"_extension": value.code}
    return msgspec.to_builtins(value, str_keys=True)


def from_json(value: Any) -> Any:
    """Undo `to_json`; a dict that is a media record of a known kind becomes that record."""
    if type(value) is dict:
        if len(value) == 1 and type(text := value.get("_number")) is str:
            return _WORDS[text] if text in _WORDS else int(text)
        plain = {name: from_json(item) for name, item in value.items()}
        return record_from_dict(plain) if type(plain.get("kind")) is str else plain
    if type(value) is list:
        return [from_json(item) for item in value]
    return value
