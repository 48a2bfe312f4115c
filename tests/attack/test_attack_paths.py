"""T1-T6, T9: names and paths that want to be files."""

from __future__ import annotations

import urllib.parse
from typing import Any

import pytest
from owner import Service
from server_sample import KEY, T0, Client, Sample, ask_raw, batch, start, status_of

from diorama.errors import BadRequest
from diorama.journal.codec import encode_batch
from diorama.journal.entry import File, Log
from diorama.media import FileRecord
from diorama.server.run import ServerHandle

MSGPACK = {"content-type": "application/msgpack"}

HOSTILE_NAMES = [
    "../../../../etc/passwd",
    "..\\..\\win.ini",
    "/etc/passwd",
    "C:\\x",
    "\\\\host\\share",
    "file:///etc/passwd",
    "....//....//etc/passwd",
    "..;/..;/etc/passwd",
    "CON",
    "NUL.txt",
    "aux",
    "trailing. ",
    "a\nb",
    "a\r\nSet-Cookie: x=1",
    "\u202egnp.exe",
    "\ufeffbom",
    "<img src=x onerror=alert(1)>",
    "__proto__",
    "é" * 255,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:40])
def test_t1_a_file_name_is_only_a_label(service: Service, server: ServerHandle, name: str) -> None:
    data = f"the bytes of {name!r}".encode()
    record = FileRecord(blob=service.put_blob(data, "text/plain"), name=name)
    try:
        service.ingest(batch(start(f"t1-{abs(hash(name))}", project="t1"), File(name, record)))
    except BadRequest:
        return
    uid = service.find_run("local", "t1", f"t1-{abs(hash(name))}").uid
    (listed,) = service.files(uid).files
    quoted = urllib.parse.quote(listed.name, safe="")
    reply = ask_raw(
        server.url,
        f"GET /api/runs/{uid}/files/{quoted} HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n"
        "Connection: close\r\n\r\n".encode(),
    )
    assert status_of(reply) == 200
    head, _, body = reply.partition(b"\r\n\r\n")
    assert body == data
    assert b"\nset-cookie" not in head.lower()
    assert b"attachment" in head


@pytest.mark.parametrize(
    "path",
    [
        "/api/blobs/..%2f..%2fetc%2fpasswd",
        "/api/blobs/%252e%252e%252fetc%252fpasswd",
        "/api/blobs/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
        "/api/blobs/%uff0e%uff0e/etc/passwd",
        "/api/blobs/..%00/etc/passwd",
        "/api/blobs/../../../../etc/passwd",
        "/static/..%5c..%5cetc%5cpasswd",
        "/assets/..%5c..%5cetc%5cpasswd",
        "//etc/passwd",
        "///etc/passwd",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "/assets/../../../../../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..;/..;/etc/passwd",
        "/....//....//etc/passwd",
        "/local/demo/../../etc/passwd",
        "/%2fetc%2fpasswd",
        "/etc/passwd%00.html",
        "/file:///etc/passwd",
        "http://evil.example/etc/passwd",
        "/%",
        "/%ff",
        "/\\..\\..\\etc",
        "*",
    ],
)
@pytest.mark.usefixtures("untouched")
def test_t2_no_form_of_a_path_reaches_the_disk(server: ServerHandle, path: str) -> None:
    reply = ask_raw(
        server.url,
        f"GET {path} HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n"
        "Connection: close\r\n\r\n".encode("latin-1"),
    )
    assert status_of(reply) in {200, 400, 404, 503}
    assert b"root:" not in reply
    if status_of(reply) in {200, 503}:
        # A page of the UI (or the note that there is none): the same bytes for every address.
        page = ask_raw(server.url, b"GET / HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n")
        assert reply.partition(b"\r\n\r\n")[2] == page.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "name", [".", "..", "CON", "NUL.txt", "a" * 256, "a" * 4096, "a" * 70_000, "é" * 255]
)
def test_t3_a_name_is_kept_exactly_or_refused(client: Client, sample: Sample, name: str) -> None:
    reply = client.patch(f"/api/runs/{sample.uid}", json={"name": name})
    if reply.status_code == 200:
        assert len(name.encode()) <= 1024
        assert client.get(f"/api/runs/{sample.uid}").json()["run"]["name"] == name
    else:
        assert reply.status_code == 400
    assert client.patch(f"/api/runs/{sample.uid}", json={"name": "First run"}).status_code == 200


@pytest.mark.parametrize("field", ["name", "notes"])
@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"'])
@pytest.mark.usefixtures("untouched")
def test_t4_nul_and_lone_surrogates_are_400(client: Client, sample: Sample, field: str, text: bytes) -> None:
    body = b'{"%b": %b}' % (field.encode(), text)
    reply = client.patch(
        f"/api/runs/{sample.uid}", content=body, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400


@pytest.mark.parametrize("part", ["a%00b", "%00", "a%0ab", "%ed%a0%80"])
@pytest.mark.usefixtures("untouched")
def test_t4_controls_in_an_address_are_never_an_error_of_ours(
    client: Client, sample: Sample, part: str
) -> None:
    for path in (
        f"/api/runs/local/demo/{part}",
        f"/api/projects/local/{part}/runs",
        f"/api/runs/{sample.uid}/files/{part}",
        f"/{part}/demo",
    ):
        assert client.get(path).status_code in {200, 400, 404}
    for query in (f"/api/projects/local/demo/runs?q={part}", f"/api/runs/{sample.uid}/console?q={part}"):
        assert client.get(query).status_code in {200, 400}


def test_t5_look_alike_keys_stay_apart(service: Service, client: Client) -> None:
    keys = ["\u00c5", "\u212b", "A\u030a", "README", "readme", "\ufb01le", "file"]
    service.ingest(batch(start("t5", project="t5"), Log(0, 0, T0, {key: i for i, key in enumerate(keys)})))
    uid = service.find_run("local", "t5", "t5").uid
    found = {
        one["key"]: one["runs"][0]["last_value"] for one in client.get(f"/api/keys?runs={uid}").json()["keys"]
    }
    assert found == {key: float(i) for i, key in enumerate(keys)}


@pytest.mark.parametrize(
    "name",
    [
        "constructor",
        "__proto__",
        "'; DROP TABLE runs;--",
        '"; DROP TABLE runs;--',
        "👩‍👩‍👧‍👦" * 20,
        "a/b",
        "..",
        "files",
        "console",
        "x" * 10_000,
        "a\x00b",
        " ",
        "%2f",
        "select 1",
        "Ω≈ç√",
    ],
    ids=lambda name: ascii(name)[:30],
)
def test_t6_run_and_project_names_round_trip_or_are_400(client: Client, name: str) -> None:
    body = encode_batch(batch(start(name, project=name), Log(0, 0, T0, {"a": 1.0})))
    reply = client.post("/api/ingest", content=body, headers=MSGPACK)
    assert reply.status_code in {200, 400}
    quoted = urllib.parse.quote(name, safe="")
    there = client.get(f"/api/runs/local/{quoted}/{quoted}")
    if reply.status_code == 200:
        assert there.json()["run"]["id"] == there.json()["run"]["project"] == name
    else:
        assert there.status_code in {400, 404, 405}
    assert client.get("/api/runs/local/demo/first").status_code == 200


@pytest.mark.parametrize(
    "uid", ["../", "*", "", "-1", "0", "1e3", "0x1", "1;2", "٣", "9" * 19, "9" * 5000, "null"]
)
@pytest.mark.usefixtures("untouched")
def test_t9_only_a_plain_number_is_a_uid(client: Client, uid: str) -> None:
    quoted = urllib.parse.quote(uid, safe="")
    for method, path, more in (
        ("GET", f"/api/runs/{quoted}", {}),
        ("PATCH", f"/api/runs/{quoted}", {"json": {"notes": "hit"}}),
        ("GET", f"/api/runs/{quoted}/history", {}),
    ):
        arguments: dict[str, Any] = dict(more)
        assert client.request(method, path, **arguments).status_code in {400, 404, 405}
