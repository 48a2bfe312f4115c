"""Pages that users logged, as pages: they run, but in an origin of their own and without network.

The browser is told so in the answer itself (`sandbox` in the policy). Such a page can't reach this server,
its cookies, its storage or other pages. It always runs in a frame of ours, whose policy keeps it from leading
the frame elsewhere: asked for as a tab of its own, the answer is a page of ours with nothing but that frame.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from diorama.errors import BadRequest, NotFound, TooLarge
from diorama.model import SHA256_TEXT
from diorama.server.endpoint import Call, endpoint
from diorama.server.page_guard import guarded, without_code

if TYPE_CHECKING:
    from diorama.service import Access

PAGE_MIMES = frozenset({"text/html", "application/xhtml+xml"})
PAGE_LIMIT_BYTES = 64 * 1024 * 1024
OUTSIDE_LIMIT = 50
_HOST = re.compile(
    r"(?=.{1,253}(?::[0-9]{1,5})?$)[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_\-]+)*(?::[0-9]{1,5})?"
)

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
    """style: put a plain style under the page. framed: the page itself, for a frame that listens which links
    are clicked; without, a page of ours with such a frame. still: as it stands before any code runs, none of
    which is in the answer; only together with framed. outside: hosts, separated by commas, that the page
    may load scripts, styles, pictures and fonts from."""

    style: bool = False
    framed: bool = False
    still: bool = False
    outside: str = ""


@endpoint("GET", "/api/content/{sha256}", reply_mime="text/html")
async def content(call: Call, path: ContentPath, query: ContentQuery) -> Response:
    """A page that was logged, to be shown in a sandbox. Other bytes than HTML are under /api/blobs."""
    if not SHA256_TEXT.fullmatch(path.sha256):
        raise NotFound("there is no such page")
    hosts = _hosts(query.outside)
    page: bytes = await call.run(_page, call.service, path.sha256)
    # Browsers say what an answer is for (Sec-Fetch-Dest), and pages can't change that.
    if not query.framed or call.request.headers.get("sec-fetch-dest", "iframe") != "iframe":
        return Response(_tab(query), headers=TAB_HEADERS)
    style = STYLE if query.style else b""
    if query.still:
        return Response(await call.run(without_code, page, style), headers=page_headers(hosts, runs=False))
    added = style + LINKS
    return Response(await call.run(guarded, page, added), headers=page_headers(hosts))


def _page(service: Access, sha256: str) -> bytes:
    blob = service.blob(sha256)
    if blob.ref.mime not in PAGE_MIMES:
        raise NotFound("this is no page", hint="GET /api/blobs/{sha256} has the bytes")
    if blob.ref.size_bytes > PAGE_LIMIT_BYTES:
        raise TooLarge(f"the page is larger than {PAGE_LIMIT_BYTES >> 20} MiB", hint="download it instead")
    return blob.read()


def _hosts(outside: str) -> list[str]:
    hosts = [host for host in outside.split(",") if host]
    if len(hosts) > OUTSIDE_LIMIT:
        raise BadRequest(f"at most {OUTSIDE_LIMIT} hosts can be allowed")
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise BadRequest(f"{host[:80]!r} is no host name")
    return hosts


def page_headers(hosts: list[str], *, runs: bool = True) -> dict[str, str]:
    """The headers of a page that may load from `hosts` and from nowhere else. runs: its code may run."""
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
        "sandbox allow-scripts" if runs else "sandbox",
    )
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "; ".join(rules),
        "connection-allowlist": _connections(hosts),
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "x-dns-prefetch-control": "off",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": _NO_FEATURES,
        "cache-control": "private, max-age=3600",
    }


def _connections(hosts: list[str]) -> str:
    """All that may leave the page at all, WebRTC and navigation included, for browsers that know this header.
    Where a redirect leads is for the other policy to judge."""
    patterns = [f'"{scheme}://{host}/*"' for host in hosts for scheme in ("https", "http")]
    return f"({' '.join(patterns)})" + (";redirects=allow" if hosts else "")


_NO_FEATURES = (
    "camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), fullscreen=(), geolocation=(), "
    "hid=(), microphone=(), midi=(), payment=(), screen-wake-lock=(), serial=(), usb=()"
)

_TAB_STYLE = (
    "html,body{height:100%;margin:0}body{display:flex;flex-direction:column;font:13px system-ui,sans-serif}"
    "iframe{flex:1;border:0;background:white}p{margin:0;padding:8px 12px;overflow-wrap:anywhere}"
)
_TAB_SCRIPT = (
    "addEventListener('message',function(e){"
    "if(e.source!==frames[0]||!e.data||e.data.type!=='link'||!/^https?:/i.test(e.data.href))return;"
    "var a=document.querySelector('a');a.href=a.textContent=String(e.data.href).slice(0,4000);"
    "document.querySelector('p').hidden=false})"
)


def _tab(query: ContentQuery) -> bytes:
    """A page of ours with the logged page in a frame, and the address of the link that was clicked last."""
    asked = {"framed": "1", "style": "1" if query.style else "", "outside": query.outside}
    source = urlencode({name: value for name, value in asked.items() if value}).replace("&", "&amp;")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A logged page</title>'
        f"<style>{_TAB_STYLE}</style>"
        f'<iframe title="A logged page" sandbox="allow-scripts" allow="" src="?{source}"></iframe>'
        '<p hidden>This link leads to <a target="_blank" rel="noopener noreferrer nofollow ugc"></a></p>'
        f"<script>{_TAB_SCRIPT}</script>"
    ).encode()


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


TAB_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash_source(_TAB_STYLE)}",
            f"script-src {_hash_source(_TAB_SCRIPT)}",
            "frame-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cache-control": "private, max-age=3600",
}
"""The page around a logged page: it may show frames of this server, and nothing else."""
