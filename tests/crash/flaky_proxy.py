"""A server of the test that stands between a client and a Diorama server and misbehaves by dice."""

from __future__ import annotations

import random
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

FAULTS = (
    "reply lost",  # the server has done it, the answer never comes
    "cut",  # a part of the answer, then a reset
    "busy",  # 503
    "slow down",  # 429 with Retry-After
    "portal",  # 200 with somebody's HTML
    "empty",  # 200 with nothing
    "twice",  # the request reaches the server twice
    "damaged",  # a byte of the request is changed on the way
    "refused",  # the connection is closed before the request is passed on
)


class FlakyProxy:
    """Passes requests on to `target`; with probability `fault_rate` something goes wrong."""

    def __init__(self, target: str, *, seed: int, fault_rate: float = 0.2) -> None:
        self.happened: dict[str, int] = {}
        self.fault_rate = fault_rate
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(retries=False, maxsize=32)
        self._target = target
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.handle(self)

            do_PUT = do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._pool.clear()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self._lock:
            fault = self._rng.choice(FAULTS) if self._rng.random() < self.fault_rate else ""
            self.happened[fault] = self.happened.get(fault, 0) + 1
            where = self._rng.randrange(max(len(body), 1))
        if fault == "refused":
            return self._reset(request)
        if fault == "busy":
            return self._answer(request, 503, b"try later")
        if fault == "slow down":
            return self._answer(request, 429, b"", {"Retry-After": "0"})
        if fault == "portal":
            return self._answer(request, 200, b"<html>please log in</html>")
        if fault == "empty":
            return self._answer(request, 200, b"")
        if fault == "damaged" and body and "/blobs/" in request.path and request.command == "PUT":
            # Of requests with a checksum only: what TLS would do for the others is not ours to do.
            body = body[:where] + bytes([body[where] ^ 1]) + body[where + 1 :]
        status, headers, data = self._forward(request, body)
        if fault == "twice":
            status, headers, data = self._forward(request, body)
        if fault == "reply lost":
            return self._reset(request)
        if fault == "cut":
            request.wfile.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode())
            request.wfile.write(data[: len(data) // 2])
            return self._reset(request)
        return self._answer(request, status, data, headers)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        reply = self._pool.request(
            request.command, self._target + request.path, body=body, headers=headers, redirect=False
        )
        kept = {name: value for name, value in reply.headers.items() if name.lower() == "content-type"}
        return reply.status, kept, reply.data

    def _answer(
        self, request: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str] | None = None
    ) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _reset(self, request: BaseHTTPRequestHandler) -> None:
        request.wfile.flush()
        request.close_connection = True
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.shutdown(socket.SHUT_RDWR)
