"""What may be in the record of a plugin's media: checked where it is made, and again after an encoder."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from diorama.media.core.base import ANY_MIME
from diorama.media.core.extent import Data, Extent
from diorama.media.core.foreign import array_from, family_of
from diorama.plugins.contract import NAME

BODY_LIMIT_BYTES = 64 * 1024
DEPTH_LIMIT = 32
BLOBS_LIMIT = 64
SAFE_INTEGER = 2**53
_BLOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+\-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+\-]{0,126}")
_OUR_MIME = "application/vnd.diorama."
_BLOB_FIELDS = {"sha256", "size_bytes", "mime"}


def checked_plugin(plugin: str) -> str:
    """ "<plugin>:<kind>". Raises TypeError or ValueError."""
    if not isinstance(plugin, str):
        raise TypeError(f"plugin must be text like 'palette:swatches', not {type(plugin).__name__}")
    names = plugin.split(":")
    if len(names) != 2 or not all(map(NAME.fullmatch, names)):
        raise ValueError(
            f"plugin must be like 'palette:swatches', a plugin and its kind, not {plugin[:200]!r}"
        )
    return plugin


def checked_body(body: Any) -> dict[str, Any]:
    """A copy of a JSON object. Raises TypeError or ValueError that names the place."""
    if not isinstance(body, Mapping):
        raise TypeError(f"body must be a dict, not {type(body).__name__}")
    copy: dict[str, Any] = _plain(body, "body", 0)
    size_bytes = len(msgspec.json.encode(copy))
    if size_bytes > BODY_LIMIT_BYTES:
        raise ValueError(
            f"body has {size_bytes} bytes as JSON and may have {BODY_LIMIT_BYTES}: put the rest into blobs"
        )
    return copy


def _plain(value: Any, place: str, depth: int) -> Any:
    if depth > DEPTH_LIMIT:
        raise ValueError(f"body is nested more than {DEPTH_LIMIT} levels deep, or holds itself")
    if isinstance(value, Mapping):
        if set(value) == _BLOB_FIELDS:
            raise ValueError(f"{place} looks like the name of stored bytes; those belong into blobs")
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"{place} has the key {name!r}: JSON has only text as keys")
        return {name: _plain(item, f"{place}.{name}"[:200], depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{place}[{at}]"[:200], depth + 1) for at, item in enumerate(value)]
    if value is None or isinstance(value, (bool, str)):
        return value
    if family_of(type(value)) == "scalar":
        value = value.item()
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError(f"{place} is {value}: browsers read no integers beyond 2^53")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place} is {value}, which JSON does not have")
        return float(value)
    raise TypeError(f"{place} is a {type(value).__name__}, which JSON does not have")


def checked_blobs(blobs: Any) -> list[tuple[str, str, bytes | bytearray | memoryview]]:
    """(name, MIME type, bytes) of each, in order. Raises TypeError or ValueError that names the blob."""
    return [(name, mime, _bytes_of(data, name)) for name, mime, data in _checked_names(blobs)]


def checked_sources(blobs: Any) -> list[tuple[str, str, Data]]:
    """As `checked_blobs`, for blobs of which some lie in files."""
    return [
        (name, mime, data if isinstance(data, Extent) else _bytes_of(data, name))
        for name, mime, data in _checked_names(blobs)
    ]


def _checked_names(blobs: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(blobs, Mapping):
        raise TypeError(f"blobs must be a dict of bytes by name, not {type(blobs).__name__}")
    if len(blobs) > BLOBS_LIMIT:
        raise ValueError(f"{len(blobs)} blobs are too many; the limit is {BLOBS_LIMIT}")
    for name, given in blobs.items():
        if not isinstance(name, str) or not _BLOB_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a blob: letters, digits, '.', '-' and '_', at most 100"
            )
        data, mime = given if isinstance(given, (tuple, list)) and len(given) == 2 else (given, ANY_MIME)
        if not isinstance(mime, str) or not _MIME.fullmatch(mime) or mime.startswith(_OUR_MIME):
            raise ValueError(f"the blob {name!r} can't have the MIME type {mime!r}")
        yield name, mime, data


def _bytes_of(data: Any, name: str) -> bytes | bytearray | memoryview:
    if isinstance(data, (bytes, bytearray)):
        return data
    if isinstance(data, memoryview):
        return data if data.c_contiguous and data.nbytes else data.tobytes()
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace")
    if family_of(type(data)) in ("array", "torch", "host", "cupy"):
        raw: bytes = array_from(data).tobytes()
        return raw
    raise TypeError(f"the blob {name!r} must be bytes, text or an array, not {type(data).__name__}")
