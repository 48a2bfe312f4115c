"""T36-T41: who may talk to the server at all, and from where."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from owner import Service
from server_sample import KEY, PLUGINS, Client, Sample, ask_raw, client_of, examples, status_of

from diorama.server import api_plugins
from diorama.server.auth import mint_token
from diorama.server.routes import ENDPOINTS
from diorama.server.run import ServerHandle

GOOD_HOSTS = [
    "localhost:7117",
    "localhost",
    "127.0.0.1:7117",
    "[::1]:7117",
    "LOCALHOST:7117",
    "localhost:9999",  # an SSH tunnel brings its own port
]
BAD_HOSTS = [
    "evil.example",
    "evil.example:7117",
    "127.0.0.1.nip.io",
    "127.0.0.1.nip.io:7117",
    "localhost.evil.com",
    "localhost.evil.com:7117",
    "evil.localhost",
    "0.0.0.0",
    "0.0.0.0:7117",
    "127.0.0.2:7117",
    "127.1",
    "2130706433",
    "0x7f000001",
    "[::]",
    "[::ffff:127.0.0.1]:7117",
    "localhost.",
    "xlocalhost",
    "localhost:",
    "localhost:port",
    "localhost:7117:7117",
    "localhost@evil.example",
    "localhost/evil",
    "localhost#",
    "localhost, evil.example",
    " ",
    "",
]
GOOD_ORIGINS = ["http://localhost:7117", "HTTP://LOCALHOST:7117", "https://localhost:7117"]
BAD_ORIGINS = [
    "http://evil.example",
    "null",
    "",
    "http://localhost:9999",
    "http://localhost",
    "http://127.0.0.1:7117",
    "http://localhost:7117.evil.example",
    "http://localhost:71170",
    "http://xlocalhost:7117",
    "http://good.example.evil.com",
    "http://goodXexample",
    "file://",
    "chrome-extension://abcdef",
    "http://localhost:7117/",
    "http://localhost:7117@evil.example",
    "http://user@localhost:7117",
    "//localhost:7117",
    "localhost:7117",
]
ROUTES = [
    "/",
    "/local/demo",
    "/assets/x.js",
    "/healthz",
    "/api/session",
    "/api/projects",
    "/api/live",
    "/api/openapi.json",
]


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "/api/live"])
@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_t39_loopback_names_are_answered(client: Client, host: str, route: str) -> None:
    assert client.get(route, headers={"host": host}).status_code not in {400, 403, 421}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("host", BAD_HOSTS)
@pytest.mark.usefixtures("untouched")
def test_t39_other_names_are_not(client: Client, host: str, route: str) -> None:
    reply = client.get(route, headers={"host": host})
    assert reply.status_code in {400, 421}
    assert reply.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "head",
    [
        "GET /api/session HTTP/1.1\r\n\r\n",
        "GET /api/session HTTP/1.0\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: localhost:1\r\nHost: evil.example\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: evil.example\r\nHost: localhost:1\r\n\r\n",
        "GET http://evil.example/api/session HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost:1\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: evil.example\r\nForwarded: host=localhost:1\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n",
    ],
)
def test_t39_on_the_wire(server: ServerHandle, head: str) -> None:
    assert status_of(ask_raw(server.url, head.encode())) in {400, 421}


def test_t39_forwarded_headers_change_nothing(client: Client) -> None:
    plain = client.get("/api/session")
    forwarded = client.get(
        "/api/session",
        headers={
            "x-forwarded-host": "evil.example",
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
        },
    )
    assert (forwarded.status_code, forwarded.content) == (plain.status_code, plain.content)


def test_t39_allowed_hosts_are_exact(service: Service, sample: Sample) -> None:
    client = client_of(service, allowed_hosts=("lab.example", "gpu.example:8080"))
    for host in ("lab.example", "lab.example:1234", "LAB.example", "gpu.example:8080"):
        assert client.get("/healthz", headers={"host": host}).status_code == 200
    for host in ("gpu.example", "gpu.example:8081", "x.lab.example", "lab.example.evil", "labXexample"):
        assert client.get("/healthz", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    ("origin", "route"), list(itertools.product(BAD_ORIGINS, ["/api/projects", "/api/live", "/"]))
)
@pytest.mark.usefixtures("untouched")
def test_t40_foreign_origins_are_refused(client: Client, origin: str, route: str) -> None:
    reply = client.get(route, headers={"origin": origin})
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", BAD_ORIGINS)
@pytest.mark.usefixtures("untouched")
def test_t40_foreign_writes_are_refused(client: Client, sample: Sample, origin: str) -> None:
    headers = {"origin": origin, "x-diorama": "1"}
    assert client.patch(f"/api/runs/{sample.uid}", json={"notes": "hit"}, headers=headers).status_code == 403


@pytest.mark.parametrize("origin", GOOD_ORIGINS)
def test_t40_our_own_origin_is_good(client: Client, origin: str) -> None:
    reply = client.get("/api/projects", headers={"origin": origin})
    assert reply.status_code == 200
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_t40_behind_a_proxy_its_name_is_good(service: Service, sample: Sample) -> None:
    """Proxies that do not keep the Host header still pass the browser's Origin on."""
    client = client_of(service, allowed_hosts=("lab.example",))
    assert client.get("/api/projects", headers={"origin": "https://lab.example"}).status_code == 200
    for origin in ("https://lab.example:444", "https://evil-lab.example", "https://x.lab.example"):
        assert client.get("/api/projects", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:7117"])
@pytest.mark.usefixtures("untouched")
def test_t40_preflights_allow_nothing(stranger: Client, method: str, origin: str) -> None:
    headers = {"origin": origin, "access-control-request-method": method}
    for path in ("/api/projects", "/api/runs/1", "/", "/api/ingest"):
        reply = stranger.request("OPTIONS", path, headers=headers)
        assert reply.status_code in {403, 404, 405}
        assert not [name for name in reply.headers if name.startswith("access-control-")]


def logged_in(service: Service) -> Client:
    """A browser with a session."""
    browser = client_of(service, key=None)
    browser.get(f"/?token={mint_token(KEY)}")
    assert browser.get("/api/projects").status_code == 200
    return browser


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b'{"notes":"hit"}'),
        ("application/x-www-form-urlencoded", b'{"notes":"hit"}='),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
        ),
        ("", b'{"notes":"hit"}'),
        ("text/json", b'{"notes":"hit"}'),
        ("application/json", b'{"notes":"hit"}'),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.usefixtures("untouched")
def test_t41_forms_change_nothing(
    service: Service, sample: Sample, method: str, content_type: str, body: bytes
) -> None:
    browser = logged_in(service)
    for path in (f"/api/runs/{sample.uid}", "/api/series", "/api/login", "/api/ingest"):
        headers = {"content-type": content_type} if content_type else {}
        status = browser.request(method, path, content=body, headers=headers).status_code
        assert status in {400, 401, 403, 405, 415}
        with_site = {**headers, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "x-diorama": "1"}
        assert browser.request(method, path, content=body, headers=with_site).status_code == 403


@pytest.mark.parametrize("override", [{"x-http-method-override": "PATCH"}, {"x-method-override": "DELETE"}])
@pytest.mark.usefixtures("untouched")
def test_t41_methods_can_not_be_overridden(client: Client, sample: Sample, override: dict[str, str]) -> None:
    client.get(f"/api/runs/{sample.uid}", headers=override)
    assert client.get(f"/api/runs/{sample.uid}?_method=PATCH&notes=hit").status_code in {200, 400}


@pytest.mark.usefixtures("untouched")
def test_t41_get_changes_nothing(client: Client, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_plugins, "describe_plugins", lambda: PLUGINS)
    for name, (method, path, more) in examples(sample).items():
        if method == "GET" and name != "live":
            assert client.get(path, **more).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense", ""])
@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.path.startswith("/api/")], ids=lambda one: one.name
)
@pytest.mark.usefixtures("untouched")
def test_t38_other_sites_can_not_probe_the_api(
    client: Client, sample: Sample, endpoint: Any, site: str
) -> None:
    method, path, more = examples(sample)[endpoint.name]
    headers = {
        **more.get("headers", {}),
        "sec-fetch-site": site,
        "sec-fetch-mode": "no-cors",
        "x-diorama": "1",
    }
    assert client.request(method, path, **{**more, "headers": headers}).status_code == 403


def test_t38_a_link_from_elsewhere_opens_the_page(stranger: Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert stranger.get("/local/demo", headers=headers).status_code in {200, 503}
    assert stranger.post("/local/demo", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/local/demo", "/healthz", "/api/projects", "/api/nothing", "/nothing/../x", "/assets/x"]
)
@pytest.mark.parametrize("key", [KEY, None])
def test_t36_t38_every_answer_has_the_headers(
    service: Service, sample: Sample, path: str, key: str | None
) -> None:
    reply = client_of(service, key=key).get(path)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"
    assert reply.headers["x-frame-options"] == "DENY"
    policy = reply.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "server" not in reply.headers


def test_t37_the_policy_of_the_app(stranger: Client) -> None:
    policy = stranger.get("/").headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"unsafe|\*|https?:", policy)
