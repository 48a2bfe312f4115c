"""T21, T22, T32, T33: bytes that want to be a page. What a browser then does is in tests/browser."""

from __future__ import annotations

import hashlib

import pytest
from server_sample import HTML_SHA256, PICTURE, Client, batch, start

from diorama.journal.entry import File
from diorama.media import FileRecord
from diorama.server.api_content import with_head
from diorama.service import Service

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=1"><script>window.__xss=1</script></svg>'


def named(service: Service, data: bytes, mime: str) -> str:
    """Bytes that a run names, and so can be asked for."""
    blob = service.put_blob(data, mime)
    record = FileRecord(blob=blob, name="x")
    service.ingest(batch(start(f"c-{blob.sha256[:16]}", project="content"), File("x", record)))
    return blob.sha256


def rules_of(policy: str) -> dict[str, str]:
    return {rule.split(" ")[0]: rule.partition(" ")[2] for rule in policy.split("; ")}


@pytest.mark.parametrize("query", ["", "?style=1", "?framed=1&style=1", "?outside=cdn.example.org"])
def test_t32_t33_a_page_is_sandboxed_by_its_own_answer(client: Client, query: str) -> None:
    reply = client.get(f"/api/content/{HTML_SHA256}{query}")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    rules = rules_of(reply.headers["content-security-policy"])
    assert rules["sandbox"] == "allow-scripts"
    assert (
        rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    )
    assert rules["frame-ancestors"] == "'self'"
    assert "'self'" not in "".join(value for name, value in rules.items() if name != "frame-ancestors")
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in reply.headers
    assert "camera=()" in reply.headers["permissions-policy"]


def test_t32_nothing_from_outside_unless_it_is_named(client: Client) -> None:
    closed = client.get(f"/api/content/{HTML_SHA256}").headers["content-security-policy"]
    assert "http" not in closed
    assert "*" not in closed
    query = "outside=cdn.example.org,fonts.example.org:8443"
    opened = rules_of(client.get(f"/api/content/{HTML_SHA256}?{query}").headers["content-security-policy"])
    assert opened["script-src"].endswith(" cdn.example.org fonts.example.org:8443")
    assert opened["connect-src"] == "'none'"
    assert opened["default-src"] == "'none'"


@pytest.mark.parametrize(
    "outside",
    [
        "*",
        "*.example.org",
        "x; script-src *",
        "x;sandbox allow-same-origin",
        "'self'",
        "https://x",
        "x/path",
        "x y",
        "x\r\nset-cookie: a=1",
        "data:",
        "é",
        "x:",
        "x:123456",
        "x" * 300,
        ",".join(f"h{number}" for number in range(51)),
    ],
)
def test_t32_what_is_no_host_can_not_loosen_the_policy(client: Client, outside: str) -> None:
    reply = client.get(f"/api/content/{HTML_SHA256}", params={"outside": outside})
    assert reply.status_code == 400
    assert rules_of(reply.headers["content-security-policy"])["sandbox"] == ""


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (SVG, "image/svg+xml"),
        (PICTURE + b"<script>window.__xss=1</script>", "image/png"),
        (b"GIF89a/*<script>*/=1;window.__xss=1", "image/gif"),
        (b"%PDF-1.7 /JS (app.alert(1))", "application/pdf"),
        (b"<script>window.__xss=1</script>", "application/octet-stream"),
        (b"<script>window.__xss = 1 </script>", "text/plain"),
        (b"<html xmlns='x'/>", "text/xml"),
    ],
)
def test_t21_t22_only_html_is_a_page(service: Service, client: Client, data: bytes, mime: str) -> None:
    sha256 = named(service, data, mime)
    assert client.get(f"/api/content/{sha256}").status_code == 404
    raw = client.get(f"/api/blobs/{sha256}")
    assert "html" not in raw.headers["content-type"]
    assert "svg" not in raw.headers["content-type"]
    assert "sandbox" in raw.headers["content-security-policy"]
    assert "allow-" not in raw.headers["content-security-policy"]


def test_a_page_that_no_run_names_is_not_there(client: Client) -> None:
    data = b"<p>uploaded, but named by nobody"
    sha256 = hashlib.sha256(data).hexdigest()
    put = client.put(f"/api/blobs/{sha256}", content=data, headers={"content-type": "text/html"})
    assert put.status_code == 201
    assert client.get(f"/api/content/{sha256}").status_code == 404


@pytest.mark.parametrize("name", ["x", "0" * 63, "0" * 64, "F" * 64, "..%2f..%2fkey", "0" * 5_000])
def test_other_names_are_not_there(client: Client, name: str) -> None:
    assert client.get(f"/api/content/{name}").status_code == 404


@pytest.mark.parametrize(
    "query", ["style=2", "style=", "allow=1", "framed=1&framed=1", "sandbox=allow-same-origin"]
)
def test_other_questions_are_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/content/{HTML_SHA256}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<!doctype html><p>x", b"<!doctype html>+<p>x"),
        (b"<!DOCTYPE HTML PUBLIC 'x'>\n<html lang=en>y", b"<!DOCTYPE HTML PUBLIC 'x'>\n<html lang=en>+y"),
        (b"<html><HEAD id=a><title>", b"<html><HEAD id=a>+<title>"),
        (b"<!-- <head> --><!doctype html><head>z", b"<!-- <head> --><!doctype html><head>+z"),
        (b"<header>no head", b"<!doctype html>+<header>no head"),
        (b"\xef\xbb\xbffragment", b"\xef\xbb\xbf<!doctype html>+fragment"),
        (b"", b"<!doctype html>+"),
        ("<head>".encode("utf-16"), "<head>".encode("utf-16")),
        (b"<!--" * 20_000, b"<!doctype html>+" + b"<!--" * 20_000),
        (b"<head " * 9_000, b"<!doctype html>+" + b"<head " * 9_000),
    ],
)
def test_our_style_stands_where_a_head_begins(page: bytes, expected: bytes) -> None:
    assert with_head(page, b"+") == expected
