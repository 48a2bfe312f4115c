"""Starting and stopping a server, and finding the one that runs already.

`server.json` (0600) in the store says where the server listens and who it is; it is there exactly while
the server runs. After a crash it may be stale, so a reader asks the address whether it is this store's
server before it believes the file.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvicorn
from starlette.applications import Starlette

from diorama.errors import DioramaError, UsageError
from diorama.http import ServerConnection
from diorama.model import StoreDir
from diorama.server.api_session import Health
from diorama.server.app import create_app
from diorama.server.auth import mint_token, store_name
from diorama.server.face import Face
from diorama.server.memory import limit_heaps
from diorama.server.routes import API
from diorama.server.settings import ServerSettings
from diorama.server.wire import PatientProtocol

if TYPE_CHECKING:
    from diorama.service import Service

GRACE_SECS = 3
_PROBE_SECS = 2.0
_HEALTH_LIMIT_BYTES = 4096


class RunningServer(msgspec.Struct):
    """The contents of server.json. url: with the base path, without a slash at its end."""

    url: str
    pid: int
    started_at: float


class ServerHandle:
    """A server that answers. `url` is where; `stop()` may be called from any thread."""

    def __init__(self, url: str, stop: Callable[[], None]) -> None:
        self.url = url
        self.stop = stop


def serve(
    service: Service,
    *,
    settings: ServerSettings,
    store_dir: StoreDir,
    on_ready: Callable[[ServerHandle], None],
    faces: Sequence[Face] = (API,),
) -> None:
    """Serve until SIGINT, SIGTERM or `ServerHandle.stop()`; returns after a clean stop.

    `on_ready` runs once requests are answered; it must not block. Port 0 takes a free one.
    UsageError when the port is taken or the address is not this machine's.
    """
    limit_heaps()
    listener = _listen(settings.host, settings.port)
    settings = replace(settings, port=listener.getsockname()[1])
    app = create_app(service, settings=settings, faces=faces)
    url = f"http://{_url_host(settings.host)}:{settings.port}{settings.base_path}"
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        # Its log lines would hold one-time tokens; and a path may hold what a terminal obeys.
        access_log=False,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECS,
    )
    server = _Server(config, app)

    def ready() -> None:
        _write_server_file(store_dir.server_file, RunningServer(url, os.getpid(), time.time()))
        on_ready(ServerHandle(url, server.stop))

    server.on_ready = ready
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        _remove_server_file(store_dir.server_file)


class _Server(uvicorn.Server):
    """uvicorn's server, which also says when it is ready and ends the live streams before it waits."""

    on_ready: Callable[[], None]

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.live.close()
        await super().shutdown(sockets)

    def stop(self) -> None:
        self.should_exit = True


def find_running(store_dir: StoreDir, key: str) -> RunningServer | None:
    """The server of this store that runs now, if any. A stale file is not believed."""
    try:
        running = msgspec.json.decode(store_dir.server_file.read_bytes(), type=RunningServer)
        with ServerConnection(
            running.url, connect_secs=_PROBE_SECS, idle_secs=_PROBE_SECS, uses_proxies=False
        ) as server:
            answer = server.request("GET", "/healthz", limit_bytes=_HEALTH_LIMIT_BYTES)
        health = msgspec.json.decode(answer.data, type=Health)
    except (OSError, DioramaError, msgspec.MsgspecError, ValueError):
        return None
    # Another program may have taken the port since; only a server that knows the key has this name.
    return running if answer.status == 200 and health.store in {store_name(key), ""} else None


def login_url(server_url: str, key: str, page: str = "/") -> str:
    """The address that opens `page` in a browser and logs it in, once."""
    return f"{server_url}{page}?token={mint_token(key)}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise UsageError(f"{host!r} is not an address of this machine", hint="try 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"can't listen on {host} port {port}: {(error.strerror or str(error)).lower()}",
            hint="choose another port with --port, or --port 0 for any free one",
        ) from error
    return listener


def _url_host(host: str) -> str:
    """The host for a URL that works on this machine."""
    if host in {"0.0.0.0", ""}:
        return "127.0.0.1"
    if host.strip("[]") == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _write_server_file(path: Path, running: RunningServer) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(running))
    beside.replace(path)


def _remove_server_file(path: Path) -> None:
    """Remove the file if it is still ours."""
    try:
        if msgspec.json.decode(path.read_bytes(), type=RunningServer).pid == os.getpid():
            path.unlink()
    except (OSError, msgspec.MsgspecError):
        return
