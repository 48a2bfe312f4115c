"""T48, T50, T51: what comes out of us must not command a terminal, a log or a browser."""

from __future__ import annotations

import json

import pytest
from owner import Service
from server_sample import KEY, T0, Client, Sample, ask_raw, batch, client_of, start, status_of

from diorama.cli import main
from diorama.cli.terminal import printable
from diorama.journal.entry import Log
from diorama.model import StoreDir
from diorama.server.auth import mint_token
from diorama.server.run import ServerHandle
from diorama.service import Access

NASTY = [
    '\n127.0.0.1 - "GET /" 200',
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\r\x1b[Kall is well",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2028\u2029",
    "\x00",
    "\ufeff",
]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_t48_nothing_printed_commands_the_terminal(text: str) -> None:
    shown = printable(f"a{text}b")
    assert shown.isprintable()
    assert shown.startswith("a")
    assert shown.endswith("b")


def test_t48_ordinary_text_stays_as_it_is() -> None:
    for text in ("Übung 1", "실험", "👩\u200d👩\u200d👧", "a b", "loss ↓"):
        assert printable(text) == text


@pytest.mark.parametrize("text", [text for text in NASTY if "\x00" not in text], ids=ascii)
def test_t48_ls_shows_hostile_names_escaped(
    text: str, own_store: object, capsys: pytest.CaptureFixture[str]
) -> None:
    store_dir = StoreDir.from_environ()
    with Service.open(store_dir) as service:
        service.ingest(batch(start("r", project="p", name=f"run{text}"), Log(0, 0, T0, {"a": 1.0})))
    assert main(["ls", "p"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "query",
    [
        "next=//evil.example",
        "next=/%5Cevil.example",
        "next=javascript:alert(1)",
        "token={token}&next=//evil.example",
        "url=https://evil.example&token={token}",
    ],
)
def test_t50_a_login_only_leads_to_where_it_was(service: Service, sample: Sample, query: str) -> None:
    reply = client_of(service, key=None).get("/local/demo?" + query.format(token=mint_token(KEY)))
    if reply.status_code == 303:
        location = reply.headers["location"]
        assert location.startswith("/local/demo?")
        assert "token" not in location
    else:
        assert reply.status_code in {200, 503}
        assert "location" not in reply.headers


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "/%5Cevil.example", "///x"]
)
def test_t50_no_address_of_another_host(server: ServerHandle, path: str) -> None:
    request = f"GET {path}?token={mint_token(KEY)} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"
    reply = ask_raw(server.url, request.encode())
    assert status_of(reply) in {400, 404}
    assert b"\nlocation:" not in reply.lower()


@pytest.mark.parametrize(
    "path",
    [
        "/api/<script>alert(1)</script>",
        "/api/runs/<script>alert(1)</script>",
        "/api/runs/local/demo/<img src=x onerror=alert(1)>",
        "/api/projects/<svg onload=alert(1)>/x/runs",
        "/api/projects/local/demo/runs?q=<script>",
        "/api/projects/local/demo/runs?limit=<script>",
        "/api/blobs/<script>",
        "/assets/<script>alert(1)</script>",
        "/<script>alert(1)</script>/x/</script>",
    ],
)
@pytest.mark.usefixtures("untouched")
def test_t51_an_error_is_never_a_page(client: Client, path: str) -> None:
    reply = client.get(path)
    if reply.status_code in {200, 503} and "html" in reply.headers["content-type"]:
        assert "alert(1)" not in reply.text
        return
    if reply.status_code != 200:
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(json.loads(reply.content)) == {"code", "message", "hint"}
        assert "Traceback" not in reply.text
        assert ".py" not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_t51_a_fault_of_ours_tells_nothing(
    service: Service, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError(f"secret {KEY} in /home/somebody")

    monkeypatch.setattr(Access, "projects", staticmethod(fail))
    reply = client_of(service).get("/api/projects")
    assert reply.status_code == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "internal"
    assert "secret" not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/swagger", "/openapi.json", "/metrics", "/debug", "/.git/config", "/.env"]
)
def test_t51_there_are_no_side_doors(client: Client, path: str) -> None:
    reply = client.get(path)
    # Whatever looks like a page is the app's shell, the same for every address.
    assert reply.status_code in {200, 404, 503}
    if reply.status_code != 404:
        assert reply.content == client.get("/").content
