"""Exact Python values as JSON, and back to what JSON could not say.

JSON has no NaN, no infinities, and readers round integers beyond 2**53; those numbers appear as
{"_number": "NaN"}, {"_number": "-Infinity"}, {"_number": "9007199254740993"}. Media records appear as
their fields with `kind`.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from diorama.media.core.base import MediaRecord

SAFE_INTEGER = 2**53
NUMBER_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


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
    if isinstance(value, MediaRecord):
        return to_json(msgspec.to_builtins(value, str_keys=True))
    if kind.__name__ == "UnknownRecord":  # its class is defined above this module
        return to_json(value.fields)
    if isinstance(value, msgspec.msgpack.Ext):
        return {"_extension": value.code}
    return msgspec.to_builtins(value, str_keys=True)


def number_from_word(text: str) -> float | int:
    """Undo what `to_json` makes of a number that JSON lacks. Raises ValueError."""
    return NUMBER_WORDS[text] if text in NUMBER_WORDS else int(text)
