"""What the store keeps of media of a kind that a plugin has added."""

from __future__ import annotations

from typing import Any

import msgspec

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class PluginRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="plugin"):
    """Media of a kind that a plugin has added: one record for all plugins, so that the union stays closed.

    plugin: "<plugin>:<kind>". package, version: what was installed where it was encoded; None if nothing was.
    body: a JSON object of at most 64 KiB, which only the plugin understands. blobs: bytes by name; the one
    named "thumbnail", a small picture, is shown in table cells, and where the plugin is not installed.
    """

    plugin: str
    package: str | None = None
    version: str | None = None
    body: dict[str, Any] = msgspec.field(default_factory=dict)
    blobs: dict[str, BlobRef] = msgspec.field(default_factory=dict)
