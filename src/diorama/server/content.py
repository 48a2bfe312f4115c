"""Serving bytes that users logged: nothing of them may ever run in our origin.

The type is what the first bytes say, never what somebody claimed. Five picture formats are shown, and the
sound and video that browsers play is played; everything else is a download, and even a download that is
opened anyway runs in a sandbox.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from diorama.media.core.av_formats import HEAD_BYTES, inline_mime_of

CONTENT_HEADERS: dict[str, str] = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cache-control": "private, max-age=31536000, immutable",
}
SNIFF_BYTES = HEAD_BYTES
_NAME_LIMIT_BYTES = 150
_UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')


def picture_type(head: bytes) -> str | None:
    """The MIME type of a picture that browsers may show inline, from its first 16 bytes; else None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    return None


def content_headers(head: bytes, *, name: str | None = None) -> dict[str, str]:
    """The headers for stored bytes that begin with `head`; `name` makes it a download of that name."""
    shown_as = picture_type(head) or inline_mime_of(head)
    headers = {**CONTENT_HEADERS, "content-type": shown_as or "application/octet-stream"}
    if name is not None or shown_as is None:
        headers["content-disposition"] = attachment(name)
    return headers


def attachment(name: str | None) -> str:
    """A Content-Disposition that offers `name` (RFC 8187), shortened and without unsafe characters."""
    if not name:
        return "attachment"
    safe = _UNSAFE_IN_NAME.sub("_", name.encode("utf-8", "replace").decode("utf-8")).strip(" .")
    while len(safe.encode()) > _NAME_LIMIT_BYTES:
        safe = safe[:-1]
    return f"attachment; filename*=UTF-8''{quote(safe or 'file', safe='')}"


def byte_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """(first, last + 1) of a single-range request, or None to send everything.

    Several ranges and malformed ones are ignored, as RFC 9110 allows; a range behind the end raises
    ValueError, for a 416.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header or "")
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise ValueError("the range lies behind the end")
    return start, end
