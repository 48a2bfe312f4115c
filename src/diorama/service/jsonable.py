"""Exact Python values as JSON, and back: see `media/core/jsonable.py`, which table cells use too."""

from __future__ import annotations

from typing import Any

from diorama.media.core.jsonable import number_from_word, to_json
from diorama.store.values import record_from_dict

__all__ = ["from_json", "to_json"]


def from_json(value: Any) -> Any:
    """Undo `to_json`; a dict that is a media record of a known kind becomes that record.

    >>> from_json(to_json([float("-inf"), 2**60]))
    [-inf, 1152921504606846976]
    """
    if type(value) is dict:
        if len(value) == 1 and type(text := value.get("_number")) is str:
            return number_from_word(text)
        plain = {name: from_json(item) for name, item in value.items()}
        return record_from_dict(plain) if type(plain.get("kind")) is str else plain
    if type(value) is list:
        return [from_json(item) for item in value]
    return value
