"""A small store with one run of everything, and ways to ask a server about it."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import math
import socket
import struct
import sys
import threading
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
from owner import Service
from starlette.types import ASGIApp

from diorama.journal.codec import encode_batch
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
from diorama.media import FileRecord, HistogramRecord, ImageRecord, Table
from diorama.media.plugin.catalog import DescribedKind, DescribedPlugin
from diorama.media.table.codec import encode as encode_table
from diorama.model import StoreDir
from diorama.server.app import create_app
from diorama.server.run import ServerHandle, serve
from diorama.server.settings import Limits, ServerSettings

KEY = "k" * 64
BASE_URL = "http://localhost:7117"
T0 = 1_700_000_000.0
HTML = b"<!doctype html><script>window.__xss = 1</script>"
HTML_SHA256 = hashlib.sha256(HTML).hexdigest()


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
    words = Table(columns=["word", "length"], data=[["one", 3], ["three", 5], ["seven", 5]])
    table = encode_table(words.snapshot(), service.put_blob)
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
            data["words"] = table
        entries.append(Log(step, step, T0 + step, data))
    entries.append(Finish(T0 + 30, 0, "finished"))
    service.ingest(batch(start("first", name="First run"), *entries))
    return Sample(service.find_run("local", "demo", "first").uid, picture)


VIEW = "export function mount() {}"
VIEW_SHA256 = hashlib.sha256(VIEW.encode()).hexdigest()
PLUGINS = [DescribedPlugin("waves", "waves", "1.0", "", (DescribedKind("wave", "wave", VIEW, VIEW_SHA256),))]
"""What a server says that has one plugin."""


def examples(sample: Sample) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """A good request for every endpoint, by its name: method, path, and arguments for httpx."""
    uid = sample.uid
    upload = b"uploaded by an example"
    logged = batch(start("example", project="examples"), Log(0, 0, T0, {"a": 1.0}))
    return {
        "health": ("GET", "/healthz", {}),
        "session": ("GET", "/api/session", {}),
        "login": ("POST", "/api/login", {"json": {"key": KEY}}),
        "live": ("GET", "/api/live?project=local/demo", {}),
        "description": ("GET", "/api/openapi.json", {}),
        "projects": ("GET", "/api/projects", {}),
        "runs": ("GET", "/api/projects/local/demo/runs?q=loss<1&sort=-created_at&limit=5&offset=0", {}),
        "find_runs": (
            "POST",
            "/api/projects/local/demo/runs/find",
            {"json": {"where": {"config.lr": {"$lt": 1}}, "sort": "-created_at", "limit": 5}},
        ),
        "run": ("GET", f"/api/runs/{uid}", {}),
        "edit_run": ("PATCH", f"/api/runs/{uid}", {"json": {"notes": "a note"}}),
        "find_run": ("GET", "/api/runs/local/demo/first", {}),
        "past_run": ("GET", "/api/runs/local/demo/first/past", {}),
        "console": ("GET", f"/api/runs/{uid}/console?offset=0&limit=10&q=hello", {}),
        "files": ("GET", f"/api/runs/{uid}/files", {}),
        "file": ("GET", f"/api/runs/{uid}/files/report.html", {}),
        "history": ("GET", f"/api/runs/{uid}/history?keys=loss&min_step=0&max_step=9", {}),
        "keys": ("GET", f"/api/keys?runs={uid}", {}),
        "series": ("POST", "/api/series", {"json": {"runs": [uid], "keys": ["loss"]}}),
        "tracks": ("POST", "/api/tracks", {"json": {"runs": [uid], "keys": ["picture"]}}),
        "media": ("POST", "/api/media", {"json": {"wanted": [{"run": uid, "key": "picture", "step": 5}]}}),
        "histograms": ("POST", "/api/histograms", {"json": {"run": uid, "key": "spread"}}),
        "table_page": (
            "POST",
            "/api/tables/page",
            {"json": {"run": uid, "key": "words", "sort": [{"column": "length"}], "limit": 2}},
        ),
        "table_csv": ("GET", f"/api/tables/csv?run={uid}&key=words&name=words.csv", {}),
        "missing_blobs": ("POST", "/api/blobs/missing", {"json": {"sha256": [PICTURE_SHA256]}}),
        "blob": ("GET", f"/api/blobs/{PICTURE_SHA256}", {}),
        "content": ("GET", f"/api/content/{HTML_SHA256}?style=1&framed=1&outside=cdn.example.org", {}),
        "plugins": ("GET", "/api/plugins", {}),
        "plugin_view": ("GET", f"/api/plugins/views/{VIEW_SHA256}", {}),
        "put_blob": ("PUT", f"/api/blobs/{hashlib.sha256(upload).hexdigest()}", {"content": upload}),
        "ingest": (
            "POST",
            "/api/ingest",
            {"content": encode_batch(logged), "headers": {"content-type": "application/msgpack"}},
        ),
    }


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


def ask_raw(server_url: str, request: bytes, *, timeout_secs: float = 10.0) -> bytes:
    """What a server answers to these very bytes, until it closes or is silent for half a second."""
    host, port = server_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=timeout_secs) as connection:
        connection.sendall(request)
        reply = b""
        try:
            while piece := connection.recv(65536):
                reply += piece
                connection.settimeout(0.5)
        except (TimeoutError, ConnectionResetError):
            pass
        return reply


def status_of(reply: bytes) -> int:
    """The status code of a raw answer; 0 when the server just hung up."""
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/1.1 ") else 0


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
        daemon=True,
    )
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield handles[0]
    finally:
        if handles:
            handles[0].stop()
        thread.join(20)
        assert not thread.is_alive(), f"the server did not stop:\n{_stacks()}"


def _stacks() -> str:
    """What every thread and every asyncio task of this process is doing."""
    frames = list(sys._current_frames().values())
    told = ["".join(traceback.format_stack(frame)) for frame in frames]
    for task in [thing for thing in gc.get_objects() if isinstance(thing, asyncio.Task)]:
        told.append(f"{task!r}\n" + "".join(str(frame) + "\n" for frame in task.get_stack()))
    return "\n\n".join(told)
