"""Charts, figures and graphs in a real browser: what is drawn, what is counted, what gets out (nothing)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from live_server import LiveServer, sdk_environ, serving
from playwright.sync_api import Frame, Page, expect
from waiting import LIMIT_MS, next_frames

OpenPage = Callable[..., Page]
"""Libraries of megabytes, drawn without a graphics card."""


@pytest.fixture(scope="module")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds lab/plots and lab/hostile: see fill_plots.py."""
    store = tmp_path_factory.mktemp("plots") / "store"
    script = Path(__file__).with_name("fill_plots.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, plots: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens a project with only the panel of a key. No page may ask another machine for anything."""
    foreign: list[str] = []

    def open_panel(key: str, project: str = "plots", query: str = "", **options: Any) -> Page:
        page = open_page(plots, **options)
        page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url) else None)
        page.on("popup", lambda popup: foreign.append(f"popup {popup.url}"))
        page.goto(f"/lab/{project}?panels={quote(f'/^{key}$/')}{query}")
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith((plots.url, "data:", "blob:", "about:"))

    yield open_panel
    assert foreign == []


def frame_of(page: Page, name: str) -> Frame:
    """The frame in which a figure is drawn, once it is."""
    expect(page.locator(".figure[aria-busy=false]").first).to_be_visible()
    [frame] = [frame for frame in page.frames if f"/frames/{name}.html" in frame.url]
    return frame


def test_curves_name_their_areas(look: Callable[..., Page]) -> None:
    page = look("roc")
    expect(page.locator(".preset-plot canvas")).to_be_visible()
    expect(page.locator(".preset-title")).to_have_text("ROC Curve")


def test_a_confusion_matrix_and_its_shares(look: Callable[..., Page]) -> None:
    page = look("confusion")
    expect(page.locator(".preset-plot canvas")).to_be_visible()
    expect(page.locator(".preset-note")).to_contain_text("300 samples")
    page.get_by_role("radio", name="Rows %").click()
    expect(page.get_by_role("radio", name="Rows %")).to_be_checked()
    box = page.locator(".preset-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    expect(page.locator(".tooltip")).to_contain_text("of the actual")


def test_histograms_count_right_and_say_what_is_not_shown(look: Callable[..., Page]) -> None:
    page = look("histogram")
    expect(page.locator(".preset-plot canvas")).to_be_visible()
    expect(page.locator(".preset-title")).to_have_text("Digits")
    slider = page.get_by_role("slider", name="Bins")
    slider.fill("9")
    box = page.locator(".preset-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 80, box["y"] + box["height"] * 0.75)
    expect(page.locator(".tooltip")).to_contain_text("count: 100")

    page = look("large")
    expect(page.locator(".preset-cut")).to_contain_text("10,000 of 10,500 rows shown")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".preset-cut")).to_have_count(0)


def test_an_own_specification_gets_the_table(look: Callable[..., Page]) -> None:
    page = look("custom")
    frame = frame_of(page, "vega")
    assert frame.locator("canvas").count() == 1
    assert page.locator(".figure-note").count() == 0


def test_plotly_follows_the_step_and_saves_pictures(look: Callable[..., Page]) -> None:
    page = look("plotly", query="&at=0")
    frame = frame_of(page, "plotly")
    assert frame.locator(".scatterlayer .trace").count() == 1
    page.keyboard.press("]")
    expect(frame.locator(".scatterlayer .trace")).to_have_count(2)
    assert len(page.frames) == 2  # the same frame, not a new one
    assert frame.evaluate("self.origin") == "null"
    page.locator(".figure").hover()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "Waves.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_figures_follow_the_theme(look: Callable[..., Page]) -> None:
    page = look("plotly", query="&at=0", color_scheme="light")
    frame = frame_of(page, "plotly")
    day = frame.evaluate("document.querySelector('.main-svg').style.background")
    assert day in ("white", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    frame.wait_for_function("day => document.querySelector('.main-svg').style.background !== day", arg=day)


@pytest.fixture
def hostile(chromium: Any, plots: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens a panel. Figures that are refused something say so in the console; nothing else may be seen."""
    from live_server import sign_in

    foreign: list[str] = []
    context = chromium.new_context(base_url=plots.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(LIMIT_MS)
    sign_in(context, plots)

    def open_panel(key: str, project: str = "hostile") -> Page:
        page: Page = context.new_page()
        page.on("dialog", lambda dialog: foreign.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: foreign.append(f"popup {popup.url}"))
        page.goto(f"/lab/{project}?panels={quote(f'/^{key}$/')}")
        return page

    # Where the sandbox let a request out, it would arrive here.
    context.route(re.compile("foreign"), lambda route: foreign.append(route.request.url))
    yield open_panel
    context.close()
    assert foreign == []


def test_t32_code_in_a_figure_gets_nowhere(hostile: Callable[..., Page]) -> None:
    page = hostile("bokeh", "plots")
    downloads: list[Any] = []
    page.on("download", lambda download: downloads.append(download))
    frame = frame_of(page, "bokeh")
    frame.evaluate("Bokeh.documents[0].roots()[0].x_range.start = 0.5")
    frame.wait_for_function("window.spied && window.spied.fetch && window.spied.api")
    spied = frame.evaluate("window.spied")
    assert spied["parent"] == spied["storage"] == spied["cookie"] == spied["top"] == "SecurityError"
    assert spied["fetch"] == spied["api"] == "TypeError"
    assert (spied["origin"], spied["open"]) == ("null", "null")
    next_frames(page)
    assert downloads == []
    assert page.url.startswith("http://127.0.0.1")
    expect(page.locator(".figure b, .figure img")).to_have_count(0)


def test_t33_a_frame_in_a_tab_of_its_own_has_no_origin(hostile: Callable[..., Page]) -> None:
    page = hostile("bokeh", "plots")
    page.goto("/frames/bokeh.html")
    assert page.evaluate("self.origin") == "null"
    assert page.evaluate("fetch('/api/projects').catch((error) => error.name)") == "TypeError"


def test_t27_a_hostile_plotly_figure(hostile: Callable[..., Page]) -> None:
    page = hostile("plotly")
    frame = frame_of(page, "plotly")
    expect(page.locator(".figure-note")).to_contain_text("Not loaded from outside: http://foreign.example:9")
    assert frame.locator("a[*|href^='javascript']").count() == 0
    assert frame.locator("img[onerror]").count() == 0


def test_t28_a_hostile_vega_specification(hostile: Callable[..., Page]) -> None:
    page = hostile("vega")
    expect(page.locator(".figure-note, .figure-failed").first).to_be_visible()
    assert page.evaluate("window.pwned") is None


def test_t28_a_specification_without_end_is_stopped(hostile: Callable[..., Page]) -> None:
    page = hostile("endless")
    expect(page.locator(".figure-failed")).to_contain_text("not drawn within 5 s")
    assert page.evaluate("1 + 1") == 2
    assert len(page.frames) == 1


def test_a_graph_of_500_layers(look: Callable[..., Page]) -> None:
    page = look("graph")
    expect(page.locator(".graph-words")).to_have_text("500 nodes, 499 edges")
    expect(page.locator(".graph-name").first).to_have_text("layer 0")
    search = page.get_by_role("searchbox", name="Find a node")
    search.fill("layer 499")
    search.press("Enter")
    expect(page.locator(".graph-details")).to_contain_text("num parameters499")
    expect(page.locator(".graph-node-chosen .graph-name")).to_have_text("layer 499")


def test_figures_in_table_cells(look: Callable[..., Page]) -> None:
    page = look("cells")
    stills = page.locator("img.figure-still")
    expect(stills).to_have_count(3, timeout=60_000)
    assert sorted(str(still.get_attribute("alt")) for still in stills.all()) == [
        "Dots",
        "Vega chart",
        "Waves",
    ]
    for still in stills.all():
        assert still.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 200
    # A page stands as it is before its code runs; the browser, which stops none, says nothing on the console.
    page.locator(".html-still").scroll_into_view_if_needed()
    expect(page.frame_locator(".html-still iframe").locator("h1")).to_have_text("A page")
    # A graph, and a figure that can't be drawn, stay words.
    expect(page.locator(".figure-thumb")).to_have_text(["3 nodes, 2 edges", "Vega chart"])
    # One hidden frame for each library, whatever the number of cells.
    assert len([frame for frame in page.frames if "/frames/" in frame.url]) <= 3
    stills.first.click()
    expect(page.locator(".sandbox-frame iframe")).to_have_count(1)  # opened, it is live
