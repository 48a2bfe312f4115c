"""Every route, asked as the UI and the SDK ask."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from typing import Any

import msgspec
import pytest
from owner import Service
from server_sample import (
    HTML,
    KEY,
    PICTURE,
    PICTURE_SHA256,
    T0,
    Client,
    Sample,
    batch,
    client_of,
    start,
)

from diorama.journal.codec import encode_batch
from diorama.journal.entry import Log
from diorama.server.auth import mint_token


def columns(body: bytes) -> tuple[dict[str, Any], Any]:
    """The head of a column body, and a function from (offset, count) to numbers."""
    (length,) = struct.unpack_from("<I", body)
    assert (4 + length) % 8 == 0

    def column(place: tuple[int, int]) -> tuple[float, ...]:
        return struct.unpack_from(f"<{place[1]}d", body, 4 + length + place[0])

    return json.loads(body[4 : 4 + length]), column


def test_health_needs_no_key(service: Service) -> None:
    reply = client_of(service, key=None).get("/healthz")
    assert reply.status_code == 200
    assert reply.json()["status"] == "ok"


def test_session_says_who_is_logged_in(service: Service, client: Client) -> None:
    assert client.get("/api/session").json()["is_authenticated"] is True
    assert client_of(service, key=None).get("/api/session").json()["is_authenticated"] is False


def test_login_gives_a_session(service: Service, sample: Sample) -> None:
    client = client_of(service, key=None)
    assert client.get("/api/projects").status_code == 401
    headers = {"x-diorama": "1"}
    assert client.post("/api/login", json={"key": "wrong"}, headers=headers).status_code == 401
    assert client.post("/api/login", json={"key": KEY}, headers=headers).status_code == 200
    assert client.get("/api/projects").status_code == 200
    assert client.patch(f"/api/runs/{sample.uid}", json={"notes": "a note"}).status_code == 403
    patched = client.patch(f"/api/runs/{sample.uid}", json={"notes": "a note"}, headers=headers)
    assert patched.status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/", "/local/demo", "/local/demo/runs/first/logs"])
def test_a_one_time_token_becomes_a_session(service: Service, sample: Sample, page: str) -> None:
    client = client_of(service, key=None)
    token = mint_token(KEY)
    reply = client.get(f"{page}?a=1&token={token}&b=%2F")
    assert reply.status_code == 303
    assert reply.headers["location"] == f"{page}?a=1&b=%2F"
    assert client.get("/api/projects").status_code == 200
    again = client_of(service, key=None)
    again.get(f"{page}?token={token}")
    assert client.get("/api/projects").status_code == 200


def test_projects_and_runs(client: Client, sample: Sample) -> None:
    projects = client.get("/api/projects").json()["projects"]
    # The tests of every endpoint, which may have run before, made the other one.
    found = [(one["entity"], one["name"]) for one in projects if one["name"] != "examples"]
    assert found == [("local", "demo")]
    runs = client.get("/api/projects/local/demo/runs").json()
    assert [run["id"] for run in runs["runs"]] == ["first"]
    assert runs["runs"][0]["config"] == {"lr": 0.01, "nested": {"depth": 3}}
    nothing = client.get("/api/projects/local/demo/runs", params={"q": "lr > 1"}).json()
    assert (nothing["runs"], nothing["matched"], nothing["total"]) == ([], 0, 1)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"config.lr": {"$lt": 0.1}, "state": {"$in": ["running", "finished", "failed"]}}, 1),
        ({"config.nested.depth.value": {"$not": {"$gte": 3}}}, 0),
        ({"config.lr": {"_number": "Infinity"}}, 0),
        ({}, 1),
    ],
)
@pytest.mark.usefixtures("sample")
def test_runs_are_found_by_a_filter(client: Client, where: dict[str, Any], count: int) -> None:
    found = client.post("/api/projects/local/demo/runs/find", json={"where": where, "limit": 5})
    assert found.status_code == 200
    assert (len(found.json()["runs"]), found.json()["matched"], found.json()["total"]) == (count, count, 1)


@pytest.mark.usefixtures("sample")
def test_a_filter_that_can_not_be_is_a_400_that_says_what_there_is(client: Client) -> None:
    for where, name, hint in [
        ({"nonsense": 1}, "nonsense", "display_name"),
        ({"config.lr": {"$where": "1"}}, "$where", "$exists"),
    ]:
        reply = client.post("/api/projects/local/demo/runs/find", json={"where": where})
        assert reply.status_code == 400
        assert name in reply.json()["message"]
        assert hint in reply.json()["hint"]


def test_a_run_by_number_and_by_name(client: Client, sample: Sample) -> None:
    by_number = client.get(f"/api/runs/{sample.uid}").json()
    assert by_number["run"]["name"] == "First run"
    assert client.get("/api/runs/local/demo/first").json() == by_number


def test_editing_a_run(client: Client, sample: Sample) -> None:
    reply = client.patch(f"/api/runs/{sample.uid}", json={"name": "Renamed", "tags": ["a", "b"]})
    assert reply.status_code == 200
    assert (reply.json()["name"], reply.json()["tags"]) == ("Renamed", ["a", "b"])
    assert client.patch(f"/api/runs/{sample.uid}", json={"name": "First run"}).json()["notes"] == "a note"


def test_keys(client: Client, sample: Sample) -> None:
    keys = client.get("/api/keys", params={"runs": str(sample.uid)}).json()["keys"]
    kinds = {key["key"]: key["kind"] for key in keys}
    assert kinds["loss"] == "metric"
    assert kinds["picture"] == "image"
    assert kinds["spread"] == "histogram"
    assert kinds["note"] == "value"


def test_series_are_columns(client: Client, sample: Sample) -> None:
    reply = client.post("/api/series", json={"runs": [sample.uid], "keys": ["loss"]})
    assert reply.headers["content-type"] == "application/x-diorama-columns"
    head, column = columns(reply.content)
    (series,) = head["series"]
    assert (series["run"], series["key"], series["total"], series["is_exact"]) == (
        sample.uid,
        "loss",
        20,
        True,
    )
    assert column(series["columns"]["x"]) == tuple(range(20))
    values = column(series["columns"]["last"])
    assert math.isnan(values[7])
    assert values[3] == 0.25


def test_tracks_say_where_media_is(client: Client, sample: Sample) -> None:
    reply = client.post("/api/tracks", json={"runs": [sample.uid], "keys": ["picture"]})
    head, column = columns(reply.content)
    assert column(head["tracks"][0]["columns"]["steps"]) == (0, 5, 10, 15)


def test_media_at_steps(client: Client, sample: Sample) -> None:
    wanted = [{"run": sample.uid, "key": "picture", "step": step} for step in (5, 6)]
    there, missing = client.post("/api/media", json={"wanted": wanted}).json()["cells"]
    assert there["state"] == "ok"
    assert there["items"][0]["kind"] == "image"
    assert there["items"][0]["blob"]["sha256"] == PICTURE_SHA256
    assert missing["state"] == "missing"


def test_histograms(client: Client, sample: Sample) -> None:
    reply = client.post("/api/histograms", json={"run": sample.uid, "key": "spread"}).json()
    assert reply["steps"] == [0, 5, 10, 15]
    assert reply["values"][1] == [5.0, 2.0]


def test_console(client: Client, sample: Sample) -> None:
    page = client.get(f"/api/runs/{sample.uid}/console").json()
    assert [line["text"] for line in page["lines"]] == ["hello", "world"]
    last = client.get(f"/api/runs/{sample.uid}/console", params={"offset": -1}).json()
    assert [line["text"] for line in last["lines"]] == ["world"]
    found = client.get(f"/api/runs/{sample.uid}/console", params={"q": "wor"}).json()
    assert [line["stream"] for line in found["lines"]] == ["stderr"]


def test_files_are_downloads(client: Client, sample: Sample) -> None:
    (file,) = client.get(f"/api/runs/{sample.uid}/files").json()["files"]
    assert (file["name"], file["size_bytes"]) == ("report.html", len(HTML))
    reply = client.get(f"/api/runs/{sample.uid}/files/report.html")
    assert reply.content == HTML
    assert reply.headers["content-type"] == "application/octet-stream"
    assert "report.html" in reply.headers["content-disposition"]


def test_history_is_exact(client: Client, sample: Sample) -> None:
    reply = client.get(f"/api/runs/{sample.uid}/history")
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert [row["_step"] for row in rows] == list(range(20))
    assert rows[7]["loss"] == {"_number": "NaN"}
    assert rows[5]["picture"]["kind"] == "image"
    some = client.get(f"/api/runs/{sample.uid}/history?keys=picture&min_step=5&max_step=10")
    assert [json.loads(line)["_step"] for line in some.text.splitlines()] == [5, 10]


def test_a_blob_is_cached_for_ever(client: Client, sample: Sample) -> None:
    reply = client.get(f"/api/blobs/{PICTURE_SHA256}")
    assert reply.content == PICTURE
    assert reply.headers["content-type"] == "image/png"
    assert "immutable" in reply.headers["cache-control"]
    etag = reply.headers["etag"]
    unchanged = client.get(f"/api/blobs/{PICTURE_SHA256}", headers={"if-none-match": f'"x", W/{etag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_ranges_of_a_blob(client: Client, sample: Sample) -> None:
    def ask(header: str) -> tuple[int, bytes, str | None]:
        reply = client.get(f"/api/blobs/{PICTURE_SHA256}", headers={"range": header})
        return reply.status_code, reply.content, reply.headers.get("content-range")

    size = len(PICTURE)
    assert ask("bytes=1-3") == (206, b"PNG", f"bytes 1-3/{size}")
    assert ask("bytes=-4") == (206, PICTURE[-4:], f"bytes {size - 4}-{size - 1}/{size}")
    assert ask("bytes=0-1,4-5") == (200, PICTURE, None)
    status, body, content_range = ask(f"bytes={size}-")
    assert (status, content_range) == (416, f"bytes */{size}")
    assert json.loads(body)["code"]
    stale = client.get(
        f"/api/blobs/{PICTURE_SHA256}", headers={"range": "bytes=1-3", "if-range": '"another"'}
    )
    assert stale.status_code == 200


def test_uploading_a_blob_and_logging_it(service: Service, client: Client) -> None:
    data = b"new bytes " * 300_000
    sha256 = hashlib.sha256(data).hexdigest()
    assert client.post("/api/blobs/missing", json={"sha256": [sha256, PICTURE_SHA256]}).json() == {
        "sha256": [sha256]
    }
    reply = client.put(f"/api/blobs/{sha256}", content=data, headers={"content-type": "audio/wav"})
    assert (reply.status_code, reply.json()) == (
        201,
        {"sha256": sha256, "size_bytes": len(data), "mime": "audio/wav"},
    )
    assert client.post("/api/blobs/missing", json={"sha256": [sha256]}).json() == {"sha256": []}
    assert service._blobs.get(sha256) == data


def test_ingest_is_idempotent(client: Client) -> None:
    body = encode_batch(batch(start("posted", project="posted"), Log(0, 0, T0, {"a": 1.5})))
    headers = {"content-type": "application/msgpack"}
    for _ in range(2):
        reply = client.post("/api/ingest", content=body, headers=headers)
        assert (reply.status_code, reply.json()) == (200, {"acked_seq": 2})
    uid = client.get("/api/runs/local/posted/posted").json()["run"]["uid"]
    rows = client.get(f"/api/runs/{uid}/history").text.splitlines()
    assert [json.loads(row)["a"] for row in rows] == [1.5]


def test_a_gzip_body_is_unpacked(client: Client, sample: Sample) -> None:
    import gzip

    body = gzip.compress(msgspec.json.encode({"runs": [sample.uid], "keys": ["loss"]}))
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert client.post("/api/series", content=body, headers=headers).status_code == 200


def test_the_description_is_served(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "/api/projects" in document["paths"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/runs/999999"),
        ("GET", "/api/runs/0"),
        ("GET", "/api/runs/x"),
        ("GET", "/api/runs/local/demo/nothing"),
        ("GET", "/api/runs/999999/console"),
        ("GET", "/api/runs/999999/files"),
        ("GET", "/api/runs/999999/history"),
        ("GET", "/api/projects/local/nothing/runs"),
        ("GET", f"/api/blobs/{'0' * 64}"),
        ("GET", "/api/nothing"),
        ("PATCH", "/api/runs/999999"),
    ],
)
def test_what_is_not_there_is_404(client: Client, method: str, path: str) -> None:
    reply = client.request(method, path, **({"json": {}} if method == "PATCH" else {}))
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(reply.json()) == {"code", "message", "hint"}


def test_a_wrong_method_is_405(client: Client) -> None:
    reply = client.post("/api/projects", json={})
    assert reply.status_code == 405
    assert reply.headers["allow"]
