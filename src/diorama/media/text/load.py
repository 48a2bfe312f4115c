"""From the record of a text back to what was logged."""

from __future__ import annotations

from diorama.media.core.base import GetBlob
from diorama.media.text.record import TextRecord


def text_from_bytes(data: bytes) -> tuple[str, int]:
    """The text, and how many bytes of it were no text: those read \\xNN."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), 0
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), 0
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace")
    # Every good byte comes back as itself, every other one as the four characters \xNN.
    return text, (len(text.encode("utf-8")) - len(data)) // 3


def decode(record: TextRecord, get_blob: GetBlob) -> str:
    """The whole text."""
    return record.text if record.blob is None else get_blob(record.blob).decode("utf-8")
