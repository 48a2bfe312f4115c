"""Texts, Markdown, logged pages and molecules in a real browser; T25, T31 to T34 and T63 of the attacks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_server import LiveServer, sdk_environ, serving, sign_in
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect
from waiting import LIMIT_MS, next_frames, until

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/words: see fill_words.py."""
    store = tmp_path_factory.mktemp("words") / "store"
    script = Path(__file__).with_name("fill_words.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, words: LiveServer) -> Callable[..., Page]:
    """Opens the workspace with only the panels that match."""

    def open_workspace(panels: str, query: str = "") -> Page:
        page = open_page(words)
        page.goto(f"/lab/words?panels=/^{panels}$/&{query}")
        return page

    return open_workspace


@pytest.fixture
def attacked(chromium: Browser, words: LiveServer) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in page whose console may complain, and the addresses elsewhere that it asked for."""
    context = chromium.new_context(base_url=words.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(LIMIT_MS)
    foreign: list[str] = []

    def refuse(route: Route) -> None:
        foreign.append(route.request.url)
        route.abort()

    # What the policy blocks never comes so far.
    context.route(lambda url: not url.startswith(words.url), refuse)
    sign_in(context, words)
    yield context.new_page(), foreign
    context.close()


def record_of(page: Page, key: str) -> dict[str, Any]:
    """The newest record of a key."""
    [run] = page.request.get("/api/projects/lab/words/runs").json()["runs"]
    body = {"wanted": [{"run": run["uid"], "key": key, "step": 1}]}
    reply = page.request.post("/api/media", data=body, headers={"X-Diorama": "1"})
    found: dict[str, Any] = reply.json()["cells"][0]["items"][0]
    return found


HARMLESS = {"refused", "null", "no parent", "asked", "submitted", "set", "undefined", "false", "true"}


def check_probe(text: str) -> None:
    found = json.loads(text)
    assert found.pop("done") == "yes"
    assert found["origin"] == "null"
    for name in ("cookie", "storage", "database", "fetch", "outside", "service worker", "worker"):
        assert found[name] == "refused", name
    assert found["popup"] == "null"
    assert set(found.values()) <= HARMLESS, found


def test_t32_a_hostile_page_in_its_frame(attacked: tuple[Page, list[str]]) -> None:
    page, foreign = attacked
    page.goto("/lab/words?panels=/^probe$/")
    frame = page.frame_locator(".html-card iframe")
    expect(frame.locator("#found")).to_contain_text("done")
    text = frame.locator("#found").inner_text()
    check_probe(text)
    assert json.loads(text)["parent"] == json.loads(text)["canary"] == "refused"
    next_frames(page)
    assert page.evaluate("window.__xss") is None
    assert "/lab/words" in page.url
    assert foreign == []
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"


def test_t33_the_same_page_as_a_page_of_its_own(attacked: tuple[Page, list[str]]) -> None:
    page, foreign = attacked
    record = record_of(page, "probe")
    address = f"/api/content/{record['blob']['sha256']}"
    page.goto(address)
    found = page.frame_locator("iframe").locator("#found")
    expect(found).to_contain_text("done")
    check_probe(found.inner_text())
    assert page.url.endswith(address)
    assert foreign == []
    cookies = page.context.cookies()
    assert [cookie["name"].startswith("diorama-") for cookie in cookies] == [True]


def test_t32_a_busy_page_leaves_the_rest_alone(attacked: tuple[Page, list[str]]) -> None:
    page, _ = attacked
    page.goto("/lab/words?panels=/^busy$/")
    expect(page.locator(".html-card iframe")).to_be_visible()
    page.get_by_role("button", name="Stop the page").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stopped")).to_be_visible()


def test_t32_a_talkative_page_is_stopped(attacked: tuple[Page, list[str]]) -> None:
    page, _ = attacked
    page.goto("/lab/words?panels=/^flood$/")
    expect(page.get_by_text("it sent too many messages")).to_be_visible()
    assert page.locator("iframe").count() == 0


def test_t32_a_page_can_be_stopped_and_its_source_read(attacked: tuple[Page, list[str]]) -> None:
    page, _ = attacked
    page.goto("/lab/words?panels=/^linked$/")
    expect(page.frame_locator(".html-card iframe").get_by_text("the paper")).to_be_visible()
    page.locator(".html-card").hover()
    page.get_by_role("button", name="Stop the page").click()
    expect(page.get_by_text("Stopped")).to_be_visible()
    assert page.locator("iframe").count() == 0
    page.get_by_role("button", name="Run it again").click()
    page.frame_locator(".html-card iframe").get_by_text("the paper").click()
    link = page.locator(".html-link a")
    expect(link).to_have_attribute("href", "https://example.org/paper")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    page.get_by_role("button", name="Full view").first.click()
    page.get_by_role("radio", name="Source").click()
    expect(page.locator(".html-source")).to_contain_text("<title>linked</title>")


def test_t32_nothing_is_loaded_from_outside_before_it_is_allowed(attacked: tuple[Page, list[str]]) -> None:
    page, asked = attacked
    page.goto("/lab/words?panels=/^outside$/")
    expect(page.frame_locator(".html-card iframe").get_by_text("shown")).to_be_visible()
    expect(page.get_by_text("It wants to load from cdn.example.org")).to_be_visible()
    assert asked == []
    with page.expect_event("requestfailed", lambda request: "cdn.example.org" in request.url):
        page.get_by_role("button", name="Load from cdn.example.org").click()
    assert asked == ["https://cdn.example.org/x.js"]
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"


def test_a_page_in_a_table_cell_is_a_still(attacked: tuple[Page, list[str]]) -> None:
    """As it stands before its scripts run: none does, and nothing is loaded from outside. Opened, it is
    live."""
    page, asked = attacked
    page.goto("/lab/words?panels=/^pages$/")
    still = page.locator(".html-still")
    expect(still).to_be_visible()
    frame = still.locator("iframe")
    assert frame.get_attribute("sandbox") == ""
    expect(page.frame_locator(".html-still iframe").get_by_text("as it was written")).to_be_visible()
    until(page, lambda: color_of(still) == (20, 120, 220), "its own colours are seen")
    next_frames(page)
    assert color_of(still) == (20, 120, 220), "no script has run"
    assert asked == []
    assert page.evaluate("window.__xss") is None
    still.click()
    live = page.locator(".html-card iframe")
    expect(live).to_have_attribute("sandbox", "allow-scripts")
    until(page, lambda: color_of(live) == (255, 0, 0), "opened, its scripts run")
    assert asked == []


def color_of(part: Locator) -> tuple[int, ...]:
    """The colour that most of it has."""
    pixels = np.asarray(Image.open(BytesIO(part.screenshot())).convert("RGB")).reshape(-1, 3)
    colors, counts = np.unique(pixels, axis=0, return_counts=True)
    return tuple(colors[counts.argmax()].tolist())


def test_t63_at_most_four_pages_run(attacked: tuple[Page, list[str]]) -> None:
    page, _ = attacked
    page.set_viewport_size({"width": 1440, "height": 4000})
    page.goto("/lab/words?panels=/^many$/")
    page.get_by_role("button", name="Show all rows").click()
    expect(page.locator("iframe")).to_have_count(4)
    waiting = page.get_by_role("button", name="Load page").last
    waiting.click()
    expect(page.locator("iframe")).to_have_count(4)


def test_t31_markdown_is_formatted_and_harmless(look: Callable[..., Page]) -> None:
    page = look("formatted")
    view = page.locator(".markdown-view")
    expect(view.locator("h1")).to_have_text("Heading")
    expect(view.locator("td").nth(1)).to_have_text("2")
    assert view.locator("img, script, style, iframe, form, [id], [name], [style]").count() == 0
    links = view.locator("a[href]")
    assert [links.nth(at).get_attribute("href") for at in range(links.count())] == [
        "https://example.org/",
        "https://evil.example/pixel.png",
    ]
    assert links.first.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    expect(view).to_contain_text("<script>window.__xss=1</script>")
    assert page.evaluate("window.__xss") is None
    page.locator(".text-card").hover()
    page.get_by_role("button", name="As it was written").click()
    expect(page.locator(".text-view")).to_contain_text("| a | b |")


def test_texts(look: Callable[..., Page]) -> None:
    page = look("(plain|long|code)")
    expect(page.locator(".text-view").get_by_text("The answer of step 1.")).to_be_visible()
    expect(page.locator(".text-line").nth(1)).to_have_attribute("data-line", "2")
    expect(page.get_by_text("The first 8,192 of")).to_be_visible()
    page.locator(".media-panel[aria-label=long]").get_by_role("button", name="Full view").click()
    page.get_by_label("Find in the text").fill("NEEDLE")
    expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()
    expect(page.locator("mark.text-match-current")).to_have_text("needle")
    expect(page.locator("mark.text-match-current")).to_be_in_viewport()


def drawn_share(page: Page, caption: str) -> float:
    """How much of a still differs from its corner."""
    tile = page.locator("[data-tile]", has_text=caption)
    share: float = tile.locator("canvas").evaluate(
        """canvas => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let other = 0;
          for (let at = 0; at < data.length; at += 4) other += Math.abs(data[at] - data[0]) > 24 ? 1 : 0;
          return other / (data.length / 4);
        }"""
    )
    return share


def wait_until_drawn(page: Page, caption: str) -> None:
    until(page, lambda: drawn_share(page, caption) > 0.005, f"{caption} is drawn")


def test_t25_molecules_are_drawn_and_hostile_ones_do_no_harm(look: Callable[..., Page]) -> None:
    page = look("(molecules|smiles|garbage)", "tile=180")
    wait_until_drawn(page, "aspirin")
    wait_until_drawn(page, "sdf")
    expect(page.locator("[data-tile]", has_text="sdf").get_by_text("1 of 2")).to_be_visible()
    expect(page.get_by_text("no atoms were found in this pdb file")).to_be_visible()
    assert page.evaluate("window.__xss") is None
    tile = page.locator("[data-tile]", has_text="aspirin")
    tile.hover()
    expect(tile.locator(".molecule-live canvas")).to_be_visible()
    assert page.locator(".molecule-live").count() == 1, "one live viewer"


@pytest.mark.parametrize("key", ["plain", "smiles"])
def test_enter_shows_the_tile_that_was_clicked_large(look: Callable[..., Page], key: str) -> None:
    """Also where its content takes the press, and with it the focus, or takes the focus away."""
    page = look(key)
    page.locator(".tile-face").first.click(position={"x": 60, "y": 40})
    expect(page.locator(".tile-selected")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name=f"Full view of {key}")).to_be_visible()


def test_u17_one_of_many_molecules_fills_its_picture(look: Callable[..., Page]) -> None:
    """The camera looks at the one that is drawn, as if it were alone, and not at the whole row."""
    page = look("(far|molecules)", "tile=240")
    wait_until_drawn(page, "far")
    wait_until_drawn(page, "sdf")
    alone = drawn_box(page.locator("[data-tile]", has_text="sdf"))
    tile = page.locator("[data-tile]", has_text="far")
    expect(tile.get_by_text("1 of 60")).to_be_visible()
    assert drawn_box(tile) == pytest.approx(alone, abs=0.03)
    tile.locator(".tile-caption").dblclick()
    full = page.locator(".molecule-full .molecule-live canvas")
    expect(full).to_be_visible()
    for number in (2, 3):
        page.get_by_role("button", name="Next molecule of the file").click()
        expect(page.locator(".molecule-pose-count")).to_have_text(f"{number} of 60")


def drawn_box(tile: Locator) -> list[float]:
    """Left, top, right and bottom of what differs from the corner of a still, as shares of the picture."""
    box: list[float] = tile.locator("canvas").evaluate(
        """canvas => {
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          const box = [1, 1, 0, 0];
          for (let at = 0; at < data.length; at += 4) {
            if (Math.abs(data[at] - data[0]) <= 24) continue;
            const x = ((at / 4) % width) / width;
            const y = Math.floor(at / 4 / width) / height;
            box[0] = Math.min(box[0], x), box[1] = Math.min(box[1], y);
            box[2] = Math.max(box[2], x), box[3] = Math.max(box[3], y);
          }
          return box;
        }"""
    )
    return box


def test_a_molecule_in_full(look: Callable[..., Page]) -> None:
    page = look("molecules")
    page.locator("[data-tile]", has_text="sdf").locator(".tile-caption").dblclick()
    expect(page.locator(".molecule-full .molecule-live canvas")).to_be_visible()
    expect(page.locator(".molecule-pose-count")).to_have_text("1 of 2")
    page.get_by_role("button", name="Next molecule of the file").click()
    expect(page.locator(".molecule-pose-count")).to_have_text("2 of 2")
    page.get_by_label("Style").select_option("sphere")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save what is shown as a picture").click()
    assert saved.value.suggested_filename.endswith(".png")
