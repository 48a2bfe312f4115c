"""From the snapshot of a text to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

from diorama.media.core.base import ANY_MIME, PutBlob, Snapshot
from diorama.media.text.load import text_from_bytes
from diorama.media.text.record import TextRecord

INLINE_BYTES = 64 * 1024
"""Longer text lies in a blob; the record has only its beginning."""
BEGINNING_CHARS = 8192


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TextRecord:
    """The record of a text; a long one, or one that was not UTF-8, is stored as a blob of UTF-8."""
    header, data = snapshot.header, bytes(snapshot.buffers[0].read())
    text, undecoded = text_from_bytes(data)
    encoded = text.encode("utf-8")
    is_as_given = encoded == data
    blob = put_blob(encoded, "text/plain") if len(encoded) > INLINE_BYTES else None
    return TextRecord(
        text=text if blob is None else text[:BEGINNING_CHARS],
        format=header["format"],
        blob=blob,
        char_count=len(text),
        line_count=count_lines(text),
        language=header["language"],
        name=header["name"],
        source=None if is_as_given else put_blob(data, ANY_MIME),
        undecoded=undecoded,
        caption=header["caption"],
        sample_id=header["sample_id"],
    )


def count_lines(text: str) -> int:
    """Lines as editors count them: a line end at the end begins no further line.

    >>> [count_lines(text) for text in ("", "a", "a\\n", "a\\nb", "\\n")]
    [0, 1, 1, 2, 1]
    """
    return text.count("\n") + (text != "" and not text.endswith("\n"))


def warnings_of(record: TextRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of bytes) of what could not be kept as it was given."""
    if not record.undecoded:
        return []
    return [
        ("text.undecoded", "a byte of a text file is not UTF-8 and was written as \\xNN", record.undecoded)
    ]
