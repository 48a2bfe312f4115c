"""T42-T47: keys, cookies, tokens, and every route against every caller."""

from __future__ import annotations

import importlib
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from owner import Service
from server_sample import (
    KEY,
    Client,
    Sample,
    ask_raw,
    client_of,
    examples,
    running_server,
    settings,
    status_of,
)
from starlette.requests import HTTPConnection

import diorama
from diorama.errors import UsageError
from diorama.model import StoreDir
from diorama.server.app import create_app
from diorama.server.auth import bearer_key, mint_token
from diorama.server.dialect import Dialect
from diorama.server.endpoint import Endpoint
from diorama.server.face import Face
from diorama.server.key import ensure_key, rotate_key
from diorama.server.problem import problem_json
from diorama.server.routes import ENDPOINTS
from diorama.server.run import ServerHandle
from diorama.server.settings import ServerSettings

PUBLIC = {"health", "session", "login"}
"""Routes that answer anybody. Adding one here is a decision about security."""
PUBLIC_OF_FACES = {"api": PUBLIC}
"""By name of a face, the same for each that has such routes."""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gpu.example", ""])
def test_t42_no_auth_beyond_loopback_does_not_start(host: str) -> None:
    with pytest.raises(UsageError, match="without authentication") as refused:
        ServerSettings(host=host, key=KEY, is_auth_required=False)
    assert "--no-auth" in refused.value.hint


def test_t42_the_default_is_loopback_with_auth() -> None:
    plain = settings()
    assert plain.is_loopback
    assert plain.is_auth_required
    with pytest.raises(UsageError, match="needs a key"):
        ServerSettings()


def test_t42_a_server_listens_on_loopback_only(server: ServerHandle) -> None:
    import psutil

    port = int(server.url.rpartition(":")[2])
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert listening == {"127.0.0.1"}


def test_t47_the_public_routes_are_these() -> None:
    assert {endpoint.name for endpoint in ENDPOINTS if endpoint.is_public} == PUBLIC


def faces_below(root: Path) -> list[Face]:
    """All faces that are made in the modules below `root`, a folder of `sys.path`."""
    modules = [
        importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))
        for file in sorted(root.rglob("*.py"))
        if "Face(" in file.read_text(encoding="utf-8")
    ]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Face)]


def public_of(faces: list[Face]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for face in faces:
        for endpoint in face.endpoints:
            if endpoint.is_public:
                found.setdefault(face.name, set()).add(endpoint.name)
    return found


def test_t47_the_public_routes_of_all_faces_are_these() -> None:
    assert public_of(faces_below(Path(diorama.__file__).parents[1])) == PUBLIC_OF_FACES


def test_t47_a_public_route_of_another_face_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "face_with_a_public_route.py").write_text(
        "from diorama.server.endpoint import endpoint\n"
        "from diorama.server.face import Face\n"
        "@endpoint('GET', '/words', is_public=True)\n"
        "def words() -> None:\n"
        "    'Tells everybody.'\n"
        "FACE = Face(name='words', prefixes=('/words/',), endpoints=(words,), is_described=False)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert public_of(faces_below(tmp_path)) == {"words": {"words"}}


def test_t47_where_the_requests_of_all_faces_carry_the_key_is_known() -> None:
    """A new place is a decision about security: what browsers send there by themselves is no proof."""
    found = {face.name: face.dialect.find_key for face in faces_below(Path(diorama.__file__).parents[1])}
    assert found == {"api": bearer_key}


@pytest.mark.parametrize("found", [None, "", "wrong", KEY[:-1], KEY + "x"], ids=ascii)
def test_t47_no_dialect_opens_an_endpoint(service: Service, sample: Sample, found: str | None) -> None:
    def find_key(asked: HTTPConnection) -> str | None:
        return found if "host" in asked.headers else None

    api = Face(
        name="api",
        prefixes=("/api/",),
        endpoints=ENDPOINTS,
        is_described=False,
        dialect=Dialect(find_key=find_key, write_problem=problem_json),
    )
    stranger = Client(
        create_app(service, settings=settings(), faces=[api]), {"authorization": f"Bearer {KEY}"}
    )
    for endpoint in ENDPOINTS:
        if endpoint.name not in PUBLIC:
            method, path, more = examples(sample)[endpoint.name]
            assert stranger.request(method, path, **more).status_code in {401, 429}, endpoint.name


def session_of(service: Service) -> Client:
    browser = client_of(service, key=None)
    browser.get(f"/?token={mint_token(KEY)}")
    return browser


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.name not in PUBLIC], ids=lambda one: one.name
)
@pytest.mark.usefixtures("untouched")
def test_t47_every_route_refuses_everybody_without_the_key(
    service: Service, sample: Sample, endpoint: Endpoint
) -> None:
    method, path, more = examples(sample)[endpoint.name]
    own: dict[str, str] = more.get("headers", {})
    callers: list[dict[str, str]] = [
        {},
        {"x-diorama": "1"},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": f"Bearer {KEY[:-1]}"},
        {"cookie": f"session={KEY}"},
        {"x-api-key": KEY},
        {"x-forwarded-user": "admin", "x-remote-user": "admin"},
    ]
    for caller in callers:
        stranger = client_of(service, key=None)
        reply = stranger.request(method, path, **{**more, "headers": {**own, **caller}})
        assert reply.status_code == 401, caller
        assert reply.headers["www-authenticate"].startswith("Bearer")
    in_the_query = path + ("&" if "?" in path else "?") + f"token={KEY}&key={KEY}&access_token={KEY}"
    assert client_of(service, key=None).request(method, in_the_query, **more).status_code == 401
    if method != "GET":
        forged = session_of(service).request(method, path, **more)
        assert forged.status_code == 403, "a session alone must not write"


TOKENS: list[Any] = [
    "",
    "wrong",
    KEY[:-1],
    KEY + "x",
    KEY.upper(),
    KEY + "\n",
    " " + KEY + " x",
    KEY * 500,
    "\u0661" * 64,
    "null",
    "undefined",
    "../key",
    "' or 1=1 --",
]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: ascii(token)[:20])
@pytest.mark.usefixtures("untouched")
def test_t43_strange_keys(service: Service, sample: Sample, token: str) -> None:
    stranger = client_of(service, key=None)
    header = b"Bearer " + token.replace("\n", "").encode() + (b"!" if "\n" in token else b"")
    assert stranger.get("/api/projects", headers={"authorization": header}).status_code == 401
    login = stranger.post("/api/login", json={"key": token}, headers={"x-diorama": "1"})
    assert login.status_code == 401
    assert "set-cookie" not in login.headers


def test_t43_a_key_of_a_megabyte(server: ServerHandle) -> None:
    request = b"GET /api/projects HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer " + b"k" * 1_000_000
    try:
        reply = ask_raw(server.url, request + b"\r\n\r\n")
    except (ConnectionResetError, BrokenPipeError):
        reply = b""
    assert status_of(reply) in {0, 400, 431}


def test_t43_a_new_key_ends_the_old_one_at_once(service: Service, sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = ensure_key(path)
    by_key = client_of(service, key=old)
    browser = client_of(service, key=None)
    app_settings = settings(key=path)
    from server_sample import Client as Asking

    from diorama.server.app import create_app

    app = create_app(service, settings=app_settings)
    by_key = Asking(app, {"authorization": f"Bearer {old}"})
    browser = Asking(app, {})
    browser.get(f"/?token={mint_token(old)}")
    assert by_key.get("/api/projects").status_code == browser.get("/api/projects").status_code == 200
    new = rotate_key(path)
    assert by_key.get("/api/projects").status_code == browser.get("/api/projects").status_code == 401
    assert Asking(app, {"authorization": f"Bearer {new}"}).get("/api/projects").status_code == 200
    path.chmod(0o644)
    assert Asking(app, {"authorization": f"Bearer {new}"}).get("/api/projects").status_code == 401


@pytest.mark.parametrize(
    "token", [*TOKENS, mint_token("j" * 64), mint_token(KEY, now=0.0)], ids=range(len(TOKENS) + 2)
)
@pytest.mark.usefixtures("untouched")
def test_t43_strange_tokens_only_lead_to_the_page(stranger: Client, token: str) -> None:
    reply = stranger.get("/", params={"token": token})
    assert reply.status_code in {303, 429}
    assert "set-cookie" not in reply.headers
    assert stranger.get("/api/projects").status_code == 401


def test_t43_a_token_is_for_pages_and_once(service: Service, sample: Sample) -> None:
    token = mint_token(KEY)
    first = client_of(service, key=None)
    assert first.get(f"/api/projects?token={token}").status_code == 401
    reply = first.get(f"/local/demo?token={token}")
    assert reply.status_code == 303
    assert token not in reply.headers["location"]
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] == "no-referrer"
    # The same app, another browser: the token is used up.
    second = Client(first._app, {})
    second.get(f"/local/demo?token={token}")
    assert second.get("/api/projects").status_code == 401


def test_t44_the_key_is_nowhere_but_in_its_file(
    service: Service, sample: Sample, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store_dir = StoreDir(tmp_path)
    key = ensure_key(store_dir.key_file)
    with running_server(service, store_dir, key=store_dir.key_file) as server:
        for header in (f"Bearer {key}", f"Bearer {key}x", "Bearer x"):
            request = f"GET /api/projects HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: {header}\r\n"
            ask_raw(server.url, request.encode() + b"Connection: close\r\n\r\n")
        ask_raw(server.url, f"GET /{key} HTTP/1.1\r\nHost: localhost:1\r\n\r\n\0".encode())
        assert stat.S_IMODE(store_dir.server_file.stat().st_mode) == 0o600
        assert key not in store_dir.server_file.read_text()
        health = ask_raw(
            server.url, b"GET /healthz HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"
        )
        assert key.encode() not in health
    assert not store_dir.server_file.exists()
    output = capfd.readouterr()
    assert key not in output.out + output.err
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and key in path.read_text()] == [
        "key"
    ]


def test_t45_the_cookie(service: Service, sample: Sample) -> None:
    browser = client_of(service, key=None)
    first = browser.get(f"/?token={mint_token(KEY)}").headers["set-cookie"]
    assert "HttpOnly" in first
    assert "SameSite=strict" in first
    assert "Path=/" in first
    again = browser.post("/api/login", json={"key": KEY}, headers={"x-diorama": "1"}).headers["set-cookie"]
    assert first.partition(";")[0] != again.partition(";")[0], "a login must give a new id"
    assert KEY not in first


def test_t45_over_https_the_cookie_can_not_be_planted(service: Service, sample: Sample) -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    from diorama.server.auth import Auth

    reply = Response()
    scope = {"type": "http", "scheme": "https", "path": "/", "headers": [], "server": ("lab.example", 443)}
    Auth(settings()).give_session(Request(scope), reply)
    assert reply.headers["set-cookie"].startswith("__Host-diorama-")
    assert "Secure" in reply.headers["set-cookie"]


@pytest.mark.parametrize("value", ["", "x", "-", "1-2-3", "ffffffffff-0-" + "0" * 64, "a" * 5000, "%00", '"'])
@pytest.mark.usefixtures("untouched")
def test_t45_forged_sessions(service: Service, sample: Sample, value: str) -> None:
    from diorama.server.auth import store_name

    for name in (f"diorama-{store_name(KEY)}", f"__Host-diorama-{store_name(KEY)}"):
        reply = client_of(service, key=None).get("/api/projects", headers={"cookie": f"{name}={value}"})
        assert reply.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        "",
        "Authorization: Bearer wrong\r\n",
        f"Authorization: Bearer {KEY}\r\nOrigin: http://evil.example\r\n",
        f"Authorization: Bearer {KEY}\r\nSec-Fetch-Site: cross-site\r\n",
        "Cookie: diorama=1\r\n",
    ],
)
def test_t46_no_stream_begins_before_its_reader_is_known(server: ServerHandle, headers: str) -> None:
    request = f"GET /api/live HTTP/1.1\r\nHost: {server.url.removeprefix('http://')}\r\n{headers}\r\n"
    reply = ask_raw(server.url, request.encode())
    assert status_of(reply) in {401, 403}
    assert b"text/event-stream" not in reply


@pytest.mark.parametrize("project", ["", "nothing/there", "../..", "a" * 10_000, "local/demo' or 1=1"])
def test_t46_a_stream_of_nothing_tells_nothing(server: ServerHandle, project: str) -> None:
    from urllib.parse import quote

    target = f"/api/live?project={quote(project)}"
    request = f"GET {target} HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    reply = ask_raw(server.url, request.encode())
    assert status_of(reply) == 200
    assert len(re.findall(rb"data: ", reply)) == 1
    assert b'"runs":[]' in reply


def test_t46_a_slow_reader_costs_the_others_nothing(service: Service, server: ServerHandle) -> None:
    import socket

    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET /api/live HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(50)]
    for connection in idle:
        connection.sendall(request)
    before = time.monotonic()
    health = b"GET /healthz HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"
    for _ in range(10):
        assert status_of(ask_raw(server.url, health)) == 200
    assert time.monotonic() - before < 5
    for connection in idle:
        connection.close()
