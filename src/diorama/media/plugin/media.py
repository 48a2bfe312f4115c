"""Media of a kind that a plugin has added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import keep
from diorama.media.plugin.content import checked_blobs, checked_body, checked_plugin
from diorama.model import clean_text


class PluginMedia(Media):
    """What a plugin's own class of media is made of; see docs/plugins.md.

    Accepts: `plugin`, "<plugin>:<kind>". `body`, a dict that JSON can hold, of at most 64 KiB. `blobs`:
    bytes, text or arrays by name, or (bytes, MIME type); they are copied now. `is_raw`: the plugin's `encode`
    makes what is stored of the two, later, in a process with limits; without, they are stored as they are,
    and nothing of the plugin need be installed. `caption` and `sample_id`: text.

    Raises: TypeError and ValueError, at the user's line, for what can't be kept so.

    >>> PluginMedia("palette:swatches", {"colors": ["#1b9e77", "#d95f02"]}, caption="two").plugin
    'palette:swatches'
    """

    KIND = "plugin"

    def __init__(
        self,
        plugin: str,
        body: Mapping[str, Any] | None = None,
        blobs: Mapping[str, Any] | None = None,
        *,
        is_raw: bool = False,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        self.plugin = checked_plugin(plugin)
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self._header = {"plugin": self.plugin, "body": checked_body(body or {}), "is_raw": bool(is_raw)}
        parts = checked_blobs(blobs or {})
        self._header["blobs"] = [[name, mime] for name, mime, _ in parts]
        self._kept = tuple(keep(data) for _, _, data in parts)

    def snapshot(self) -> Snapshot:
        header = {**self._header, "caption": self.caption, "sample_id": self.sample_id}
        return Snapshot(self.KIND, header, self._kept)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.plugin!r}, caption={self.caption!r})"
