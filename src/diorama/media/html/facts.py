"""What a page says about itself: its title, its first words, what it wants to load. Runs in a worker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from diorama.media.core.extent import Data, view_of

TITLE_LIMIT = 200
EXCERPT_LIMIT = 300
NAMES_LIMIT = 50

_LOADS: dict[str, tuple[str, ...]] = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "frame": ("src",), "embed": ("src",),
    "source": ("src", "srcset"), "video": ("src", "poster"), "audio": ("src",), "track": ("src",),
    "object": ("data",), "input": ("src",), "image": ("href", "xlink:href"), "use": ("href", "xlink:href"),
}  # fmt: skip
_LOADING_LINKS = frozenset({"stylesheet", "icon", "preload", "modulepreload", "manifest", "preconnect"})
_CSS_URL = re.compile(r"""url\(\s*['"]?([^'")\s]{1,2000})|@import\s+['"]([^'"]{1,2000})""", re.IGNORECASE)
_IMPORT = re.compile(r"""\bimport\b[^'"\n;]{0,500}['"](https?://[^'"\s]{1,2000})""")
_HOST = re.compile(
    r"(?=.{1,253}(?::\d{1,5})?$)[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_\-]+)*(?::\d{1,5})?"
)
_UNSEEN = frozenset({"script", "style", "title", "head", "template", "noscript"})


def inspect(header: Mapping[str, Any], data: Data) -> dict[str, Any]:
    """{"title", "excerpt", "outside": hosts, "beside": relative names} of a page."""
    reader = _Reader()
    reader.feed(str(view_of(data), "utf-8", "replace"))
    reader.close()
    return {
        "title": _one_line(reader.title, TITLE_LIMIT),
        "excerpt": _one_line(reader.words, EXCERPT_LIMIT),
        "outside": list(reader.outside)[:NAMES_LIMIT],
        "beside": list(reader.beside)[:NAMES_LIMIT],
    }


def _one_line(parts: list[str], limit: int) -> str | None:
    text = " ".join(" ".join(parts).split())
    return (text[: limit - 1] + "…" if len(text) > limit else text) or None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.words: list[str] = []
        self.outside: dict[str, None] = {}
        self.beside: dict[str, None] = {}
        self._inside = ""
        self._words_size = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in _UNSEEN else ""
        given = {name: value for name, value in attributes if value}
        if tag == "link" and _LOADING_LINKS & set(given.get("rel", "").lower().split()):
            self._note(given.get("href", ""))
        for name in _LOADS.get(tag, ()):
            if name == "srcset":
                for part in given.get(name, "").split(",")[:NAMES_LIMIT]:
                    self._note(part.strip().split(" ")[0])
            else:
                self._note(given.get(name, ""))
        if "style" in given:
            self._note_style(given["style"])

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        before = self._inside
        self.handle_starttag(tag, attributes)
        self._inside = before

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title.append(data[: 4 * TITLE_LIMIT])
        elif self._inside == "style":
            self._note_style(data)
        elif self._inside == "script":
            for found in _IMPORT.finditer(data):
                self._note(found[1])
        elif not self._inside and self._words_size < 4 * EXCERPT_LIMIT:
            words = data.strip()[: 4 * EXCERPT_LIMIT]
            self._words_size += len(words)
            self.words.append(words)

    def _note_style(self, style: str) -> None:
        for found in _CSS_URL.finditer(style):
            self._note(found[1] or found[2])

    def _note(self, url: str) -> None:
        """Remember the host of a URL that would be loaded, or the name of a file beside the page."""
        if len(self.outside) + len(self.beside) >= 4 * NAMES_LIMIT or not url or len(url) > 2000:
            return
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            return
        host = parts.netloc.rpartition("@")[2].lower()
        if parts.scheme in ("", "http", "https") and host:
            if _HOST.fullmatch(host):
                self.outside[host] = None
        elif not parts.scheme and parts.path and not parts.path.startswith("#"):
            self.beside[parts.path[:200]] = None
