"""What the store keeps of an HTML page."""

from __future__ import annotations

from diorama.media.core.base import MediaRecord
from diorama.model import BlobRef


class HtmlRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="html"):
    """HTML as UTF-8. is_styled: whether the viewer puts its plain style under it (`inject`); the blob is what
    was given, byte for byte. outside: hosts that the page asks for; a viewer loads none of them by itself.
    beside: files that it expects in its folder, which are not there. excerpt: the beginning of what it says.
    """

    blob: BlobRef
    is_styled: bool = True
    name: str | None = None
    title: str | None = None
    outside: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    excerpt: str | None = None
    note: str | None = None
