"""What the store keeps of a text."""

from __future__ import annotations

from typing import Literal

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class TextRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="text"):
    """Text. Short text lies in `text`; for longer text `blob` holds all of it (UTF-8), `text` its beginning.

    char_count: Unicode code points of the whole. language: of code, which gets line numbers. name: of the
    file. source: the file itself when it was not UTF-8. undecoded: how many of its bytes are no text; each
    stands there as a backslash, an x and two digits.
    """

    text: str
    format: Literal["plain", "markdown"] = "plain"
    blob: BlobRef | None = None
    char_count: int = 0
    line_count: int = 0
    language: str | None = None
    name: str | None = None
    source: BlobRef | None = None
    undecoded: int = 0
