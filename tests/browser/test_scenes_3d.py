"""Models and point clouds in a real browser: right colours on the right side, nothing from elsewhere."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fill_object3d import BOX_COLOR, PATCHES, POINTS
from live_server import LiveServer, sdk_environ, serving
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect
from waiting import address, steady

OpenPage = Callable[..., Page]
Pixels = NDArray[np.int64]

# The viewer is large, and shaders are compiled on the processor here.

_READ_CANVAS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 32768) {
    text += String.fromCharCode(...data.subarray(at, at + 32768));
  }
  return [canvas.width, canvas.height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def solids(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/solids: see fill_object3d.py."""
    store = tmp_path_factory.mktemp("solids") / "store"
    script = Path(__file__).with_name("fill_object3d.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, solids: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens the workspace with only the panels that match; no page may ask anybody but the server."""
    strangers: list[str] = []

    def open_workspace(panels: str, query: str = "", **options: Any) -> Page:
        page = open_page(solids, **options)
        ours = (solids.url, "blob:", "data:")
        page.on("request", lambda sent: sent.url.startswith(ours) or strangers.append(sent.url))
        page.goto(f"/lab/solids?panels=/^({panels})$/&{query}")
        return page

    yield open_workspace
    assert strangers == []


def pixels_of(canvas: Locator) -> Pixels:
    width, height, text = canvas.evaluate(_READ_CANVAS)
    read = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    return read[..., :3].astype(np.int64)


def settled(canvas: Locator) -> Pixels:
    """The canvas once it has been drawn and two readings agree."""
    expect(canvas).to_have_attribute("data-drawn", re.compile(r"\d"))
    return steady(canvas.page, lambda: pixels_of(canvas), np.array_equal)


def middle(pixels: Pixels, color: tuple[int, int, int]) -> tuple[float, float]:
    """Where the pixels of a colour lie on the mean, (x, y)."""
    rows, columns = np.nonzero((np.abs(pixels - color) <= 6).all(-1))
    assert len(rows) > 50, f"only {len(rows)} pixels are {color}"
    return float(columns.mean()), float(rows.mean())


def open_full(page: Page) -> Locator:
    tile = page.locator("[data-tile][data-step] canvas").first
    expect(tile).to_have_attribute("data-drawn", re.compile(r"\d"))
    tile.dblclick()
    canvas = page.locator(".full canvas")
    expect(canvas).to_be_visible()
    return canvas


def view_of(page: Page) -> str:
    return address(page).get("view3d", [""])[0]


def test_a_model_is_not_mirrored_and_scrubbing_keeps_the_view(look: Callable[..., Page]) -> None:
    page = look("model", "at=0&look3d=nogrid")
    red, green, blue = PATCHES
    canvas = open_full(page)
    settled(canvas)
    page.keyboard.press("1")
    front = settled(canvas)
    assert middle(front, green)[0] < middle(front, blue)[0] < middle(front, red)[0]
    assert middle(front, blue)[1] < middle(front, red)[1]
    page.keyboard.press("2")
    back = settled(canvas)
    assert middle(back, red)[0] < middle(back, blue)[0] < middle(back, green)[0]
    page.keyboard.press("1")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2 + 30, steps=4)
    page.mouse.up()
    page.mouse.wheel(0, -120)
    before, view = settled(canvas), view_of(page)
    assert view.startswith("model~")
    page.keyboard.press("]")
    expect(page.locator(".full .tile-step")).to_have_text("1")
    after = settled(canvas)
    assert view_of(page) == view
    # The colours went on by one patch; the patches stayed where they were.
    for old, new in ((red, green), (green, blue), (blue, red)):
        assert middle(before, old) == pytest.approx(middle(after, new), abs=1.0)
    page.keyboard.press("Escape")
    tile = page.locator("[data-tile$=':model'] canvas")
    small = settled(tile)
    page.reload()
    again = settled(page.locator("[data-tile$=':model'] canvas"))
    assert (again == small).all(-1).mean() > 0.99, "the view was lost by a reload"


def test_a_cloud_says_how_much_of_it_is_shown_and_follows_the_overlays(look: Callable[..., Page]) -> None:
    page = look("cloud", "look3d=nogrid&ov=C.off")
    tile = page.locator("[data-tile$=':cloud']")
    expect(tile.locator(".object3d-note")).to_have_text("100 k of 250 k points")
    canvas = open_full(page)
    note = page.locator(".full .object3d-note")
    expect(note).to_have_text(f"{POINTS // 1000} k points")
    page.keyboard.press("5")
    above = settled(canvas)
    points, box = middle(above, (0, 200, 100)), middle(above, BOX_COLOR)
    assert points[0] + 20 < box[0], "the box stands to the right of the points, seen from above"
    assert page.evaluate("document.querySelector('.full').innerText").count("<img src=x") == 1
    page.get_by_label("Least score of the boxes").fill("0.5")
    expect(page.locator(".full .object3d-tools")).to_contain_text("1 of 2 boxes")
    page.locator(".object3d-class", has_text="car").click()
    expect(page.locator(".full .object3d-tools")).to_contain_text("0 of 2 boxes")
    assert not (np.abs(settled(canvas) - BOX_COLOR) <= 6).all(-1).any()
    page.get_by_label("Colour of the points").select_option("height")
    assert not (np.abs(settled(canvas) - (0, 200, 100)) <= 6).all(-1).any()
    canvas.hover(position={"x": points[0], "y": points[1]})
    reading = page.locator(".object3d-reading")
    expect(reading).to_contain_text(re.compile(r"x (499999|500000)\.\d+"))
    expect(reading).to_contain_text("rgb 0 200 100")


def test_what_is_broken_or_asks_for_other_places_says_so(look: Callable[..., Page]) -> None:
    page = look("cut|outside_.*", "look3d=nogrid")
    cut = page.locator("[data-tile$=':cut']")
    expect(cut.get_by_role("alert")).to_contain_text(re.compile("cut off|broken"))
    expect(cut.locator("a[download]")).to_have_attribute("href", re.compile(r"/api/blobs/[0-9a-f]{64}$"))
    refused = page.locator("[data-tile$=':outside_buffer']")
    expect(refused.get_by_role("alert")).to_contain_text("“../../etc/passwd” was not logged with it")
    drawn = page.locator("[data-tile$=':outside_picture']")
    expect(drawn.locator(".object3d-note")).to_have_attribute(
        "title", re.compile("nothing is fetched from outside")
    )
    green, blue = list(PATCHES)[1:]
    pixels = settled(drawn.locator("canvas"))
    assert middle(pixels, green)[0] < pixels.shape[1] / 2 < middle(pixels, blue)[0] + pixels.shape[1] / 4
