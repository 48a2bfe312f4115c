"""From the snapshot of a text to its record and blobs. Runs in the sidecar."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from itertools import chain
from typing import Any

from diorama.media.core.base import ANY_MIME, PutBlob, Snapshot
from diorama.media.core.extent import pieces_of
from diorama.media.core.keep import Kept
from diorama.media.text.load import text_from_bytes
from diorama.media.text.record import TextRecord

INLINE_BYTES = 64 * 1024
"""Longer text lies in a blob; the record has only its beginning."""
BEGINNING_CHARS = 8192
PIECEWISE_FROM_BYTES = 4 << 20
"""Longer text is not read as a whole."""
TEXT_MIME = "text/plain"


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TextRecord:
    """The record of a text; a long one, or one that was not UTF-8, is stored as a blob of UTF-8."""
    header, kept = snapshot.header, snapshot.buffers[0]
    if kept.size_bytes > PIECEWISE_FROM_BYTES:
        record = _encode_long(header, kept, put_blob)
        if record is not None:
            return record
    data = bytes(kept.read())
    text, undecoded = text_from_bytes(data)
    encoded = text.encode("utf-8")
    is_as_given = encoded == data
    blob = put_blob(encoded, TEXT_MIME) if len(encoded) > INLINE_BYTES else None
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


def _encode_long(header: Mapping[str, Any], kept: Kept, put_blob: PutBlob) -> TextRecord | None:
    """The record of UTF-8, which is read piece by piece and stored as it is; None if it is anything else."""
    data = kept.source()
    decoder = codecs.getincrementaldecoder("utf-8")()
    beginning, last = "", ""
    char_count = line_ends = 0
    try:
        for piece in chain(pieces_of(data), [None]):
            text = decoder.decode(b"" if piece is None else piece.tobytes(), final=piece is None)
            beginning += text[: BEGINNING_CHARS - len(beginning)]
            char_count += len(text)
            line_ends += text.count("\n")
            last = text[-1:] or last
    except UnicodeDecodeError:
        return None
    return TextRecord(
        text=beginning,
        format=header["format"],
        blob=put_blob(data, TEXT_MIME),
        char_count=char_count,
        line_count=line_ends + (last != "\n"),
        language=header["language"],
        name=header["name"],
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
