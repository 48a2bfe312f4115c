"""The connection to a server, against one that answers whatever it is told to."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from stand_in import stand_in

from diorama.client import resume
from diorama.client.resume import PastRun, find_past_run
from diorama.errors import CommError, UsageError
from diorama.http import NoAnswer, ServerConnection
from diorama.model import RunKey, StoreDir


class FakeServer:
    """Gives `status`, `headers` and `data` for every request, and notes what it was asked."""

    def __init__(self) -> None:
        self.status, self.data = 200, b"hello"
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.clients: set[int] = set()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.asked.append((self.command, self.path, dict(self.headers), body))
                fake.clients.add(self.client_address[1])
                self.send_response(fake.status)
                for name, value in fake.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(fake.data)))
                self.end_headers()
                self.wfile.write(fake.data)

            do_PUT = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setenv("NO_PROXY", "*")
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def elsewhere() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


def test_a_question_and_its_answer_over_one_connection(server: FakeServer) -> None:
    with ServerConnection(server.url + "/base/", "the-key") as connection:
        answer = connection.request("GET", "/api/x", query={"a": "b c", "none": None})
        assert (answer.status, answer.data) == (200, b"hello")
        server.status = 404
        assert connection.request("GET", "/api/y").status == 404
        with connection.stream("GET", "/api/z") as (status, parts):
            assert (status, b"".join(parts)) == (404, b"hello")
        connection.request("GET", "/api/y")
    assert [path for _, path, _, _ in server.asked[:2]] == ["/base/api/x?a=b+c", "/base/api/y"]
    assert all(headers["Authorization"] == "Bearer the-key" for _, _, headers, _ in server.asked)
    assert len(server.clients) == 1


def test_a_body_may_be_bytes_or_a_file(server: FakeServer) -> None:
    with ServerConnection(server.url) as connection:
        connection.request("PUT", "/blob", body=memoryview(b"bytes"), mime="text/plain")
        connection.request("PUT", "/blob", body=io.BytesIO(b"of a file"), size_bytes=9)
    assert [body for _, _, _, body in server.asked] == [b"bytes", b"of a file"]
    assert server.asked[0][2]["Content-Type"] == "text/plain"
    assert "Authorization" not in server.asked[0][2]


def test_proxies_of_the_environment_are_used_or_not(
    server: FakeServer, elsewhere: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, elsewhere.url)
    with ServerConnection(server.url) as connection:
        assert connection.request("GET", "/a").status == 200
    assert (len(server.asked), len(elsewhere.asked)) == (0, 1)
    with ServerConnection(server.url, uses_proxies=False) as connection:
        assert connection.request("GET", "/a").status == 200
    assert (len(server.asked), len(elsewhere.asked)) == (1, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_follows_no_redirect(server: FakeServer, elsewhere: FakeServer, status: int) -> None:
    server.status, server.headers = status, {"Location": elsewhere.url + "/there"}
    with ServerConnection(server.url, "the-key") as connection:
        with pytest.raises(NoAnswer, match="redirects to") as caught:
            connection.request("GET", "/api/x", retries=3)
        assert caught.value.needs_mending
        with pytest.raises(NoAnswer, match="redirects to"), connection.stream("GET", "/api/x"):
            pass
    key = RunKey("e", "p", "r")
    with pytest.raises(CommError, match="redirects to"):
        find_past_run(
            key, StoreDir.from_environ(), journal_root=StoreDir.from_environ().journal, url=server.url,
            api_key="the-key",
        )  # fmt: skip
    assert elsewhere.asked == []
    assert len(server.asked) == 3


def past_run_on(url: str) -> PastRun | None:
    store = StoreDir.from_environ()
    return find_past_run(RunKey("e", "p", "r"), store, journal_root=store.journal, url=url, api_key=None)


def test_a_resumed_run_waits_for_a_server_that_is_being_restarted(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restart(_: float) -> None:
        if len(server.asked) == 3:
            server.status = 404

    server.status = 503
    monkeypatch.setattr(resume, "time", stand_in(time, sleep=restart))
    assert past_run_on(server.url) is None
    assert len(server.asked) == 4


def test_a_resumed_run_does_not_wait_for_a_server_for_ever(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "AGAIN_SECS", 0.2)
    monkeypatch.setattr(resume, "PAUSE_SECS", 0.01)
    server.status = 503
    with pytest.raises(CommError, match="answered 503"):
        past_run_on(server.url)
    assert len(server.asked) > 1
    with pytest.raises(CommError, match="does not answer"):
        past_run_on("http://127.0.0.1:9")


def test_an_endless_answer_does_not_fill_the_memory(server: FakeServer) -> None:
    server.data = bytes(1 << 20)
    with ServerConnection(server.url) as connection:
        with pytest.raises(NoAnswer, match="more than 1000 bytes"):
            connection.request("GET", "/api/x", limit_bytes=1000)
        server.data = b"short"
        assert connection.request("GET", "/api/x", limit_bytes=1000).data == b"short"


def test_nobody_there(server: FakeServer) -> None:
    server.stop()
    with ServerConnection(server.url) as connection, pytest.raises(NoAnswer, match="does not answer"):
        connection.request("GET", "/api/x")


@pytest.mark.parametrize("url", ["ftp://host", "host:80", "file:///etc/passwd"])
def test_only_http(url: str) -> None:
    with pytest.raises(UsageError, match="http"):
        ServerConnection(url)
