"""From the record of an HTML page back to what was logged."""

from __future__ import annotations

from dataclasses import dataclass

from diorama.media.core.base import GetBlob
from diorama.media.html.record import HtmlRecord


def text_of(data: bytes) -> str:
    """A page's bytes as text; what is not UTF-8 becomes \\xNN."""
    return data.decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class HtmlPage:
    """A page read back: `data`, its bytes as they were given, and `html`, the same as text."""

    data: bytes

    @property
    def html(self) -> str:
        return text_of(self.data)


def decode(record: HtmlRecord, get_blob: GetBlob) -> HtmlPage:
    """The page as it was given."""
    return HtmlPage(get_blob(record.blob))
