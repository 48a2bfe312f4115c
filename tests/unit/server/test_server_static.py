"""The built UI: pages, assets, caching, prefixes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from owner import Service
from server_sample import Client, client_of

from diorama.server.static import is_page

INDEX = (
    '<!doctype html><link rel="icon" href="./favicon.svg"><script type="module" crossorigin '
    'src="./assets/index-Ab3dEf9_.js"></script><div id="app"></div>'
)
SCRIPT = "console.log('hello');" * 200


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-Ab3dEf9_.js").write_text(SCRIPT)
    (tmp_path / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "index.html").write_text(INDEX)
    return tmp_path


@pytest.fixture
def browser(service: Service, built: Path) -> Client:
    return client_of(service, key=None, static_dir=built)


@pytest.mark.parametrize(
    "page", ["/", "/local/demo", "/local/demo/table", "/local/demo/runs/a/logs", "/local/demo/"]
)
def test_every_page_is_the_index_with_absolute_assets(browser: Client, page: str) -> None:
    reply = browser.get(page)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert 'src="/assets/index-Ab3dEf9_.js"' in reply.text
    assert 'href="/favicon.svg"' in reply.text


def test_assets_with_a_hash_are_cached_for_ever(browser: Client) -> None:
    reply = browser.get("/assets/index-Ab3dEf9_.js")
    assert reply.text == SCRIPT
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-encoding"] == "gzip"
    plain = browser.get("/assets/index-Ab3dEf9_.js", headers={"accept-encoding": "identity"})
    assert plain.text == SCRIPT
    assert "content-encoding" not in plain.headers
    assert browser.get("/favicon.svg").headers["cache-control"] == "no-cache"


def test_an_asset_that_is_not_there_is_404(browser: Client) -> None:
    for path in ("/assets/index-00000000.js", "/assets/", "/assets", "/api"):
        assert browser.get(path).status_code == 404


def test_a_prefix_is_part_of_every_address(service: Service, built: Path) -> None:
    browser = client_of(service, key=None, static_dir=built, base_path="/lab/diorama")
    for path in ("/lab/diorama/local/demo", "/local/demo", "/lab/diorama", "/lab/diorama/"):
        assert 'src="/lab/diorama/assets/' in browser.get(path).text
    assert browser.get("/lab/diorama/assets/index-Ab3dEf9_.js").status_code == 200
    assert browser.get("/lab/diorama/healthz").status_code == 200
    forwarded = browser.get("/", headers={"x-forwarded-prefix": "/other/place"})
    assert 'src="/other/place/assets/' in forwarded.text
    hostile = browser.get("/", headers={"x-forwarded-prefix": '/"><script>'})
    assert 'src="/lab/diorama/assets/' in hostile.text


def test_a_prefix_header_is_not_believed_unasked(browser: Client) -> None:
    assert 'src="/assets/' in browser.get("/", headers={"x-forwarded-prefix": "/evil"}).text


def test_a_new_build_is_seen_without_a_restart(browser: Client, built: Path) -> None:
    browser.get("/")
    (built / "assets" / "index-Zz3dEf9_.js").write_text("1")
    (built / "index.html").write_text(INDEX.replace("Ab3", "Zz3") + "\n")
    assert "index-Zz3dEf9_.js" in browser.get("/").text
    assert browser.get("/assets/index-Zz3dEf9_.js").text == "1"


def test_without_a_build_the_page_says_how_to_make_one(service: Service, tmp_path: Path) -> None:
    reply = client_of(service, key=None, static_dir=tmp_path / "nothing").get("/")
    assert reply.status_code == 503
    assert "make ui" in reply.text


def test_links_out_of_the_build_are_not_followed(browser: Client, built: Path) -> None:
    (built / "assets" / "secret-12345678.txt").symlink_to("/etc/passwd")
    (built / "index.html").write_text(INDEX + " ")
    assert browser.get("/assets/secret-12345678.txt").status_code == 404


def test_the_packed_asset_is_the_asset(browser: Client) -> None:
    assert gzip.decompress(gzip.compress(SCRIPT.encode())) == browser.get("/assets/index-Ab3dEf9_.js").content


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", True),
        ("local/demo", True),
        ("local/demo/", True),
        ("lokal/Übung 1", True),
        ("a/b/c/d/e/f", True),
        ("a/b/c/d/e/f/g", False),
        ("api/x", False),
        ("assets/x", False),
        ("/etc/passwd", False),
        ("a//b", False),
        ("a/../b", False),
        ("a/./b", False),
        ("a/\\b", False),
        ("a/%2e%2e", False),
        ("a/b\x00", False),
        ("a/b\r\nSet-Cookie: x", False),
        ("/", False),
    ],
)
def test_what_is_a_page(path: str, expected: bool) -> None:
    assert is_page(path) is expected
