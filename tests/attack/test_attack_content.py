"""T21, T22, T32, T33: bytes that want to be a page. What a browser then does is in tests/browser."""

from __future__ import annotations

import hashlib

import pytest
from owner import Service
from server_sample import HTML_SHA256, PICTURE, Client, batch, start

from diorama.journal.entry import File
from diorama.media import FileRecord
from diorama.server.page_guard import GUARD, as_utf8, guarded, without_code

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=1"><script>window.__xss=1</script></svg>'


def named(service: Service, data: bytes, mime: str) -> str:
    """Bytes that a run names, and so can be asked for."""
    blob = service.put_blob(data, mime)
    record = FileRecord(blob=blob, name="x")
    service.ingest(batch(start(f"c-{blob.sha256[:16]}", project="content"), File("x", record)))
    return blob.sha256


def rules_of(policy: str) -> dict[str, str]:
    return {rule.split(" ")[0]: rule.partition(" ")[2] for rule in policy.split("; ")}


FRAMED = {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("query", ["?framed=1", "?framed=1&style=1", "?framed=1&outside=cdn.example.org"])
def test_t32_t33_a_page_is_sandboxed_by_its_own_answer(client: Client, query: str) -> None:
    reply = client.get(f"/api/content/{HTML_SHA256}{query}", headers=FRAMED)
    assert reply.status_code == 200
    assert reply.content.startswith(b"<!doctype html>" + GUARD)
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
    assert "webrtc" not in reply.headers["content-security-policy"]


def test_t32_a_still_has_no_code_and_could_run_none(client: Client) -> None:
    reply = client.get(f"/api/content/{HTML_SHA256}?framed=1&still=1", headers=FRAMED)
    assert reply.status_code == 200
    assert b"<script" not in reply.content.lower()
    rules = rules_of(reply.headers["content-security-policy"])
    assert rules["sandbox"] == ""
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    tab = client.get(f"/api/content/{HTML_SHA256}?still=1", headers={"sec-fetch-dest": "document"})
    assert rules_of(tab.headers["content-security-policy"])["frame-src"] == "'self'"


@pytest.mark.parametrize(
    ("query", "dest"), [("", "iframe"), ("?style=1", ""), ("?framed=1", "document"), ("?framed=1", "embed")]
)
def test_t33_a_tab_of_its_own_shows_a_frame_of_ours(client: Client, query: str, dest: str) -> None:
    headers = {"sec-fetch-dest": dest} if dest else {}
    reply = client.get(f"/api/content/{HTML_SHA256}{query}", headers=headers)
    assert reply.status_code == 200
    assert b"__xss" not in reply.content
    assert b'sandbox="allow-scripts"' in reply.content
    rules = rules_of(reply.headers["content-security-policy"])
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert rules["frame-src"] == "'self'"
    assert rules["script-src"].startswith("'sha256-")
    assert "unsafe" not in reply.headers["content-security-policy"]


def test_t32_nothing_from_outside_unless_it_is_named(client: Client) -> None:
    closed = client.get(f"/api/content/{HTML_SHA256}?framed=1")
    assert "http" not in closed.headers["content-security-policy"]
    assert "*" not in closed.headers["content-security-policy"]
    assert closed.headers["connection-allowlist"] == "()"
    query = "framed=1&outside=cdn.example.org,fonts.example.org:8443"
    allowed = client.get(f"/api/content/{HTML_SHA256}?{query}")
    assert allowed.headers["connection-allowlist"] == (
        '("https://cdn.example.org/*" "http://cdn.example.org/*" "https://fonts.example.org:8443/*" '
        '"http://fonts.example.org:8443/*");redirects=allow'
    )
    opened = rules_of(allowed.headers["content-security-policy"])
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


G = GUARD + b"+"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<!doctype html><p>x", b"<!doctype html>" + G + b"<p>x"),
        (
            b"<!DOCTYPE HTML PUBLIC 'x'>\n<html lang=en>y",
            b"<!DOCTYPE HTML PUBLIC 'x'>" + G + b"\n<html lang=en>y",
        ),
        (b"<html><HEAD id=a><title>", G + b"<html><HEAD id=a><title>"),
        (b" <!-- saved -->\n<!doctype html><head>z", b" <!-- saved -->\n<!doctype html>" + G + b"<head>z"),
        (b"<header>no head", b"<!doctype html>" + G + b"<header>no head"),
        (b"\xef\xbb\xbffragment", b"<!doctype html>" + G + b"fragment"),
        (b"", b"<!doctype html>" + G),
        (b"<script>x</script><head>", G + b"<script>x</script><head>"),
        (b"<!--><script>x</script>--><!doctype html>", None),
        (b"<!---><script>x</script>--><!doctype html>", None),
        (b"<!-- --!><script>x</script>--><!doctype html>", None),
        (b"<!-- <!-- --><script>x</script> --><!doctype html>", None),
        (b"<!doctype html><!--" * 20_000, b"<!doctype html>" + G + b"<!--" + b"<!doctype html><!--" * 19_999),
        (b"<!--" * 20_000, None),
        (b"<!doctype " * 9_000, None),
    ],
)
def test_nothing_of_a_page_comes_before_the_guard(page: bytes, expected: bytes | None) -> None:
    """None: whatever the page says, it is no doctype that we know, so that all of it comes after."""
    assert guarded(page, b"+") == (b"<!doctype html>" + G + page if expected is None else expected)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<p>a<SCRIPT src=x>b\n</script >c", b"<!doctype html>+<p>ac"),
        (b"<!doctype html><script>1</script><script>2</script>d", b"<!doctype html>+d"),
        (b"<scripted>e</scripted>", b"<!doctype html>+<scripted>e</scripted>"),
        (b"<script>never closed", b"<!doctype html>+<script>never closed"),
        (b"<script>" * 100_000, b"<!doctype html>+" + b"<script>" * 100_000),
    ],
)
def test_a_still_is_the_page_without_its_scripts(page: bytes, expected: bytes) -> None:
    assert without_code(page, b"+") == expected


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("é".encode(), "é"),
        ("<p>é".encode("utf-16"), "<p>é"),
        ("\ufeff<p>é".encode("utf-16-be"), "<p>é"),
        ("<meta charset=shift_jis>日本".encode("shift_jis"), "<meta charset=shift_jis>日本"),
        ("<meta charset='windows-1251'>Привет".encode("cp1251"), "<meta charset='windows-1251'>Привет"),
        (b"caf\xe9 \x80", "café €"),
        (b"<meta charset=undefined>\xe9", "<meta charset=undefined>é"),
        (b"<meta charset=unicode_escape>\xe9\\x3c", "<meta charset=unicode_escape>é\\x3c"),
        (b"<meta charset=hex>\xff", "<meta charset=hex>ÿ"),
    ],
)
def test_pages_are_sent_in_one_encoding(page: bytes, text: str) -> None:
    assert as_utf8(page) == text.encode()
