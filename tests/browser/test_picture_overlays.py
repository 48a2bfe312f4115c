"""Deep pictures, polygons, keypoints, turned boxes, wide ids and followed samples in a real browser."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fill_overlays import HEIGHT, WIDTH, instances, shade
from live_server import LiveServer, sdk_environ, serving
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect
from waiting import until

_READ_CANVAS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const piece = 32768;
  let text = "";
  for (let at = 0; at < data.length; at += piece) {
    text += String.fromCharCode(...data.subarray(at, at + piece));
  }
  return [canvas.width, canvas.height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/overlays: see fill_overlays.py."""
    store = tmp_path_factory.mktemp("overlays") / "store"
    script = Path(__file__).with_name("fill_overlays.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: Callable[..., Page], overlays: LiveServer) -> Callable[..., Page]:
    def open_workspace(panels: str, query: str = "", *, storage: str = "") -> Page:
        page = open_page(overlays, viewport={"width": 1200, "height": 640})
        if storage:
            page.add_init_script(storage)
        page.goto(f"/lab/overlays?panels=/^{panels}$/&{query}")
        return page

    return open_workspace


def pixels_of(canvas: Locator) -> NDArray[np.uint8]:
    width, height, text = canvas.evaluate(_READ_CANVAS)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def shown_when(canvas: Locator, is_right: Callable[[NDArray[np.uint8]], Any]) -> NDArray[np.uint8]:
    """The canvas as soon as it is right: what is drawn follows a choice at the next frame, or a load."""

    def shown() -> list[NDArray[np.uint8]]:
        pixels = pixels_of(canvas)
        return [pixels] if np.all(is_right(pixels)) else []

    return until(canvas.page, shown, "a canvas that shows what it should")[0]


def shows(x: int, y: int, *channels: int) -> Callable[[NDArray[np.uint8]], Any]:
    """Whether the middle of a pixel of the picture has this colour."""
    return lambda pixels: sample(pixels)[y, x, : len(channels)] == channels


def sample(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of each picture pixel of a picture that fits its canvas."""
    height, width = pixels.shape[:2]
    scale = min(width / WIDTH, height / HEIGHT)
    columns = ((np.arange(WIDTH) + 0.5) * scale + (width - WIDTH * scale) / 2).astype(int)
    rows = ((np.arange(HEIGHT) + 0.5) * scale + (height - HEIGHT * scale) / 2).astype(int)
    return pixels[np.ix_(rows, columns)]


def open_full(page: Page) -> Locator:
    page.locator("[data-tile][data-step]").first.dblclick()
    canvas = page.locator(".full canvas")
    expect(canvas).to_be_visible()
    return canvas


def hover(page: Page, canvas: Locator, x: float, y: float) -> None:
    """Point at a pixel of the picture."""
    box = canvas.bounding_box()
    assert box is not None
    scale = min(box["width"] / WIDTH, box["height"] / HEIGHT)
    left, top = (box["width"] - WIDTH * scale) / 2, (box["height"] - HEIGHT * scale) / 2
    page.mouse.move(box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale)


def color_of(page: Page, name: str) -> list[int]:
    text = page.get_by_label(f"Colour of {name}", exact=True).input_value()
    return [int(text[at : at + 2], 16) for at in (1, 3, 5)]


def test_a_tile_says_from_where_to_where_its_numbers_were_stretched(look: Callable[..., Page]) -> None:
    page = look("depth")
    expect(page.locator("[data-tile] .media-range")).to_have_text("−10 to 49")
    page = look("scene")
    expect(page.locator("[data-tile] canvas")).to_be_visible()
    expect(page.locator("[data-tile] .media-range")).to_have_count(0)


def test_true_values_are_shown_by_range_and_told_under_the_pointer(look: Callable[..., Page]) -> None:
    page = look("depth")
    canvas = open_full(page)
    shown_when(canvas, shows(30, 9, 129))  # from -10 to 49, stretched over black to white
    hover(page, canvas, 20, 5)
    expect(page.locator(".full .tile-probe-value")).to_have_text("10.125")
    hover(page, canvas, 0, 0)
    expect(page.locator(".full .tile-probe-value")).to_have_text("NaN")
    page.get_by_role("radio", name="min–max").click()
    page.mouse.move(0, 0)
    shown = sample(shown_when(canvas, shows(59, 20, 255)))
    expected = np.round((np.arange(WIDTH)) / 59 * 255)
    assert np.abs(shown[20, :, 0] - expected).max() <= 1
    assert shown[0, 0].tolist() == [0, 0, 0, 0]
    page.get_by_label("Colour map").select_option("viridis")
    shown_when(canvas, shows(0, 20, 0x44, 0x01, 0x54))
    shown_when(canvas, shows(59, 20, 0xFD, 0xE7, 0x25))
    assert "look=full*viridis" in page.url
    page.reload()
    expect(page.get_by_label("Colour map")).to_have_value("viridis")
    shown_when(page.locator(".full canvas"), shows(0, 20, 0x44, 0x01, 0x54))
    page.get_by_label("Value shown as white").fill("5")
    page.get_by_label("Value shown as white").press("Enter")
    shown_when(page.locator(".full canvas"), shows(21, 20, 0xFD, 0xE7, 0x25))


@pytest.mark.parametrize("painter", ["processor", "card"])
def test_ids_beyond_16_bits_are_exact(look: Callable[..., Page], painter: str) -> None:
    storage = f"localStorage.setItem('diorama.masks', '{painter}')"
    page = look("instances", "ov=l.mask_3a_things.o100.fill", storage=storage)
    canvas = open_full(page)
    shown = sample(shown_when(canvas, lambda pixels: sample(pixels)[..., :3].any(-1)))[..., :3].astype(int)
    ids = instances()
    colors = shown[..., 0] << 16 | shown[..., 1] << 8 | shown[..., 2]
    blocks = colors.reshape(HEIGHT // 2, 2, WIDTH // 2, 2)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert len(np.unique(colors)) > 300
    hover(page, canvas, 31, 17)
    expect(page.locator(".full .tile-probe-class")).to_have_text(f"class_{ids[17, 31]}")
    expect(page.get_by_text("200 of 600 shown")).to_be_visible()
    page.get_by_label("Search classes").fill(str(ids[17, 31]))
    expect(page.locator(".class-row")).to_have_count(1)
    red, green, blue = color_of(page, f"class_{ids[17, 31]}")
    assert colors[17, 31] == red << 16 | green << 8 | blue
    page.get_by_label(f"Hide class_{ids[17, 31]} (Alt-click: only this class)").click()
    shown_when(canvas, shows(31, 17, 0, 0, 0))


def test_polygons_keypoints_and_turned_boxes_lie_where_they_were_logged(look: Callable[..., Page]) -> None:
    page = look("scene", "ov=C.off*l.polygon_3a_parts.o100")
    canvas = open_full(page)
    roof, walker, box = (color_of(page, name) for name in ("roof", "walker", "constructor"))
    full = shown_when(canvas, shows(15, 10, *roof))[..., :3]
    shown = sample(full)
    assert shown[18, 22].tolist() == [0, 0, 0]  # the hole
    assert shown[8, 53].tolist() == color_of(page, "door")
    assert shown[2, 2].tolist() == [0, 0, 0]  # a hand that is not there
    # 30 wide and 4 high, turned by 90 degrees: 4 wide and 30 high.
    rows, _ = np.nonzero((full == box).all(-1))
    scale = min(full.shape[1] / WIDTH, full.shape[0] / HEIGHT)
    left, top = (full.shape[1] - WIDTH * scale) / 2, (full.shape[0] - HEIGHT * scale) / 2
    assert full[int(top + 28 * scale), int(left + 50 * scale)].tolist() == walker  # a bone
    assert abs((rows.max() - rows.min()) / scale - 30) < 0.5
    hover(page, canvas, 12, 30)
    expect(page.locator(".full .tile-probe-box")).to_have_text("roof 0.90")
    hover(page, canvas, 50, 35.6)
    expect(page.locator(".full .tile-probe-box")).to_have_text("walker · foot (hidden)")

    page.get_by_label("Least sure of parts").fill("0.5")
    expect(page.get_by_text("polygons · 1 of 2")).to_be_visible()
    page.mouse.move(0, 0)
    shown_when(canvas, shows(53, 8, 0, 0, 0))
    page.locator(".full").press("o")
    page.locator(".full").press("k")
    page.locator(".full").press("b")
    shown_when(canvas, lambda pixels: pixels[..., :3] == 0)
    page.wait_for_url(lambda url: "*P*K" in url)
    page.reload()
    canvas = page.locator(".full canvas")
    shown_when(canvas, shows(15, 10, 0, 0, 0, 255))
    page.get_by_label("Show the polygons parts").click()
    shown_when(canvas, shows(15, 10, *roof))
    page.get_by_text("on this picture").click()
    expect(page.locator(".shape-row")).to_have_text(["roof 0.90parts"])


def test_a_file_that_cannot_be_decoded_says_why(look: Callable[..., Page]) -> None:
    page = look("torn")
    expect(page.locator("[data-tile]")).to_contain_text("the picture can't be decoded")
    page.locator("[data-tile]").click()
    expect(page.locator(".facts")).to_contain_text("can't be decoded")
    expect(page.get_by_role("link", name="Original")).to_be_visible()


def test_a_sample_is_followed_over_steps_and_runs(look: Callable[..., Page]) -> None:
    page = look("list", "at=0&layout=grid")
    tiles = page.locator("[data-tile]")
    expect(tiles).to_have_count(6)
    page.locator('[data-tile$=":2:list"][data-step]').first.click()
    expect(page.locator(".fact-sample")).to_contain_text("cat")
    page.locator(".fact-sample").get_by_role("button").click()
    expect(tiles).to_have_count(2)
    assert "sample=cat" in page.url
    for step in (0, 1):
        page.goto(f"/lab/overlays?panels=/^list$/&sample=cat&at={step}")
        expect(page.locator(f'[data-tile][data-step="{step}"]')).to_have_count(2)
        for at in range(2):
            shown_when(tiles.nth(at).locator("canvas"), shows(30, 20, shade("cat", step)))
    page.goto("/lab/overlays?panels=/^list$/&sample=cat&at=2")
    expect(tiles).to_have_text(["no sample “cat” at step 2first", "no sample “cat” at step 2second"][::-1])
    page.get_by_role("button", name="Stop following this sample").click()
    expect(page.locator('[data-tile][data-step="2"]')).to_have_count(4)
    assert "sample=" not in page.url
