"""JSON documents that a library in the browser draws (Plotly, Bokeh, Vega): taken now, as bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from diorama.media.core.foreign import array_from, family_of
from diorama.media.core.user_file import read_file
from diorama.model import clean_text

JSON_MIME = "application/json"
MARKS = re.compile(r"<[^>]{0,200}>")
TITLE_LIMIT = 300

_BASE64_TYPES = {"i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"}


@dataclass(frozen=True)
class Document:
    """A JSON object, and the bytes that say the same."""

    content: Mapping[str, Any]
    data: bytes


def document_from(value: Any, *, subject: str) -> Document | None:
    """The document in a dict, in JSON text or bytes, or in the file at a path; None for anything else.

    Raises ValueError for what is no JSON object, and what `read_file` raises for a file.
    """
    if isinstance(value, Mapping):
        return Document(value, bytes_from_json(value, subject=subject))
    if isinstance(value, str) and value.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        value = clean_text(value).encode("utf-8")
    elif isinstance(value, (str, os.PathLike)):
        value = read_file(value, subject=subject)
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return Document(json_from_bytes(data, subject=subject), data)
    return None


def json_from_bytes(data: bytes, *, subject: str) -> dict[str, Any]:
    """The JSON object in `data`; ValueError if there is none."""
    try:
        content = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        content = _lenient(data, subject=subject, error=error)
    except RecursionError as error:
        raise ValueError(f"{subject} is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError(f"{subject} must be a JSON object, not {type(content).__name__}")
    return content


def _lenient(data: bytes, *, subject: str, error: Exception) -> Any:
    """Python's own json writes NaN and Infinity, which JSON does not have."""
    import json

    try:
        return json.loads(data)
    except ValueError:
        raise ValueError(f"{subject} is not valid JSON: {error}") from error
    except RecursionError as deep:
        raise ValueError(f"{subject} is nested too deeply") from deep


def bytes_from_json(content: Any, *, subject: str) -> bytes:
    """Standard JSON. NaN and infinities become null; long number arrays become Plotly's base64 form."""
    try:
        return msgspec.json.encode(content, enc_hook=_plain)
    except RecursionError as error:
        raise ValueError(f"{subject} is nested too deeply, or holds itself") from error
    except (TypeError, UnicodeEncodeError) as error:
        raise ValueError(f"{subject} can't be written as JSON: {error}") from error


def standard_json(document: Document, *, subject: str) -> bytes:
    """The document's bytes, unless they hold NaN or Infinity, which no browser reads."""
    try:
        msgspec.json.decode(document.data, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return bytes_from_json(document.content, subject=subject)
    return document.data


def _plain(value: Any) -> Any:
    family = family_of(type(value))
    if family == "scalar":
        return value.item()
    if family is not None and family not in ("pillow", "figure", "axes"):
        array = _narrowed(array_from(value))
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        if array.ndim and array.size > 16 and kind in _BASE64_TYPES:
            return _packed(array, kind)
        if array.dtype.kind in "mM":
            return [None if text == "NaT" else text for text in array.astype(str).tolist()]
        return array.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (range, set, frozenset)):
        return list(value)
    if hasattr(value, "to_plotly_json"):
        return value.to_plotly_json()
    raise TypeError(f"objects of type {type(value).__name__} are not supported")


def _narrowed(array: Any) -> Any:
    """64-bit integers as 32-bit ones where they fit: Plotly reads no arrays of the former."""
    is_wide = array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size
    if is_wide and int(array.min()) >= -(2**31) and int(array.max()) < 2**31:
        return array.astype("i4")
    return array


def _packed(array: Any, kind: str) -> dict[str, str]:
    import base64

    import numpy as np

    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    packed = {"dtype": kind, "bdata": base64.b64encode(little.tobytes()).decode("ascii")}
    if array.ndim > 1:
        packed["shape"] = ", ".join(map(str, array.shape))
    return packed


def unpacked(value: Any) -> Any:
    """`value` with numpy arrays in the place of Plotly's base64 forms."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("bdata"), str) and value.get("dtype") in _BASE64_TYPES:
        return _array_from_packed(value)
    return {name: unpacked(item) for name, item in value.items()}


def _array_from_packed(packed: dict[str, Any]) -> Any:
    import base64
    import binascii

    import numpy as np

    try:
        array = np.frombuffer(base64.b64decode(packed["bdata"]), f"<{packed['dtype']}")
        shape = packed.get("shape")
        return array if shape is None else array.reshape([int(size) for size in str(shape).split(",")])
    except (binascii.Error, ValueError):
        return packed  # written by somebody else: as it is


def title_from(value: Any) -> str | None:
    """A title without its markup: text, a list of lines, or {"text": ...}."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = " ".join(value)
    if not isinstance(value, str):
        return None
    return clean_text(MARKS.sub(" ", value)).strip()[:TITLE_LIMIT] or None
