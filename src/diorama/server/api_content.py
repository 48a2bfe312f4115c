"""Pages that users logged, as pages: they run, but in an origin of their own and without network.

The browser is told so in the answer itself (`sandbox` in the policy), so that it also holds for a page that
is opened in a tab of its own. Such a page can't reach this server, its cookies, its storage or other pages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from diorama.errors import BadRequest, NotFound, TooLarge
from diorama.server.endpoint import Call, endpoint

if TYPE_CHECKING:
    from diorama.service import Service

PAGE_MIMES = frozenset({"text/html", "application/xhtml+xml"})
PAGE_LIMIT_BYTES = 64 * 1024 * 1024
OUTSIDE_LIMIT = 50
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(
    r"(?=.{1,253}(?::[0-9]{1,5})?$)[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_\-]+)*(?::[0-9]{1,5})?"
)
_HEAD_BYTES = 64 * 1024
_PLACES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rb"<head(?:\s[^>]{0,2000})?>", rb"<html(?:\s[^>]{0,2000})?>", rb"<!doctype[^>]{0,2000}>")
)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)

STYLE = (
    b'<base target="_blank"><style>html{color-scheme:light}'
    b"body{margin:12px;font:14px/1.5 system-ui,sans-serif;overflow-wrap:break-word}"
    b"img,svg,video,canvas{max-width:100%}table{border-collapse:collapse}"
    b"th,td{padding:4px 8px;border:1px solid silver;text-align:left}"
    b"pre,code{font-family:ui-monospace,monospace}pre{overflow:auto}</style>"
)
"""Stands before everything of the page, so that any style of the page's own wins."""

LINKS = (
    b"<script>addEventListener('click',function(e){"
    b"var a=e.target&&e.target.closest&&e.target.closest('a[href]');if(!a)return;"
    b"var h=a.getAttribute('href');"
    b"if(h[0]==='#'){e.preventDefault();location.hash=h}"
    b"else if(/^https?:/i.test(h)){e.preventDefault();parent.postMessage({type:'link',href:h},'*')}"
    b"})</script>"
)
"""A sandboxed page can't open tabs: it tells the frame around it which link was clicked, and that asks."""


class ContentPath(msgspec.Struct):
    """The SHA-256 of the page: 64 lower-case hexadecimal digits."""

    sha256: str


class ContentQuery(msgspec.Struct, forbid_unknown_fields=True):
    """style: put a plain style under the page. framed: tell the frame around it which links are clicked.
    outside: hosts, separated by commas, that the page may load scripts, styles, pictures and fonts from."""

    style: bool = False
    framed: bool = False
    outside: str = ""


@endpoint("GET", "/api/content/{sha256}", reply_mime="text/html")
async def content(call: Call, path: ContentPath, query: ContentQuery) -> Response:
    """A page that was logged, to be shown in a sandbox. Other bytes than HTML are under /api/blobs."""
    if not _SHA256.fullmatch(path.sha256):
        raise NotFound("there is no such page")
    hosts = _hosts(query.outside)
    page: bytes = await call.run(_page, call.service, path.sha256)
    added = (STYLE if query.style else b"") + (LINKS if query.framed else b"")
    return Response(with_head(page, added) if added else page, headers=page_headers(page, hosts))


def _page(service: Service, sha256: str) -> bytes:
    ref = service.blob_info(sha256)
    if ref.mime not in PAGE_MIMES:
        raise NotFound("this is no page", hint="GET /api/blobs/{sha256} has the bytes")
    if ref.size_bytes > PAGE_LIMIT_BYTES:
        raise TooLarge(f"the page is larger than {PAGE_LIMIT_BYTES >> 20} MiB", hint="download it instead")
    return service.get_blob(sha256)


def _hosts(outside: str) -> list[str]:
    hosts = [host for host in outside.split(",") if host]
    if len(hosts) > OUTSIDE_LIMIT:
        raise BadRequest(f"at most {OUTSIDE_LIMIT} hosts can be allowed")
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise BadRequest(f"{host[:80]!r} is no host name")
    return hosts


def page_headers(page: bytes, hosts: list[str]) -> dict[str, str]:
    """The headers of a page that may load from `hosts` and from nowhere else."""
    allowed = "".join(f" {host}" for host in hosts)
    rules = (
        "default-src 'none'",
        f"script-src 'unsafe-inline' 'unsafe-eval' blob: data:{allowed}",
        f"style-src 'unsafe-inline' blob: data:{allowed}",
        f"img-src data: blob:{allowed}",
        f"font-src data:{allowed}",
        f"media-src data: blob:{allowed}",
        "worker-src blob:",
        "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-scripts",
    )
    return {
        "content-type": f"text/html{'; charset=utf-8' if _is_utf8(page) else ''}",
        "content-security-policy": "; ".join(rules),
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "x-dns-prefetch-control": "off",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": _NO_FEATURES,
        "cache-control": "private, max-age=3600",
    }


_NO_FEATURES = (
    "camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), fullscreen=(), geolocation=(), "
    "hid=(), microphone=(), midi=(), payment=(), screen-wake-lock=(), serial=(), usb=()"
)


def _is_utf8(page: bytes) -> bool:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def with_head(page: bytes, added: bytes) -> bytes:
    """`page` with `added` where its head begins, and behind its doctype.

    Before the doctype it would switch the browser to quirks mode, which changes the looks of the page.
    """
    if page.startswith((b"\xff\xfe", b"\xfe\xff")):
        return page  # UTF-16: our ASCII would be noise in it
    # Comments are blanked, not cut, so that places found are places in the page.
    head = _COMMENT.sub(lambda found: b" " * len(found[0]), page[:_HEAD_BYTES])
    for place in _PLACES:
        found = place.search(head)
        if found:
            return page[: found.end()] + added + page[found.end() :]
    start = 3 if page.startswith(b"\xef\xbb\xbf") else 0
    return page[:start] + b"<!doctype html>" + added + page[start:]
