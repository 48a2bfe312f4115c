"""Text and Markdown: prompts, outputs, notes."""

from __future__ import annotations

from typing import Any, Literal

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class TextRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="text"):
    """Text. Short text lies in `text`; for longer text `blob` holds all of it (UTF-8) and `text` its beginning.

    char_count: Unicode code points of the whole. language: of code, for colouring.
    """

    text: str
    format: Literal["plain", "markdown"] = "plain"
    blob: BlobRef | None = None
    char_count: int = 0
    line_count: int = 0
    language: str | None = None


class Text(Media):
    """To be written."""

    KIND = "text"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


class Markdown(Text):
    """To be written."""


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TextRecord:
    raise NotImplementedError


def decode(record: TextRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="text", cls=Text, record=TextRecord, encode=encode, decode=decode)
