"""What runs of a plugin, and what it says about itself. Runs in a worker of that plugin alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diorama.media.core.extent import Data, Extent, view_of
from diorama.media.plugin.content import checked_blobs, checked_body
from diorama.media.plugin.kinds import checked_kinds, kind_of
from diorama.plugins.installed import PluginError

VIEW_LIMIT_BYTES = 8 * 1024 * 1024


def encode(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """{"body", "blobs": [[name, MIME type, bytes], ...]} that the plugin's encoder makes.

    header: plugin, body, and blobs as [[name, size_bytes], ...], whose bytes follow one another in `data`. A
    blob that lies in a file has the fields of its Extent in the place of its size.
    """
    kind = kind_of(header["plugin"])
    if kind.encode is None:
        raise PluginError(f"the kind {header['plugin']!r} has no encoder, and these media want one (is_raw)")
    left, given = view_of(data), {}
    for name, place in header["blobs"]:
        if isinstance(place, int):
            given[name], left = left[:place], left[place:]
        else:
            given[name] = view_of(Extent(*place))
    body, blobs = kind.encode(dict(header["body"]), given)
    parts = [[name, mime, bytes(part)] for name, mime, part in checked_blobs(blobs)]
    return {"body": checked_body(body), "blobs": parts}


def describe(header: Mapping[str, Any], data: memoryview) -> dict[str, Any]:
    """What the plugin `name` adds, the text of its views included; {"trouble": text} if it can't be used."""
    try:
        plugin = checked_kinds(header["name"])
        kinds = [[kind.name, kind.title or kind.name, _view_text(kind.view)] for kind in plugin.kinds]
    except PluginError as error:
        return {"trouble": error.message}
    return {"kinds": kinds, "importers": [[one.name, one.summary] for one in plugin.importers]}


def _view_text(path: Any) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(VIEW_LIMIT_BYTES + 1)
        if len(data) > VIEW_LIMIT_BYTES:
            raise PluginError(f"its view {path} is larger than {VIEW_LIMIT_BYTES >> 20} MiB")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise PluginError(f"its view {path} can't be read: {error}") from error
