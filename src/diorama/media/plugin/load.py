"""From the record of a plugin's media back to what was logged: the plugin's own object where it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diorama.media.core.base import GetBlob
from diorama.media.plugin.kinds import kind_of
from diorama.media.plugin.record import PluginRecord
from diorama.model import BlobRef
from diorama.plugins.installed import PluginError


class StoredBlobs(Mapping[str, bytes]):
    """Bytes by name, read when they are first asked for."""

    def __init__(self, refs: Mapping[str, BlobRef], get_blob: GetBlob) -> None:
        self._refs = refs
        self._get_blob = get_blob
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._get_blob(self._refs[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)


@dataclass(frozen=True)
class StoredPluginMedia:
    """Media of a plugin as they are stored. trouble: why the plugin did not decode them; "" if it never
    does."""

    plugin: str
    body: dict[str, Any]
    blobs: Mapping[str, bytes]
    trouble: str = ""


def decode(record: PluginRecord, get_blob: GetBlob) -> Any:
    """What the plugin's `decode` makes of it, in this process; without the plugin, its body and blobs."""
    blobs = StoredBlobs(record.blobs, get_blob)
    try:
        kind = kind_of(record.plugin)
    except PluginError as error:
        return StoredPluginMedia(record.plugin, dict(record.body), blobs, error.message)
    if kind.decode is None:
        return StoredPluginMedia(record.plugin, dict(record.body), blobs)
    return kind.decode(dict(record.body), blobs)
