"""HTML pages and fragments, shown in a frame that can't reach anything."""

from __future__ import annotations

import os
from typing import Any

from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import keep
from diorama.media.core.user_file import keep_file, keep_stream, rewound
from diorama.media.core.warn import warn_user
from diorama.media.html.load import text_of
from diorama.model import clean_text

SUFFIXES = (".html", ".htm")
PATH_LIMIT_CHARS = 4096


class Html(Media):
    """A web page, or a piece of one.

    Accepts: `data`, the path of an existing .html or .htm file (text or `pathlib.Path`), an open file, or
    HTML as text. It is kept byte for byte. `inject`: show it over a plain style, its links in new tabs.
    `data_is_not_path`: text is HTML even if it names a file. `caption` and `sample_id`: text.

    Raises: ValueError for a Path that is not there or is no HTML file, for an empty file, for a folder;
    TypeError for anything else. Text that looks like the path of a missing file warns.

    The page is shown in a frame of an origin of its own, without network: see docs/media/html.md.

    >>> Html("<b>attention</b> is all you need", caption="saliency").inject
    True
    """

    KIND = "html"

    def __init__(
        self,
        data: Any,
        inject: bool = True,
        data_is_not_path: bool = False,
        *,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        name = ""
        if isinstance(data, str):
            if not data_is_not_path and _is_file(data):
                source = keep_file(data, subject="the HTML file")
                name, self._kept = source.name, source.kept
            else:
                if not data_is_not_path and _looks_like_path(data):
                    warn_user(
                        f"there is no file {data!r}: the text itself is logged as HTML; "
                        "data_is_not_path=True says that this is meant"
                    )
                self._kept = keep(clean_text(data).encode("utf-8"))
        elif isinstance(data, os.PathLike):
            path = os.fspath(data)
            if not os.path.exists(path):
                raise ValueError(
                    f"data must be a string or an io object, or an existing file: there is no {path!r}"
                )
            if os.path.splitext(str(path))[1].lower() not in SUFFIXES:
                raise ValueError(f"an HTML file ends in .html or .htm; {path!r} does not")
            source = keep_file(path, subject="the HTML file")
            name, self._kept = source.name, source.kept
        elif callable(getattr(data, "read", None)):
            source = keep_stream(rewound(data), subject="the HTML file")
            name, self._kept = source.name, source.kept
        else:
            raise TypeError(f"data must be a string or an io object, not {type(data).__name__}")
        self.inject = bool(inject)
        self.name = name or None
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)

    @property
    def html(self) -> str:
        """The HTML as text."""
        return text_of(bytes(self._kept.read()))

    def snapshot(self) -> Snapshot:
        header = {
            "is_styled": self.inject,
            "name": self.name,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Html({self._kept.size_bytes} bytes)"


def _is_file(text: str) -> bool:
    is_path = len(text) <= PATH_LIMIT_CHARS and "\0" not in text and text.lower().endswith(SUFFIXES)
    return is_path and os.path.isfile(text)


def _looks_like_path(text: str) -> bool:
    is_short = 0 < len(text) <= PATH_LIMIT_CHARS and text.lower().endswith(SUFFIXES)
    return is_short and not any(mark in text for mark in "<>\n")


def html_from(value: Any) -> Html:
    """A bare path, or what a notebook's IPython.display.HTML holds."""
    return Html(value) if isinstance(value, os.PathLike) else Html(value.data, data_is_not_path=True)
