"""Finding the server of a store that runs already: what stands in its file is believed only if it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from owner import Service
from server_sample import KEY, running_server

from diorama.model import StoreDir
from diorama.server.api_session import Health
from diorama.server.auth import store_name
from diorama.server.run import RunningServer, find_running

OURS = msgspec.json.encode(Health("ok", "1", store_name(KEY)))


class Other:
    """Another program at the address in the file."""

    def __init__(self) -> None:
        self.status, self.data = 200, OURS
        self.headers: dict[str, str] = {}
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(other.status)
                for name, value in other.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(other.data)))
                self.end_headers()
                self.wfile.write(other.data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def other() -> Iterator[Other]:
    other = Other()
    yield other
    other.stop()


def store_with_server(folder: Path, url: str) -> StoreDir:
    store = StoreDir(folder / "named")
    store.root.mkdir()
    store.server_file.write_bytes(msgspec.json.encode(RunningServer(url, 1, time.time())))
    return store


def test_a_running_server_is_found_whatever_proxies_there_are(
    service: Service, store_dir: StoreDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with running_server(service, store_dir) as handle:
        found = find_running(store_dir, KEY)
        assert found is not None
        assert found.url == handle.url
        assert find_running(store_dir, "another key") is None
    assert find_running(store_dir, KEY) is None


def test_an_answer_that_is_ours_is_believed(tmp_path: Path, other: Other) -> None:
    assert find_running(store_with_server(tmp_path, other.url), KEY) is not None


@pytest.mark.parametrize(
    ("status", "data", "headers"),
    [
        (200, msgspec.json.encode(Health("ok", "1", "another")), {}),
        (200, b"<html>a page</html>", {}),
        (200, OURS + b" " * 5_000, {}),
        (404, OURS, {}),
        (500, OURS, {}),
        (302, OURS, {"Location": "/healthz"}),
    ],
    ids=["another store", "a page", "endless", "not there", "broken", "a redirect"],
)
def test_another_program_at_the_address(
    tmp_path: Path, other: Other, status: int, data: bytes, headers: dict[str, str]
) -> None:
    other.status, other.data, other.headers = status, data, headers
    assert find_running(store_with_server(tmp_path, other.url), KEY) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://127.0.0.1", "nonsense", "http://[::1", ""])
def test_an_address_where_nobody_is(tmp_path: Path, url: str) -> None:
    assert find_running(store_with_server(tmp_path, url), KEY) is None
