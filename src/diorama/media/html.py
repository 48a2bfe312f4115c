"""HTML pages and fragments, shown in a frame that can't reach anything."""

from __future__ import annotations

from typing import Any

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class HtmlRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="html"):
    """HTML as UTF-8. is_styled: whether the viewer puts its plain style under it (`inject`); the blob is what
    was given, byte for byte. outside: hosts that the page asks for; a viewer loads none of them by itself."""

    blob: BlobRef
    is_styled: bool = True
    name: str | None = None
    title: str | None = None
    outside: list[str] = []


class Html(Media):
    """To be written."""

    KIND = "html"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> HtmlRecord:
    raise NotImplementedError


def decode(record: HtmlRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="html", cls=Html, record=HtmlRecord, encode=encode, decode=decode)
