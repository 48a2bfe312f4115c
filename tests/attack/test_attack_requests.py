"""T10-T18: requests that want to be expensive or confusing."""

from __future__ import annotations

import gzip
import math
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from owner import Service
from server_sample import KEY, T0, Client, Sample, ask_raw, batch, client_of, running_server, start, status_of

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Console, ConsoleLine, Entry, Finish, Log, System, Warn
from diorama.model import StoreDir
from diorama.server.run import ServerHandle
from diorama.server.settings import Limits
from diorama.server.wire import PatientProtocol

JSON = {"content-type": "application/json"}
MSGPACK = {"content-type": "application/msgpack"}
JSON_ROUTES = [
    "/api/series",
    "/api/tracks",
    "/api/media",
    "/api/histograms",
    "/api/blobs/missing",
    "/api/login",
]


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """No attack may cost much computing (most also check for a second; a batch may take longer)."""
    before = time.process_time()
    yield
    assert time.process_time() - before < 10


@pytest.mark.parametrize("route", JSON_ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000 + b"]" * 200_000,
        b'{"runs":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 200_000,
        b'{"runs":[' + b"[" * 63 + b"]" * 63 + b"]}",
    ],
    ids=["arrays", "inside", "objects", "open", "just below the cap"],
)
@pytest.mark.usefixtures("untouched")
def test_t10_deep_json_is_400(client: Client, route: str, body: bytes) -> None:
    before = time.process_time()
    assert client.post(route, content=body, headers=JSON).status_code == 400
    assert time.process_time() - before < 1


def test_t10_the_answer_names_the_limit(client: Client) -> None:
    reply = client.post("/api/series", content=b"[" * 70 + b"]" * 70, headers=JSON)
    assert "nesting > 64" in reply.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"runs":[1],"keys":["a"],"runs":[2]}',
        b'{"runs":[' + b"9" * 500_000 + b'],"keys":[]}',
        b'{"runs":[1],"keys":["a"],"x_min":1e999}',
        b'{"runs":[1],"keys":["a"],"x_min":NaN}',
        b'{"runs":[1],"keys":["a"],"x_min":-Infinity}',
        '{"runs":[1],"keys":["a"]}'.encode("utf-16"),
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"runs":[1],"keys":["a"]}',
        b'{"runs":[1],"keys":["a"',
        b'{"runs":[1],"keys":["a"]} trailing',
        b'{"runs":[1],"keys":["a"]}{}',
        b'{"runs":["1"],"keys":["a"]}',
        b'{"runs":[1.5],"keys":["a"]}',
        b'{"runs":[-1],"keys":["a"]}',
        b'{"runs":[99999999999999999999],"keys":["a"]}',
        b'{"runs":[1],"keys":["a"],"buckets":-1}',
        b'{"runs":[1],"keys":["a"],"buckets":1000000000}',
        b'{"runs":[1],"keys":["a"],"__proto__":{}}',
        b"",
    ],
    ids=lambda body: ascii(body[:40]),
)
@pytest.mark.usefixtures("untouched")
def test_t11_strange_json_is_400(client: Client, body: bytes) -> None:
    assert client.post("/api/series", content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize("route", JSON_ROUTES)
@pytest.mark.usefixtures("untouched")
def test_t11_too_much_json_is_413(client: Client, route: str) -> None:
    limit = Limits.json_bytes
    reply = client.post(route, content=b'{"keys":["' + b"a" * limit + b'"]}', headers=JSON)
    assert reply.status_code == 413
    assert str(limit) in reply.json()["message"]


@pytest.mark.usefixtures("untouched")
def test_t11_a_million_names_in_one_object(client: Client) -> None:
    body = b"{" + b",".join(b'"%d":0' % i for i in range(150_000)) + b"}"
    assert len(body) < Limits.json_bytes
    assert client.post("/api/series", content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b" " * 100_000_000, 1)),
        ("gzip", gzip.compress(gzip.compress(b" " * 10_000_000))),
        ("gzip", gzip.compress(b'{"runs":[1],"keys":["a"]}')[:-4]),
        ("gzip", gzip.compress(b'{"runs":[1],"keys":["a"]}')[:-8] + b"\0" * 8),
        ("gzip", gzip.compress(b'{"runs":[1],"keys":["a"]}') + b"more"),
        ("gzip", b"not gzip"),
        ("gzip", b""),
        ("gzip", zlib.compress(b"{}")),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("deflate", zlib.compress(b"{}")),
        ("br", b"x"),
    ],
    ids=[
        "bomb",
        "nested",
        "cut",
        "wrong crc",
        "trailing",
        "none",
        "empty",
        "zlib",
        "twice",
        "zstd",
        "deflate",
        "br",
    ],
)
@pytest.mark.usefixtures("untouched")
def test_t12_packed_bodies(client: Client, encoding: str, body: bytes) -> None:
    reply = client.post("/api/series", content=body, headers={**JSON, "content-encoding": encoding})
    assert reply.status_code in {400, 413, 415}


@pytest.mark.usefixtures("untouched")
def test_t12_a_packed_batch_is_capped_too(service: Service, sample: Sample) -> None:
    small = client_of(service, limits=Limits(batch_bytes=1_000_000, blob_bytes=1_000_000))
    body = gzip.compress(b"\0" * 50_000_000, 1)
    headers = {**MSGPACK, "content-encoding": "gzip"}
    assert small.post("/api/ingest", content=body, headers=headers).status_code == 413
    assert small.put(f"/api/blobs/{'0' * 64}", content=body, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            f"POST /api/series HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n",
            {413},
        ),
        (
            "POST /api/series HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 5\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400},
        ),
        ("POST / HTTP/1.1\r\nHost: localhost:1\r\nTransfer-Encoding: chunked, identity\r\n\r\n", {400, 501}),
        ("POST / HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
        ("POST / HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: -1\r\n\r\n", {400}),
        ("GET / HTTP/1.1\r\nHost: localhost:1\r\n" + "X: y\r\n" * 100_000 + "\r\n", {0, 400, 431}),
        ("GET / HTTP/1.1\r\nHost: localhost:1\r\nX: " + "y" * 1_000_000 + "\r\n\r\n", {0, 400, 431}),
        ("GET / HTTP/1.1\r\nHost: localhost:1\r\nX: a\r\n b\r\n\r\n", {200, 400, 503}),
        ("GET / HTTP/1.1\r\nHost : localhost:1\r\n\r\n", {400}),
        ("GET /" + "a" * 1_000_000 + " HTTP/1.1\r\nHost: localhost:1\r\n\r\n", {0, 400, 414, 431}),
        ("GET / HTTP/9.9\r\nHost: localhost:1\r\n\r\n", {200, 400, 503, 505}),
        ("\0\0\0\0\r\n\r\n", {400}),
        ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", {400}),
        ("BREW / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", {400, 404, 405}),
        (
            "GET /api/live HTTP/1.1\r\nHost: localhost:1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            {400, 401},
        ),
    ],
    ids=[
        "10^12 promised", "CL and TE", "TE identity", "two lengths", "negative length",
        "10^5 headers", "1 MB header", "folded", "space before colon", "1 MB target", "HTTP/9.9", "zeros",
        "TLS hello", "BREW",
        "websocket",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("untouched")
def test_t13_malformed_http(server: ServerHandle, request_text: str, expected: set[int]) -> None:
    try:
        reply = ask_raw(server.url, request_text.encode("latin-1"))
    except (ConnectionResetError, BrokenPipeError):
        reply = b""  # hung up while we were still talking: as good as 431
    assert status_of(reply) in expected
    assert status_of(ask_raw(server.url, b"GET /healthz HTTP/1.1\r\nHost: localhost:1\r\n\r\n")) == 200


@pytest.mark.usefixtures("untouched")
def test_t13_what_follows_a_request_without_an_end_is_not_read(
    server: ServerHandle, caplog: pytest.LogCaptureFixture
) -> None:
    """With two lengths, nobody can say which bytes are the next request."""
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost:1\r\n"
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
    assert status_of(reply) == 400
    assert b"connection: close" in reply.lower()
    assert "Fatal error" not in caplog.text


@pytest.mark.usefixtures("untouched")
def test_t13_a_head_that_does_not_come_is_not_waited_for(
    server: ServerHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "header_secs", 0.5)
    host, port = server.url.removeprefix("http://").split(":")
    before = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as silent:
        assert silent.recv(100) == b""
    assert time.monotonic() - before < 5
    with socket.create_connection((host, int(port)), timeout=10) as dripping:
        dripping.settimeout(0.1)
        closed_at = None
        for byte in b"GET / HTTP/1.1\r\nHost: localhost:1\r\nX-Slow: " + b"a" * 200:
            try:
                dripping.sendall(bytes([byte]))
                if dripping.recv(100) == b"":
                    closed_at = time.monotonic()
                    break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                closed_at = time.monotonic()
                break
        assert closed_at is not None, "drips keep the connection open for ever"


@pytest.mark.usefixtures("untouched")
def test_t13_a_stalled_body_is_408_and_others_are_served(
    service: Service, sample: Sample, tmp_path: Path
) -> None:
    aside = StoreDir(tmp_path)
    with running_server(service, aside, limits=Limits(body_idle_secs=0.5)) as patient:
        host, port = patient.url.removeprefix("http://").split(":")
        head = (
            f"POST /api/series HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        ).encode()
        stalled = [socket.create_connection((host, int(port)), timeout=10) for _ in range(100)]
        for connection in stalled:
            connection.sendall(head + b"{" * 99)
        before = time.monotonic()
        healthy = ask_raw(
            patient.url, b"GET /healthz HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"
        )
        assert status_of(healthy) == 200
        assert time.monotonic() - before < 5
        assert all(status_of(connection.recv(4096)) == 408 for connection in stalled)
        for connection in stalled:
            connection.close()


def test_t14_many_metric_names_in_one_request(client: Client) -> None:
    data = {f"m{i}": float(i) for i in range(10_000)}
    body = encode_batch(batch(start("t14", project="t14"), Log(0, 0, T0, data)))
    assert client.post("/api/ingest", content=body, headers=MSGPACK).status_code in {200, 413}


@pytest.mark.parametrize(
    "query",
    [
        "(a+)+$",
        "a" * 5000 + "!",
        "%" * 1000,
        "loss ~ " + "%" * 1000,
        "name;select 1",
        "lr = 1 or 1=1",
        "-" * 10_000 + "x",
        "lr >",
        "= 1",
        "tag:",
        "state:nonsense",
        "'; drop table runs; --",
        "lr < nan",
        "lr < 1e999",
        "\\",
        '"unclosed',
        "config." * 1000 + "x = 1",
    ],
    ids=lambda query: ascii(query[:30]),
)
@pytest.mark.usefixtures("untouched")
def test_t15_hostile_filters(client: Client, query: str) -> None:
    before = time.process_time()
    reply = client.get("/api/projects/local/demo/runs", params={"q": query})
    assert reply.status_code in {200, 400}
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    "where",
    [
        {"config.a" + "'; drop table runs; --": 1},
        {"config.a": {"$regex": "(a+)+$"}},
        {"config.a": {"$regex": "(((((a{9}){9}){9}){9}){9}){9}"}},
        {"config.a": {"$in": ["x" * 100] * 5000}},
        {"$or": [{f"config.{number}": number} for number in range(200)]},
        {"$or": [{"config.a": 1}] * 20_000},
        {"config." + "a." * 5000: {"a": {"b": 1}}},
        {"config.a": {"_number": "9" * 100_000}},
        {"config.a": {"_number": "x"}},
        {"config.a": [[[[{"a": 1}]]]]},
        {"config.a": {f"{number}": number for number in range(190)}},
        {"created_at": {"$gt": "9999-12-31T23:59:59-23:59"}},
        {"tags": {"$in": [", ", '"', "\\u0000", "\\"]}},
        {"kind": "image"},
        {"summary.a": {"kind": "image", "blob": 1}},
        {"last_step": 2**53, "exit_code": 1e308},
        {"": 1},
        {"$": 1},
    ],
    ids=lambda where: ascii(where)[:30],
)
@pytest.mark.usefixtures("untouched")
def test_t15_hostile_filters_of_scripts(client: Client, where: dict[str, object]) -> None:
    before = time.process_time()
    reply = client.post("/api/projects/local/demo/runs/find", json={"where": where})
    assert reply.status_code in {200, 400}
    assert time.process_time() - before < 3


@pytest.mark.parametrize(
    "sort", ["name;select 1", "name desc", "1", "(select 1)", "config." + "x" * 5000, "", "-", "--"]
)
@pytest.mark.usefixtures("untouched")
def test_t15_hostile_sorting(client: Client, sort: str) -> None:
    reply = client.get("/api/projects/local/demo/runs", params={"sort": sort})
    assert reply.status_code in {200, 400}


@pytest.mark.parametrize("path", ["/api/projects/local/demo/runs", "/api/runs/{uid}/console"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=1000000000",
        "limit=9223372036854775808",
        "limit=1e300",
        "limit=",
        "limit=abc",
        "limit=1&limit=2",
        "offset=-1",
        "offset=9223372036854775807",
        "offset=" + "9" * 5000,
        "unknown=1",
        "limit=%D9%A3",
        "limit=0x10",
    ],
)
@pytest.mark.usefixtures("untouched")
def test_t16_pages_out_of_range_are_400(client: Client, sample: Sample, path: str, query: str) -> None:
    # A console may be read from its end.
    expected = 200 if query == "offset=-1" and "console" in path else 400
    assert client.get(f"{path.format(uid=sample.uid)}?{query}").status_code == expected


@pytest.mark.parametrize("runs", ["", ",", "1,", "x", "1;2", "-1", "9" * 30, "1," * 20_000 + "1", "1.5", "٣"])
@pytest.mark.usefixtures("untouched")
def test_t16_lists_of_runs(client: Client, runs: str) -> None:
    reply = client.get(f"/api/keys?runs={runs}")
    assert reply.status_code == (200 if runs == "" else 400)


def test_t17_integer_like_keys_keep_their_values(service: Service, client: Client) -> None:
    keys = ["4294967295", "0", "10", "9", "-1", "__proto__", "toString"]
    service.ingest(batch(start("t17", project="t17"), Log(0, 0, T0, {key: i for i, key in enumerate(keys)})))
    uid = service.find_run("local", "t17", "t17").uid
    (row,) = list(service.scan_history(uid))
    assert {key: row[key] for key in keys} == {key: i for i, key in enumerate(keys)}


def test_t18_a_flood_of_wrong_keys_is_throttled(service: Service, sample: Sample) -> None:
    flooded = client_of(service)
    wrong = [
        flooded.get("/api/projects", headers={"authorization": f"Bearer wrong{i}"}).status_code
        for i in range(40)
    ]
    assert wrong[:20] == [401] * 20
    assert set(wrong[20:]) == {429}
    refused = flooded.get("/api/projects", headers={"authorization": "Bearer x"})
    assert int(refused.headers["retry-after"]) > 0
    assert flooded.get("/api/projects").status_code == 200, "the right key must still pass"


@pytest.mark.parametrize("time_", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("field", ["time", "pid_started", "entries", "lines"])
@pytest.mark.usefixtures("untouched")
def test_times_that_are_none_are_400_and_the_field_is_named(
    client: Client, server: ServerHandle, field: str, time_: float
) -> None:
    entries: dict[str, list[Entry]] = {
        "time": [System(time_, {"cpu": 1.0})],
        "entries": [Log(0, 0, time_, {"a": 1.0}), Finish(time_, 0, "finished"), Warn(time_, "a", "b")],
        "lines": [Console([ConsoleLine(1, T0, "stdout", "x"), ConsoleLine(2, time_, "stdout", "x")])],
    }
    head = start("no-time", project="times")
    if field == "pid_started":
        head.pid_started = time_
    for entry in entries.get(field, [Log(0, 0, T0, {})]):
        reply = client.post("/api/ingest", content=encode_batch(batch(head, entry)), headers=MSGPACK)
        assert reply.status_code == 400
        named = {"lines": "entries[1].lines[1].time", "pid_started": "entries[0].pid_started"}
        assert named.get(field, "entries[1].time") in reply.json()["message"]


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -(2**63)])
@pytest.mark.usefixtures("untouched")
def test_counts_beyond_a_database_are_400_and_the_field_is_named(client: Client, number: int) -> None:
    for field, entry in {
        "step": Log(number, 0, T0, {"a": 1.0}),
        "row": Log(0, number, T0, {"a": 1.0}),
        "exit_code": Finish(T0, number, "failed"),
        "count": Warn(T0, "a", "b", number),
        "lines[0].number": Console([ConsoleLine(number, T0, "stdout", "x")]),
    }.items():
        logged = batch(start("no-count", project="times"), entry)
        reply = client.post("/api/ingest", content=encode_batch(logged), headers=MSGPACK)
        assert reply.status_code == 400
        assert f"entries[1].{field}" in reply.json()["message"]


def test_one_connection_hears_of_a_bad_batch_and_goes_on(server: ServerHandle) -> None:
    """A refusal is an answer: the next request on the connection is answered too."""
    bad = encode_batch(batch(start("no-time", project="times"), Log(0, 0, math.nan, {"a": 1.0})))
    headers = MSGPACK | {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.url) as connection:
        for _ in range(3):
            assert connection.post("/api/ingest", content=bad, headers=headers).status_code == 400
            assert connection.get("/healthz").status_code == 200
