"""The built UI: its files by exact name, and `index.html` for every page of the history API.

A path from the network never becomes a path on the disk: it is looked up in the list of files that
the build made.
"""

from __future__ import annotations

import gzip
import html
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from diorama.errors import NotFound
from diorama.model import check_name
from diorama.server.auth import Auth
from diorama.server.frames import FRAMES_FOLDER, OPEN_ASSET_HEADERS, frame_headers
from diorama.server.settings import ServerSettings

APP_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
_COMPRESSED = frozenset({".js", ".css", ".svg", ".html", ".json", ".map", ".txt", ".webmanifest"})
_HASHED_NAME = re.compile(r"assets/.+-[A-Za-z0-9_\-]{8,}\.[a-z0-9]+")
_RELATIVE_URL = re.compile(r'\b(src|href)="\./')
_RESERVED = frozenset({"api", "assets", "healthz"})

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Diorama</title>
<h1>The UI is not built</h1>
<p>This server runs from a source tree whose web pages were never built. Build them with:</p>
<pre>make ui</pre>
<p>(or <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>), then load this page again.
The API works without it.</p>
"""


@dataclass(frozen=True)
class Asset:
    data: bytes
    packed: bytes | None
    mime: str
    is_immutable: bool


class WebPages:
    """Answers every GET that is not for the API."""

    def __init__(self, settings: ServerSettings, auth: Auth) -> None:
        self._dir = settings.static_dir
        self._base_path = settings.base_path
        self._auth = auth
        self._assets: dict[str, Asset] = {}
        self._built_ns = -1
        self._loading = anyio.Lock()

    async def answer(self, request: Request) -> Response:
        """An asset, a page, or NotFound. A one-time token in the query becomes a session."""
        if request.method not in {"GET", "HEAD"}:
            raise NotFound("there is nothing at that address")
        path = request.scope["path"].removeprefix("/")
        await self._reload_if_rebuilt()
        asset = self._assets.get(path)
        if asset is not None and path != "index.html":
            return self._asset_response(request, path, asset)
        if not is_page(path):
            raise NotFound("there is nothing at that address")
        if "token" in request.query_params:
            return self._log_in(request)
        return self._index_response(request)

    def _log_in(self, request: Request) -> Response:
        query = "&".join(
            pair for pair in request.scope["query_string"].decode("latin-1").split("&") if not _is_token(pair)
        )
        # Only the raw path of a checked page: it has no empty segment, so "//evil" can't be built.
        raw_path = request.scope.get("raw_path", b"/").decode("latin-1").partition("?")[0]
        place = self._base_path + raw_path.removeprefix(self._base_path)
        reply = RedirectResponse(place + (f"?{query}" if query else ""), status_code=303)
        reply.headers["cache-control"] = "no-store"
        tokens = request.query_params.getlist("token")
        if len(tokens) == 1 and self._auth.redeem(request, tokens[0]):
            self._auth.give_session(request, reply)
        return reply

    def _asset_response(self, request: Request, path: str, asset: Asset) -> Response:
        headers = {
            "content-type": asset.mime,
            "cache-control": "public, max-age=31536000, immutable" if asset.is_immutable else "no-cache",
            "content-security-policy": APP_POLICY,
            "vary": "Accept-Encoding",
        }
        if path.startswith(FRAMES_FOLDER):
            headers |= frame_headers(path)
        elif asset.is_immutable:
            headers |= OPEN_ASSET_HEADERS
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.data, headers=headers)

    def _index_response(self, request: Request) -> Response:
        headers = {"cache-control": "no-store", "content-security-policy": APP_POLICY}
        index = self._assets.get("index.html")
        if index is None:
            return Response(_NOT_BUILT, status_code=503, media_type="text/html", headers=headers)
        prefix = self._prefix(request)
        page = _RELATIVE_URL.sub(rf'\1="{html.escape(prefix)}/', index.data.decode("utf-8"))
        return Response(page, media_type="text/html", headers=headers)

    def _prefix(self, request: Request) -> str:
        """The path under which the browser sees us: pages lie at many depths, so that assets need it."""
        forwarded = request.headers.get("x-forwarded-prefix", "") if self._base_path else ""
        if re.fullmatch(r"(?:/[A-Za-z0-9._~\-]+)+", forwarded):
            return forwarded
        return self._base_path

    async def _reload_if_rebuilt(self) -> None:
        """Read the files once, and again after a new build (`index.html` is written last).

        In a thread: packing them takes a second, in which live updates and ingest go on.
        """
        index = self._dir / "index.html"
        try:
            built_ns = index.stat().st_mtime_ns
        except FileNotFoundError:
            self._assets, self._built_ns = {}, -1
            return
        if built_ns == self._built_ns:
            return
        async with self._loading:
            if built_ns != self._built_ns:
                found = await anyio.to_thread.run_sync(_read_assets, self._dir)
                self._assets, self._built_ns = dict(found), built_ns


def _read_assets(folder: Path) -> list[tuple[str, Asset]]:
    assets = []
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        name = file.relative_to(folder).as_posix()
        data = file.read_bytes()
        mime = _TYPES.get(file.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        if mime.startswith("text/"):
            mime += "; charset=utf-8"
        packed = gzip.compress(data, 6, mtime=0) if file.suffix in _COMPRESSED and len(data) > 1024 else None
        assets.append((name, Asset(data, packed, mime, bool(_HASHED_NAME.fullmatch(name)))))
    return assets


def is_page(path: str) -> bool:
    """True when `path` (without its first slash) may be a page of the UI.

    Every segment must be able to name a project or run; a file name with an extension under assets/
    that is not there is no page.
    """
    segments = path.removesuffix("/").split("/")
    if segments == [""]:
        return path == ""
    if segments[0] in _RESERVED or len(segments) > 6:
        return False
    try:
        for segment in segments:
            check_name(segment, "a part of the address")
    except ValueError:
        return False
    return True


def _is_token(pair: str) -> bool:
    return pair.partition("=")[0] == "token"
