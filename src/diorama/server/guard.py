"""The outermost layer: which requests are looked at at all, and the headers on every answer.

DNS rebinding needs a name that the attacker owns, so the *name* in `Host` must be on an exact list;
loopback names may have any port, because an SSH tunnel brings its own. A request that says where it
comes from (`Origin`, `Sec-Fetch-Site`) must come from this very origin. No answer with data has CORS
headers: no other origin may read anything but the scripts of the built UI, which are public.
"""

from __future__ import annotations

import ipaddress
import re
import socket

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diorama.server.face import is_below
from diorama.server.frames import OPEN_FOLDER
from diorama.server.problem import SECURITY_HEADERS, Refusal, response_from_error
from diorama.server.settings import LOOPBACK_NAMES, ServerSettings

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._\-]+)(?::(?P<port>[0-9]{1,5}))?")
_UNSPECIFIED = frozenset({"0.0.0.0", "::", "[::]", ""})


class Guard:
    """ASGI middleware: checks Host, Origin and framing; adds the security headers.

    prefixes: below these paths there are no pages (`face.Face`).
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, prefixes: tuple[str, ...]) -> None:
        self._app = app
        self._prefixes = prefixes
        self._base_path = settings.base_path
        self._names, self._authorities = allowed_hosts(settings)
        self._proxied = {host.lower() for host in settings.allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self.check(scope)
        except Refusal as refusal:
            await response_from_error(refusal)(scope, receive, send)
            return
        await self._app(self._without_prefix(scope), receive, send_guarded)

    def check(self, scope: Scope) -> None:
        """Raise Refusal unless `scope` is a request that this server answers."""
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            # Where this request ends, and the next one begins, nobody can say.
            message = "a request has Content-Length or Transfer-Encoding, not both"
            raise Refusal(400, message, headers={"connection": "close"})
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not (authority := _AUTHORITY.fullmatch(hosts[0])):
            raise Refusal(400, "the Host header is missing or malformed")
        host = hosts[0].lower()
        if authority["name"].lower() not in self._names and host not in self._authorities:
            raise Refusal(
                421,
                "this server does not answer to that host name",
                hint="start it with --allow-host NAME to let browsers use the name",
            )
        if not scope["path"].startswith("/"):
            raise Refusal(400, "the request target must be a path")
        path = scope["path"].removeprefix(self._base_path)
        is_read = scope["method"] in {"GET", "HEAD"}
        for origin in headers.getlist("origin"):
            if origin == "null" and is_read and path.startswith(OPEN_FOLDER):
                continue  # our own sandboxed frame, which has no origin, loads its public script
            scheme, _, origin_host = origin.lower().partition("://")
            if scheme not in {"http", "https"} or (origin_host != host and origin_host not in self._proxied):
                raise Refusal(403, "requests from other origins are refused")
        is_page = not is_below(path, self._prefixes)
        is_cross_site = headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}
        # A link from elsewhere may open a page (it holds no data); the API is for our own pages.
        if is_cross_site and not (is_page and is_read):
            raise Refusal(403, "requests from other sites are refused")

    def _without_prefix(self, scope: Scope) -> Scope:
        """Some proxies strip the prefix and some do not: both arrive at the same routes."""
        path: str = scope["path"]
        if not self._base_path or not (path + "/").startswith(self._base_path + "/"):
            return scope
        return {**scope, "path": path[len(self._base_path) :] or "/", "root_path": ""}


def allowed_hosts(settings: ServerSettings) -> tuple[frozenset[str], frozenset[str]]:
    """Names that are good with any port, and "name:port" pairs."""
    names = set(LOOPBACK_NAMES)
    authorities: set[str] = set()
    for host in settings.allowed_hosts:
        found = _AUTHORITY.fullmatch(host)
        if found is None:
            raise ValueError(f"allowed host {host!r} is not a host name or name:port")
        (authorities if found["port"] else names).add(host.lower())
    if settings.host in _UNSPECIFIED:
        names |= _own_names()
    else:
        names.add(_bracketed(settings.host))
    return frozenset(names), frozenset(authorities)


def _own_names() -> set[str]:
    """This machine's addresses and host name, for a server that listens on all interfaces."""
    names = {socket.gethostname().lower()}
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family in {socket.AF_INET, socket.AF_INET6}:
                names.add(_bracketed(address.address.partition("%")[0]))
    return names


def _bracketed(host: str) -> str:
    """How a browser writes `host` in a Host header."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower()
    return f"[{address.compressed}]" if address.version == 6 else address.compressed
