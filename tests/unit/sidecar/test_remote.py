"""HttpTransport against a server of the test that answers whatever it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diorama.errors import UsageError
from diorama.journal.codec import decode_batch
from diorama.journal.entry import Batch, Log, Numbered
from diorama.media import FileRecord, TableRecord
from diorama.media.core.base import MANIFEST_MIME
from diorama.media.core.extent import Extent
from diorama.model import BlobRef, RunKey
from diorama.sidecar import remote
from diorama.sidecar.remote import HttpTransport
from diorama.sidecar.transport import BlobsGone, Broken, Refused, Unavailable


class FakeServer:
    """A correct server, but for `answers`: (method, path prefix) -> (status, body, headers)."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], tuple[int, bytes, dict[str, str]]] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.batches: list[Batch] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, data, headers = fake.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_PUT = do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        self.requests.append((method, path, headers))
        for (wanted, prefix), answer in self.answers.items():
            if method == wanted and path.startswith(prefix):
                return answer
        if method == "PUT":
            name = path.rpartition("/")[2]
            self.blobs[name] = body
            reply: dict[str, Any] = {"sha256": name, "size_bytes": len(body), "mime": headers["Content-Type"]}
            return 201, json.dumps(reply).encode(), {}
        if path.endswith("/missing"):
            asked = json.loads(body)["sha256"]
            return (
                200,
                json.dumps({"sha256": [name for name in asked if name not in self.blobs]}).encode(),
                {},
            )
        batch = decode_batch(body)
        self.batches.append(batch)
        return 200, json.dumps({"acked_seq": batch.entries[-1].seq if batch.entries else 0}).encode(), {}

    def say(self, status: int, message: str = "no", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        problem = {"code": "x", "message": message, "hint": "h"}
        return (
            status,
            json.dumps(problem).encode(),
            {name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(remote, "QUICK_RETRY_SECS", ())
    monkeypatch.setenv("NO_PROXY", "*")
    fake = FakeServer()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    fake.thread.join()


@pytest.fixture
def transport(server: FakeServer) -> Iterator[HttpTransport]:
    transport = HttpTransport(server.url, "the-key")
    yield transport
    transport.close()


def batch_of(*values: Any) -> Batch:
    entries = [
        Numbered(number, Log(number, number, 0.0, {"v": value})) for number, value in enumerate(values, 1)
    ]
    return Batch(("e", "p", "r"), "w", entries)


def file_of(blob: BlobRef) -> FileRecord:
    return FileRecord(blob=blob, name="f")


def test_blobs_go_first_and_once(server: FakeServer, transport: HttpTransport) -> None:
    blob = transport.put_blob(b"bytes", "text/plain")
    assert blob.sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert transport.ingest(batch_of(file_of(blob))) == 1
    assert server.blobs == {blob.sha256: b"bytes"}
    assert [method for method, _, _ in server.requests] == ["POST", "PUT", "POST"]
    assert server.batches[0].entries[0].entry.data["v"] == file_of(blob)  # type: ignore[union-attr]
    transport.put_blob(b"bytes", "text/plain")
    transport.ingest(batch_of(file_of(blob)))
    assert [method for method, _, _ in server.requests][3:] == ["POST"], "known bytes are not asked about"
    assert all(headers["Authorization"] == "Bearer the-key" for _, _, headers in server.requests)


def test_bytes_that_the_server_has_are_not_sent(server: FakeServer, transport: HttpTransport) -> None:
    blob = transport.put_blob(b"bytes", "text/plain")
    server.blobs[blob.sha256] = b"bytes"
    transport.ingest(batch_of(file_of(blob)))
    assert "PUT" not in [method for method, _, _ in server.requests]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 408, 429])
def test_not_now(server: FakeServer, transport: HttpTransport, status: int) -> None:
    server.answers["POST", "/api/ingest"] = server.say(status, Retry_After="7")
    with pytest.raises(Unavailable) as caught:
        transport.ingest(batch_of(1))
    assert caught.value.wait_secs == 7
    assert not caught.value.needs_mending


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_somebody_must_mend_it(server: FakeServer, transport: HttpTransport, status: int) -> None:
    server.answers["POST", "/api/ingest"] = server.say(status)
    with pytest.raises(Unavailable) as caught:
        transport.ingest(batch_of(1))
    assert caught.value.needs_mending
    assert caught.value.hint


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_never_this_batch(server: FakeServer, transport: HttpTransport, status: int) -> None:
    server.answers["POST", "/api/ingest"] = server.say(status, "such a value")
    with pytest.raises(Refused, match="such a value"):
        transport.ingest(batch_of(1))


def test_a_refusal_by_somebody_else_is_not_the_stores_word(
    server: FakeServer, transport: HttpTransport
) -> None:
    server.answers["POST", "/api/ingest"] = (413, b"<html>nginx</html>", {})
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(1))


@pytest.mark.parametrize("body", [b"", b"<html>log in</html>", b"{}", b"[1]", b'{"acked_seq": "x"}'])
def test_a_200_that_is_not_ours_is_no_acknowledgement(
    server: FakeServer, transport: HttpTransport, body: bytes
) -> None:
    server.answers["POST", "/api/ingest"] = (200, body, {})
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(1))


def test_a_200_for_a_blob_that_is_not_ours_stores_nothing(
    server: FakeServer, transport: HttpTransport
) -> None:
    blob = transport.put_blob(b"bytes", "text/plain")
    server.answers["PUT", "/api/blobs/"] = (200, b"<html>log in</html>", {})
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(file_of(blob)))
    del server.answers["PUT", "/api/blobs/"]
    transport.ingest(batch_of(file_of(blob)))
    assert server.blobs == {blob.sha256: b"bytes"}


def test_an_acknowledgement_of_less_than_was_sent(server: FakeServer, transport: HttpTransport) -> None:
    server.answers["POST", "/api/ingest"] = (200, b'{"acked_seq": 1}', {})
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(1, 2))


def test_the_key_follows_no_redirect(server: FakeServer, transport: HttpTransport) -> None:
    other = FakeServer()
    try:
        server.answers["POST", "/api/ingest"] = (307, b"", {"Location": f"{other.url}/api/ingest"})
        with pytest.raises(Unavailable, match="redirects") as caught:
            transport.ingest(batch_of(1))
        assert caught.value.needs_mending
        assert other.requests == []
    finally:
        other.server.shutdown()
        other.server.server_close()
        other.thread.join()


def test_bytes_damaged_on_the_way_are_sent_again(server: FakeServer, transport: HttpTransport) -> None:
    blob = transport.put_blob(b"bytes", "text/plain")
    server.answers["PUT", "/api/blobs/"] = server.say(422, "other bytes")
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(file_of(blob)))
    del server.answers["PUT", "/api/blobs/"]
    assert transport.ingest(batch_of(file_of(blob))) == 1


def test_a_refused_blob_refuses_only_the_entries_that_name_it(
    server: FakeServer, transport: HttpTransport
) -> None:
    large = transport.put_blob(b"large", "text/plain")
    server.answers["PUT", f"/api/blobs/{large.sha256}"] = server.say(413, "too large")
    with pytest.raises(Refused, match="too large"):
        transport.ingest(batch_of(1, file_of(large)))
    fine = transport.put_blob(b"fine", "text/plain")
    assert transport.ingest(batch_of(1, file_of(fine))) == 2
    with pytest.raises(Refused, match="too large"):
        transport.ingest(batch_of(file_of(large)))


def test_blobs_that_the_server_has_lost(server: FakeServer, transport: HttpTransport) -> None:
    blob = transport.put_blob(b"bytes", "text/plain")
    transport.ingest(batch_of(file_of(blob)))
    server.blobs.clear()
    server.answers["POST", "/api/ingest"] = server.say(409, "named but not stored")
    with pytest.raises(BlobsGone):
        transport.ingest(batch_of(file_of(blob)))
    del server.answers["POST", "/api/ingest"]
    transport.put_blob(b"bytes", "text/plain")
    transport.ingest(batch_of(file_of(blob)))
    assert server.blobs == {blob.sha256: b"bytes"}


def test_nobody_is_there(transport: HttpTransport, server: FakeServer) -> None:
    nobody = HttpTransport("http://127.0.0.1:9", "the-key")
    with pytest.raises(Unavailable, match="does not answer"):
        nobody.ingest(batch_of(1))
    nobody.close()


def test_the_url_must_be_one() -> None:
    with pytest.raises(UsageError, match="http"):
        HttpTransport("ftp://example.org")


def test_blobs_that_a_manifest_lists_go_too(server: FakeServer, transport: HttpTransport) -> None:
    cells = [transport.put_blob(f"cell {number}".encode(), "image/png") for number in range(3)]
    transport.put_blob(b"of nobody", "image/png")
    listed = msgspec.msgpack.encode([[cell.sha256, cell.size_bytes, cell.mime] for cell in cells])
    manifest = transport.put_blob(listed, MANIFEST_MIME)
    rows = transport.put_blob(b"rows", "application/vnd.apache.parquet")
    record = TableRecord(blob=rows, columns=[], row_count=3, media=manifest)
    assert transport.ingest(batch_of(record)) == 1
    assert set(server.blobs) == {blob.sha256 for blob in (*cells, manifest, rows)}
    sent = [path.rpartition("/")[2] for method, path, _ in server.requests if method == "PUT"]
    assert sent[-1] == manifest.sha256, "when the list is there, all that it lists is there"


def test_many_bytes_are_sent_before_they_are_named(
    server: FakeServer, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STAGED_LIMIT_BYTES", 1000)
    for number in range(50):
        transport.put_blob(bytes([number]) * 100, "image/png")
        assert transport._staged_bytes <= 1100
    assert len(server.blobs) >= 40
    server.answers["PUT", "/api/blobs"] = server.say(503)
    for number in range(50, 50 + (1000 - transport._staged_bytes) // 100):
        transport.put_blob(bytes([number]) * 100, "image/png")
    with pytest.raises(Unavailable):
        transport.put_blob(b"x" * 100, "image/png")


def test_a_500_may_be_the_batch_or_the_moment(server: FakeServer, transport: HttpTransport) -> None:
    server.answers["POST", "/api/ingest"] = server.say(500)
    with pytest.raises(Broken):
        transport.ingest(batch_of(1))


@pytest.mark.parametrize("status", [200, 500])
def test_a_server_that_answers_without_end_fills_no_memory(
    server: FakeServer, transport: HttpTransport, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ANSWER_LIMIT_BYTES", 1 << 20)
    server.answers["POST", "/api/ingest"] = (status, bytes(20 << 20), {})
    with pytest.raises(Unavailable, match="more than"):
        transport.ingest(batch_of(1))


def test_large_blobs_are_sent_from_the_disk(
    server: FakeServer, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "QUICK_RETRY_SECS", (0.0,))
    content = bytes(range(256)) * 10_000
    pieces: list[int] = []
    read_at = remote._Staged.read_at

    def count(staged: remote._Staged, start: int, size_bytes: int) -> bytes:
        piece = read_at(staged, start, size_bytes)
        pieces.append(len(piece))
        return piece

    monkeypatch.setattr(remote._Staged, "read_at", count)
    source = bytearray(content)
    blob = transport.put_blob(memoryview(source), "video/mp4")
    source[:] = bytes(len(source))  # the file that it was mapped from is used again
    server.answers["PUT", "/api/blobs/"] = server.say(503)
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(file_of(blob)))
    del server.answers["PUT", "/api/blobs/"]
    assert transport.ingest(batch_of(file_of(blob))) == 1
    assert server.blobs == {blob.sha256: content}
    assert max(pieces) <= 1 << 20


def test_a_closed_file_is_sent_from_where_it_lies(
    server: FakeServer, transport: HttpTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "QUICK_RETRY_SECS", (0.0,))
    content = bytes(range(256)) * 10_000
    path = tmp_path / "slot.bin"
    path.write_bytes(content)
    with monkeypatch.context() as nowhere:
        nowhere.setattr("tempfile.TemporaryFile", None)
        blob = transport.put_blob(Extent(str(path), 0, len(content), is_closed=True), "video/mp4")
    path.unlink()
    server.answers["PUT", "/api/blobs/"] = server.say(503)
    with pytest.raises(Unavailable):
        transport.ingest(batch_of(file_of(blob)))
    del server.answers["PUT", "/api/blobs/"]
    assert transport.ingest(batch_of(file_of(blob))) == 1
    assert server.blobs == {blob.sha256: content}


def test_a_file_that_may_change_is_copied(
    server: FakeServer, transport: HttpTransport, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 10_000
    path = tmp_path / "slot.bin"
    path.write_bytes(b"before" + content)
    blob = transport.put_blob(Extent(str(path), 6, len(content)), "video/mp4")
    path.write_bytes(bytes(len(content)))
    assert transport.ingest(batch_of(file_of(blob))) == 1
    assert server.blobs == {blob.sha256: content}


@pytest.mark.parametrize("status", [413, 500])
def test_a_blob_that_the_server_does_not_take_is_no_fault_of_others(
    server: FakeServer, transport: HttpTransport, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STAGED_LIMIT_BYTES", 1000)
    bad = transport.put_blob(b"bad" * 300, "image/png")
    server.answers["PUT", f"/api/blobs/{bad.sha256}"] = server.say(status, "not this one")
    for number in range(50):
        fine = transport.put_blob(bytes([number]) * 100, "image/png")
        assert transport.ingest(batch_of(file_of(fine))) == 1
    with pytest.raises((Refused, Broken), match="not this one"):
        transport.ingest(batch_of(file_of(bad)))


def test_what_is_stored_of_a_run(server: FakeServer, transport: HttpTransport) -> None:
    past = {
        "name": "n",
        "notes": "",
        "tags": [],
        "group": None,
        "job_type": None,
        "config": {},
        "summary": {},
    }
    past |= {"aggregates": [], "session": "1", "last_step": None, "stored": {"w": 7}, "ends": {}}
    asked = ("GET", "/api/runs/e/a%20b/r/past")
    server.answers[asked] = (200, json.dumps(past).encode(), {})
    assert transport.stored(RunKey("e", "a b", "r")) == {"w": 7}
    server.answers[asked] = server.say(404, "there is no run e/a b/r")
    assert transport.stored(RunKey("e", "a b", "r")) == {}
    server.answers[asked] = (404, b"<html>", {})
    with pytest.raises(Unavailable, match="404"):
        transport.stored(RunKey("e", "a b", "r"))
    server.answers[asked] = server.say(503)
    with pytest.raises(Unavailable, match="503"):
        transport.stored(RunKey("e", "a b", "r"))
