"""Pictures, masks, boxes and histograms in a real browser, checked pixel by pixel against what was logged."""

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
from fill_media import HEIGHT, LABELS, STEPS, TINY, WIDTH, deep, ids, shade, wide_ids
from live_server import LiveServer, sdk_environ, serving
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, Route, expect
from waiting import address, next_frames, steady, until

OpenPage = Callable[..., Page]
Pixels = NDArray[np.uint8]

_READ_CANVAS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  const piece = 32768;
  for (let at = 0; at < data.length; at += piece) {
    text += String.fromCharCode(...data.subarray(at, at + piece));
  }
  return [canvas.width, canvas.height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/pictures: see fill_media.py."""
    store = tmp_path_factory.mktemp("media") / "store"
    script = Path(__file__).with_name("fill_media.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, pictures: LiveServer) -> Callable[..., Page]:
    """Opens the workspace with only the panels that match: look("masks", "at=3", device_scale_factor=2)."""

    def open_workspace(panels: str, query: str = "", *, storage: str = "", **options: Any) -> Page:
        page = open_page(pictures, **options)
        if storage:
            page.add_init_script(storage)
        page.goto(f"/lab/pictures?panels=/^{panels}$/&{query}")
        return page

    return open_workspace


def tiles(page: Page) -> Locator:
    return page.locator("[data-tile][data-step]")


def run_uids(page: Page) -> dict[str, int]:
    reply = page.request.get(f"{page.url.split('/lab')[0]}/api/projects/lab/pictures/runs")
    return {run["name"]: run["uid"] for run in reply.json()["runs"]}


def pixels_of(canvas: Locator) -> Pixels:
    width, height, text = canvas.evaluate(_READ_CANVAS)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def settled_pixels(canvas: Locator) -> Pixels:
    """The canvas once two readings agree: overlays are drawn as soon as they are decoded."""
    return steady(canvas.page, lambda: pixels_of(canvas), np.array_equal)


def pixels_when(canvas: Locator, is_right: Callable[[Pixels], bool]) -> Pixels:
    """The canvas at rest as soon as it is right: a choice is drawn at the next frame, or after a load."""
    until(canvas.page, lambda: is_right(pixels_of(canvas)), "a canvas that shows what it should")
    return settled_pixels(canvas)


def query_of(page: Page, name: str) -> str:
    return address(page).get(name, [""])[0]


def rgb(color: str) -> tuple[int, int, int]:
    return (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))


def class_colors(page: Page) -> dict[str, tuple[int, int, int]]:
    return {
        row.locator(".class-name").inner_text(): rgb(row.locator("input").input_value())
        for row in page.locator(".class-row").all()
    }


def centres(count: int, scale: float, offset: float) -> NDArray[np.intp]:
    """Where the middles of `count` picture pixels lie on the canvas."""
    middles: NDArray[np.intp] = np.floor((np.arange(count) + 0.5) * scale + offset).astype(np.intp)
    return middles


def sample(pixels: Pixels, width: int, height: int) -> Pixels:
    """One canvas pixel from the middle of each picture pixel of a picture that fits its canvas."""
    scale = min(pixels.shape[1] / width, pixels.shape[0] / height)
    columns = centres(width, scale, (pixels.shape[1] - width * scale) / 2)
    rows = centres(height, scale, (pixels.shape[0] - height * scale) / 2)
    return pixels[np.ix_(rows, columns)][..., :3]


def open_full(page: Page, at: int = 0) -> Locator:
    tiles(page).nth(at).dblclick()
    canvas = page.locator(".full canvas")
    expect(canvas).to_be_visible()
    return canvas


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("painter", ["processor", "card"])
@pytest.mark.parametrize(
    ("layer", "other", "values"), [("prediction", "wide", ids()), ("wide", "prediction", wide_ids())]
)
def test_every_class_id_of_a_mask_is_exact(
    look: Callable[..., Page], ratio: int, painter: str, layer: str, other: str, values: NDArray[Any]
) -> None:
    overlays = f"l.mask_3a_{layer}.o100.fill*l.mask_3a_{other}.off*v.background"
    page = look(
        "masks",
        f"ov={overlays}",
        storage=f"localStorage.setItem('diorama.masks', '{painter}')",
        device_scale_factor=ratio,
    )
    pixels = settled_pixels(open_full(page))
    colors = class_colors(page)
    labels = LABELS if layer == "prediction" else {}
    expected = np.zeros((*values.shape, 3), np.uint8)
    for found in np.unique(values):
        expected[values == found] = colors[labels.get(int(found), f"class_{found}")]
    wrong = (sample(pixels, 37, 29) != expected).any(-1)
    assert wrong.sum() == 0, f"{wrong.sum()} of {wrong.size} class ids are wrong"


@pytest.mark.parametrize("ratio", [1, 2])
def test_boxes_lie_on_their_pixels(look: Callable[..., Page], ratio: int) -> None:
    page = look("boxes", "ov=C.off", device_scale_factor=ratio)
    pixels = settled_pixels(open_full(page))
    height, width = pixels.shape[:2]
    scale = min(width / WIDTH, height / HEIGHT)
    left, top = (width - WIDTH * scale) / 2, (height - HEIGHT * scale) / 2
    for name, (x0, x1, y0, y1) in {"road": (30, 90, 20, 70), "car": (110, 130, 75, 85)}.items():
        is_line = (pixels[..., :3] == class_colors(page)[name]).all(-1)
        rows, columns = np.nonzero(is_line)
        # The line is drawn on the edge: half of it inside, half outside.
        line = round(1.5 * ratio)
        edges = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
        wanted = [x0 * scale + left, x1 * scale + left, y0 * scale + top, y1 * scale + top]
        signs = [-1, 1, -1, 1]
        for edge, place, sign in zip(edges, wanted, signs, strict=True):
            assert abs(edge - (place + sign * line / 2)) <= 1, (name, edges, wanted)


def test_a_tile_shows_the_step_and_says_which(look: Callable[..., Page]) -> None:
    page = look("pair", "at=12")
    expect(tiles(page)).to_have_count(4)
    uids = run_uids(page)
    for name, step in {"every": 12, "seldom": 5}.items():
        tile = page.locator(f'[data-tile="{uids[name]}:0:pair"]')
        expect(tile).to_have_attribute("data-step", str(step))
        assert pixels_of(tile.locator("canvas"))[20, 30, 0] == shade(step)
    other = page.locator(f'[data-tile="{uids["seldom"]}:0:pair"] .tile-step')
    expect(other).to_have_class(re.compile("tile-step-other"))
    expect(page.locator(f'[data-tile="{uids["every"]}:0:pair"] .tile-step')).not_to_have_class(
        re.compile("tile-step-other")
    )
    page.goto("/lab/pictures?panels=/^pair$/&at=12&match=exact")
    expect(page.locator(f'[data-tile="{uids["seldom"]}:1:pair"]')).to_contain_text("nothing at step 12")
    page.goto("/lab/pictures?panels=/^pair$/&at=2")
    expect(page.locator(f'[data-tile="{uids["seldom"]}:1:pair"]')).to_contain_text(
        "nothing at or before step 2"
    )


def test_scrubbing_leaves_no_tile_blank(look: Callable[..., Page]) -> None:
    page = look("pair", "at=5")
    expect(tiles(page)).to_have_count(4)
    for canvas in tiles(page).locator("canvas").all():
        pixels_when(canvas, lambda pixels: bool(pixels[..., 3].any()))
    page.evaluate(
        """() => {
          window.blankFrames = 0;
          const watch = () => {
            for (const tile of document.querySelectorAll("[data-tile]")) {
              const canvas = tile.querySelector("canvas");
              const [x, y] = canvas ? [canvas.width >> 1, canvas.height >> 1] : [0, 0];
              const alpha = canvas?.getContext("2d").getImageData(x, y, 1, 1).data[3];
              if (!alpha) window.blankFrames += 1;
            }
            requestAnimationFrame(watch);
          };
          watch();
        }"""
    )
    for _ in range(STEPS - 6):
        page.keyboard.press("]")
        next_frames(page, 2)
    tile = page.locator(f'[data-tile="{run_uids(page)["every"]}:1:pair"]')
    expect(tile).to_have_attribute("data-step", str(STEPS - 1))
    assert tuple(pixels_of(tile.locator("canvas"))[20, 30, :3]) == (shade(STEPS - 1), 0, 255)
    assert page.evaluate("window.blankFrames") == 0


def test_overlays_are_set_once_and_kept_in_the_url(look: Callable[..., Page]) -> None:
    page = look("masks|boxes", "ov=C.off")
    expect(tiles(page)).to_have_count(2)
    masked = page.locator('[data-tile$=":masks"] canvas')
    boxed = page.locator('[data-tile$=":boxes"] canvas')
    before = settled_pixels(masked), settled_pixels(boxed)
    road = class_colors(page)["road"]
    assert (before[1][..., :3] == road).all(-1).any()
    page.get_by_role("button", name="Hide road (Alt-click: only this class)").click()
    after = (
        pixels_when(masked, lambda pixels: not np.array_equal(before[0], pixels)),
        pixels_when(boxed, lambda pixels: not (pixels[..., :3] == road).all(-1).any()),
    )
    assert "h.road" in query_of(page, "ov")
    page.reload()
    pixels_when(masked, lambda pixels: np.array_equal(pixels, after[0]))
    page.get_by_role("button", name="Show road (Alt-click: only this class)").click(modifiers=["Alt"])
    expect(page.get_by_text("only road")).to_be_visible()
    car = class_colors(page)["car"]
    pixels_when(boxed, lambda pixels: not (pixels[..., :3] == car).all(-1).any())
    page.get_by_role("button", name="show all", exact=True).click()
    page.get_by_label("Colour of car").fill("#ff00fe")
    page.keyboard.press("Escape")
    pixels_when(boxed, lambda pixels: bool((pixels[..., :3] == (255, 0, 254)).all(-1).any()))
    page.keyboard.press("b")
    pixels_when(boxed, lambda pixels: bool((pixels[..., :3] == 0).all()))


@pytest.mark.parametrize("late", ["masks", "boxes"])
def test_classes_are_listed_open_once_whichever_picture_is_ready_first(
    look: Callable[..., Page], late: str
) -> None:
    page = look("masks|boxes", "ov=C.off")
    expect(page.get_by_role("button", name="Hide road (Alt-click: only this class)")).to_have_count(1)
    tile = page.locator(f'[data-tile$=":{late}"][data-step]')
    wanted = {"run": int(tile.get_attribute("data-tile").split(":")[0]), "key": late}
    wanted["step"] = int(tile.get_attribute("data-step"))
    reply = page.request.post(
        f"{page.url.split('/lab')[0]}/api/media", data={"wanted": [wanted]}, headers={"x-diorama": "1"}
    )
    blobs = set(re.findall(r"[0-9a-f]{64}", reply.text()))
    held: list[Route] = []

    def hold(route: Route) -> None:
        if any(sha256 in route.request.url for sha256 in blobs):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/blobs/**", hold)
    page.reload()
    expect(page.get_by_role("button", name="Hide road (Alt-click: only this class)")).to_have_count(1)
    settled_pixels(page.locator(f'[data-tile$=":{"boxes" if late == "masks" else "masks"}"] canvas'))
    until(page, lambda: bool(held), "the late picture is asked for")
    blobs.clear()
    for route in held:
        route.continue_()
    settled_pixels(page.locator(f'[data-tile$=":{late}"] canvas'))
    expect(page.get_by_role("button", name=re.compile("^Classes of "))).to_have_count(3)
    expect(page.get_by_role("button", name="Hide road (Alt-click: only this class)")).to_have_count(1)
    folded = page.locator('.classes-fold[aria-expanded="false"]')
    expect(folded).to_have_count(1)
    folded.click()
    expect(folded).to_have_count(0)


def test_score_thresholds_filter_boxes_by_each_score(look: Callable[..., Page]) -> None:
    page = look("boxes", "ov=C.off")
    expect(tiles(page)).to_have_count(1)
    layer = page.locator(".layer", has_text="found")
    expect(layer).to_contain_text("boxes · 3")
    page.get_by_label("Least sure of found").fill("0.5")
    expect(layer).to_contain_text("boxes · 2 of 3")
    expect(layer).to_contain_text("≥ 0.50")
    car = class_colors(page)["car"]
    pixels_when(page.locator(".tile canvas"), lambda pixels: not (pixels[..., :3] == car).all(-1).any())
    page.get_by_label("Most size of found").fill("20")
    expect(layer).to_contain_text("boxes · 1 of 3")
    page.get_by_role("button", name="Show all sure").click()
    expect(layer).to_contain_text("boxes · 2 of 3")


def test_zoom_is_linked_until_it_is_not(look: Callable[..., Page]) -> None:
    page = look("masks|boxes", "ov=C.off")
    expect(tiles(page)).to_have_count(2)
    masked = page.locator('[data-tile$=":masks"] canvas')
    boxed = page.locator('[data-tile$=":boxes"] canvas')
    before = settled_pixels(masked), settled_pixels(boxed)
    masked.hover(position={"x": 20, "y": 20})
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    pixels_when(masked, lambda pixels: not np.array_equal(before[0], pixels))
    pixels_when(boxed, lambda pixels: not np.array_equal(before[1], pixels))  # the other tile follows
    assert float(query_of(page, "zoom").split(",")[0]) > 1
    page.get_by_role("button", name="Show the pictures whole again").first.click()
    pixels_when(masked, lambda pixels: np.array_equal(pixels, before[0]))
    pixels_when(boxed, lambda pixels: np.array_equal(pixels, before[1]))
    page.get_by_role("button", name="Zoom and pan are shared by all tiles").first.click()
    masked.click(position={"x": 20, "y": 20})  # a picture that was clicked takes the wheel alone
    page.mouse.wheel(0, -300)
    pixels_when(masked, lambda pixels: not np.array_equal(before[0], pixels))
    assert np.array_equal(settled_pixels(boxed), before[1]), "an unlinked tile followed"


@pytest.mark.parametrize("pixels", [-200, 200])
def test_a_wheel_over_pictures_is_the_pages(look: Callable[..., Page], pixels: int) -> None:
    page = look("masks|boxes", "ov=C.off")
    masked = page.locator('[data-tile$=":masks"] canvas')
    before = settled_pixels(masked)
    masked.hover(position={"x": 20, "y": 20})
    is_taken = page.evaluate(
        """(deltaY) => {
          const event = new WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true });
          document.querySelector('[data-tile$=":masks"] canvas').dispatchEvent(event);
          return event.defaultPrevented;
        }""",
        pixels,
    )
    assert not is_taken
    assert "zoom" not in page.url
    assert np.array_equal(settled_pixels(masked), before)
    assert "Ctrl" in (masked.get_attribute("title") or "")


def test_the_pointer_reads_exact_values(look: Callable[..., Page]) -> None:
    page = look("deep|masks")
    expect(tiles(page)).to_have_count(2)
    canvas = page.locator('[data-tile$=":deep"] canvas')
    canvas.hover(position={"x": 90, "y": 45})
    strip = page.locator('[data-tile$=":deep"] .tile-probe')
    expect(strip.locator(".tile-probe-value")).to_have_text(re.compile(r"\d+"))
    x, y, value = (int(part) for part in re.findall(r"\d+", strip.inner_text())[:3])
    assert value == deep()[y, x]
    assert value > 255
    page.locator('[data-tile$=":masks"] canvas').hover(position={"x": 90, "y": 45})
    x, y = (
        int(part)
        for part in re.findall(r"\d+", page.locator('[data-tile$=":masks"] .tile-probe').inner_text())[:2]
    )
    expect(page.locator(".facts")).to_have_count(0)
    expect(page.locator('[data-tile$=":masks"] .tile-probe')).to_contain_text(LABELS[int(ids()[y, x])])


def test_only_tiles_in_sight_are_mounted(look: Callable[..., Page]) -> None:
    page = look("tiny", "tile=80")
    expect(page.locator(".media-count")).to_contain_text(f"of {TINY:,} shown")
    expect(tiles(page).first).to_be_visible()
    assert tiles(page).count() < 200
    page.get_by_role("button", name="Show all rows").click()
    page.locator(".sections").evaluate("element => element.scrollTo(0, element.scrollHeight)")
    last = page.locator(f'[data-tile$=":{TINY - 1}:tiny"]')
    expect(last).to_have_attribute("data-step", "0")
    assert pixels_of(last.locator("canvas"))[30, 30, 0] == (TINY - 1) % 256
    assert tiles(page).count() < 400


def test_the_keyboard_walks_tiles_and_the_full_view(look: Callable[..., Page]) -> None:
    page = look("pair", "at=20")
    expect(tiles(page)).to_have_count(4)
    uids = run_uids(page)
    first, second = page.locator("[data-tile]").first.get_attribute("data-tile"), None
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tile-selected")).to_have_attribute("data-tile", first or "")
    page.keyboard.press("ArrowDown")
    second = page.locator(".tile-selected").get_attribute("data-tile")
    assert {first, second} == {f"{uid}:0:pair" for uid in uids.values()}
    page.keyboard.press("Enter")
    full = page.get_by_role("region", name="Full view of pair")
    expect(full.locator(".full-count")).to_have_text("1 of 2")
    page.keyboard.press("ArrowRight")
    expect(full.locator(".full-count")).to_have_text("2 of 2")
    page.keyboard.press("ArrowUp")
    assert query_of(page, "full") == "true"
    expect(page.locator(".facts")).to_contain_text("pair[1]")
    page.keyboard.press("+")
    expect(full.locator(".full-zoom")).not_to_have_text("")
    page.reload()
    expect(full.locator(".full-count")).to_have_text("2 of 2")
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)


def test_the_keys_of_the_full_view_work_whatever_has_the_focus(look: Callable[..., Page]) -> None:
    page = look("masks", "at=0")
    full = open_full(page)
    zoom = page.locator(".full-zoom")
    fitted = zoom.inner_text()
    # Neither a slider beside the view nor a class in the list keeps the keys of the view.
    for place in (".layer input[type=range]", ".class-name"):
        page.locator(place).first.focus()
        page.keyboard.press("+")
        expect(zoom).not_to_have_text(fitted)
        page.keyboard.press("f")
        expect(zoom).to_have_text(fitted)
        page.keyboard.press("0")
        page.keyboard.press("-")
        page.keyboard.press("p")
        page.keyboard.press("f")
    slider = page.locator(".layer input[type=range]").first
    slider.focus()
    opacity = slider.input_value()
    page.keyboard.press("ArrowLeft")  # a key that the slider needs itself
    assert slider.input_value() != opacity
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)


def test_a_lost_file_is_not_a_missing_step(open_page: OpenPage, pictures: LiveServer) -> None:
    page = open_page(pictures)
    page.goto("/lab/pictures?panels=nothing")
    uid = run_uids(page)["every"]
    reply = page.request.post(
        f"{pictures.url}/api/media",
        data={"wanted": [{"run": uid, "key": "lost", "step": 0}]},
        headers={"X-Diorama": "1", "Origin": pictures.url},
    )
    sha256 = reply.json()["cells"][0]["items"][0]["blob"]["sha256"]
    stored = (path for path in (pictures.store / "blobs").rglob("*") if path.is_file())
    blob = next(path for path in stored if sha256[-40:] in path.name)
    kept = blob.read_bytes()
    blob.unlink()
    try:
        page.goto("/lab/pictures?panels=lost")
        expect(page.locator(f'[data-tile="{uid}:0:lost"]')).to_contain_text("no longer in the store")
    finally:
        blob.write_bytes(kept)
    page.get_by_role("button", name="Try again").click()
    expect(tiles(page)).to_have_count(1)


def test_histograms_as_heat_map_ridges_and_bars(look: Callable[..., Page]) -> None:
    page = look("weights", "at=30")
    panel = page.locator(".histogram-panel")
    plot = panel.locator("canvas")
    expect(panel).to_contain_text(f"{STEPS} steps")
    heat = settled_pixels(plot)
    box = plot.bounding_box()
    assert box
    # Value 6 is in the bin from 4 to 8, which holds 5 at every step.
    plot.hover(position={"x": 44 + (box["width"] - 52) * 0.5, "y": 6 + (box["height"] - 26) * (1 - 6 / 8)})
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("4 … 8")
    step = int(re.findall(r"step (\d+)", tip.inner_text())[0])
    expect(tip).to_contain_text(f"5 of {step + 15}")
    plot.click(position={"x": 44 + (box["width"] - 52) * 0.5, "y": 60})
    until(page, lambda: query_of(page, "at") == str(step), "the clock where the plot was clicked")
    page.mouse.move(5, 5)
    panel.get_by_role("radio", name="ridges").click()
    pixels_when(plot, lambda pixels: not np.array_equal(pixels, heat))
    panel.get_by_role("radio", name="bars").click()
    expect(panel).to_contain_text(f"step {step}")


def test_values_follow_the_clock(look: Callable[..., Page]) -> None:
    page = look("words", "at=7")
    panel = page.get_by_role("region", name="words", exact=True)
    expect(panel).to_contain_text("words of step 7")
    page.keyboard.press("]")
    expect(panel).to_contain_text("words of step 8")
