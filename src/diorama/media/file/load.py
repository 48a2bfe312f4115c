"""From the record of a file back to what was logged."""

from __future__ import annotations

from diorama.media.core.base import GetBlob
from diorama.media.file.record import FileRecord


def decode(record: FileRecord, get_blob: GetBlob) -> bytes:
    """The file's bytes."""
    return get_blob(record.blob)
