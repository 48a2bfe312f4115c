"""What the store keeps of a file."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class FileRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="file"):
    """Bytes with a name. `name` is only a label, never a path on the server."""

    blob: BlobRef
    name: str
