"""A small store with one run of everything, and ways to ask a server about it."""

from __future__ import annotations

import hashlib
import math
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
from starlette.types import ASGIApp

from diorama.journal.entry import (
    Attributes,
    Batch,
    Config,
    Console,
    ConsoleLine,
    Entry,
    File,
    Finish,
    Log,
    Numbered,
    Start,
    System,
)
from diorama.media import FileRecord, HistogramRecord, ImageRecord
from diorama.model import StoreDir
from diorama.server.app import create_app
from diorama.server.run import ServerHandle, serve
from diorama.server.settings import Limits, ServerSettings
from diorama.service import Service

KEY = "k" * 64
BASE_URL = "http://localhost:7117"
T0 = 1_700_000_000.0
HTML = b"<!doctype html><script>window.__xss = 1</script>"


def png(width: int, height: int) -> bytes:
    """A grey PNG."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes(range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    )


PICTURE = png(8, 4)
PICTURE_SHA256 = hashlib.sha256(PICTURE).hexdigest()


def start(run: str, *, entity: str = "local", project: str = "demo", **more: Any) -> Start:
    """The first entry of a run."""
    return Start(
        entity=entity, project=project, run=run, writer=f"w-{run}", pid=1, pid_started=T0, time=T0, **more
    )


def batch(head: Start, *entries: Entry) -> Batch:
    """A batch with `head` first."""
    numbered = [Numbered(number, entry) for number, entry in enumerate([head, *entries], 1)]
    return Batch((head.entity, head.project, head.run), head.writer, numbered)


@dataclass
class Sample:
    """What `fill` put into the store."""

    uid: int
    picture: ImageRecord


def fill(service: Service) -> Sample:
    """One run, "local/demo/first", with metrics, media, text, files and console lines."""
    picture = ImageRecord(blob=service.put_blob(PICTURE, "image/png"), width=8, height=4, mode="L")
    page = FileRecord(blob=service.put_blob(HTML, "text/html"), name="report.html")
    entries: list[Entry] = [
        Config({"lr": 0.01, "nested": {"depth": 3}}),
        Attributes(notes="a note", tags=["one"]),
        Console([ConsoleLine(1, T0, "stdout", "hello"), ConsoleLine(2, T0 + 1, "stderr", "world")]),
        File("report.html", page),
        System(T0 + 1, {"cpu": 12.5}),
    ]
    for step in range(20):
        data: dict[str, Any] = {"loss": 1.0 / (step + 1), "note": f"step {step}"}
        if step % 5 == 0:
            data["picture"] = picture
            data["spread"] = HistogramRecord(bins=[0.0, 1.0, 2.0], values=[float(step), 2.0])
        if step == 7:
            data["loss"] = math.nan
        entries.append(Log(step, step, T0 + step, data))
    entries.append(Finish(T0 + 30, 0, "finished"))
    service.ingest(batch(start("first", name="First run"), *entries))
    return Sample(service.find_run("local", "demo", "first").uid, picture)


def settings(**more: Any) -> ServerSettings:
    """Settings of a test server: the key is KEY."""
    return ServerSettings(**{"key": KEY, "limits": Limits(), **more})


class Client:
    """Asks an app without a socket; redirects are not followed. Cookies are kept."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=BASE_URL, headers=self._headers, cookies=self.cookies
            ) as client:
                reply = await client.request(method, path, **more)
                self.cookies = client.cookies
                return reply

        return anyio.run(ask)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PATCH", path, **more)


def client_of(service: Service, *, key: str | None = KEY, **more: Any) -> Client:
    """An in-process client that sends the key (or none)."""
    app = create_app(service, settings=settings(**more))
    return Client(app, {"authorization": f"Bearer {key}"} if key else {})


@contextmanager
def running_server(service: Service, store_dir: StoreDir, **more: Any) -> Iterator[ServerHandle]:
    """A real server on a free port of the loopback interface."""
    ready = threading.Event()
    handles: list[ServerHandle] = []

    def on_ready(handle: ServerHandle) -> None:
        handles.append(handle)
        ready.set()

    asked = settings(port=0, **more)
    thread = threading.Thread(
        target=serve,
        args=(service,),
        kwargs={"settings": asked, "store_dir": store_dir, "on_ready": on_ready},
    )
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield handles[0]
    finally:
        if handles:
            handles[0].stop()
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
