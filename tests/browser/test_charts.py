"""Charts in a real browser: drawn, read, zoomed, overridden, downloaded; and what stands where nothing is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from charts_store import HEIGHTS, LAST, SELDOM_STEP, SPIKE_STEP, STEPS, fill, loss
from live_server import LiveServer, serving
from playwright.sync_api import Locator, Page, Request, Route, expect
from waiting import address, until

WORKSPACE = "/lab/curves"


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    store = tmp_path_factory.mktemp("curves") / "store"
    fill(store)
    with serving(store) as found:
        yield found


@pytest.fixture
def page(open_page: Callable[..., Page], curves: LiveServer) -> Page:
    return open_page(curves)


def chart(page: Page, key: str) -> Locator:
    return page.get_by_role("region", name=key, exact=True).and_(page.locator(".chart"))


def plot(page: Page, key: str) -> Locator:
    return chart(page, key).locator(".u-over")


def drawn(page: Page, key: str) -> None:
    """Wait until the chart has its values and has put them on its canvas."""
    expect(chart(page, key).locator(".chart-values")).not_to_be_empty()
    page.evaluate(
        """(key) => new Promise((done) => {
          const all = () => performance.getEntriesByName("diorama:chart-draw");
          const isDrawn = () => all().some((one) => one.detail.key === key);
          const look = () => (isDrawn() ? done() : requestAnimationFrame(look));
          look();
        })""",
        key,
    )


def place(page: Page, key: str, share_x: float, share_y: float = 0.5) -> tuple[float, float]:
    found = plot(page, key)
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box
    return box["x"] + share_x * box["width"], box["y"] + share_y * box["height"]


def colours_in(page: Page, key: str, *, rows: str) -> int:
    """How many pixels of the curves' canvas are coloured, in "all" rows or those at the "bottom"."""
    found: int = page.evaluate(
        """([key, rows]) => {
          const canvas = document.querySelector(`section[aria-label="${key}"] .uplot canvas`);
          const over = document.querySelector(`section[aria-label="${key}"] .u-over`);
          const ratio = devicePixelRatio;
          const bottom = (over.offsetTop + over.offsetHeight) * ratio;
          const from = rows === "bottom" ? bottom - 8 * ratio : 0;
          const { data } = canvas.getContext("2d").getImageData(0, from, canvas.width, bottom - from);
          let found = 0;
          for (let i = 0; i < data.length; i += 4) {
            const [r, g, b] = data.subarray(i, i + 3);
            const spread = Math.max(r, g, b) - Math.min(r, g, b);
            if (data[i + 3] > 128 && spread > 60) found++;
          }
          return found;
        }""",
        [key, rows],
    )
    return found


def test_curves_and_last_values(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "loss")
    values = chart(page, "loss").locator(".chart-values")
    for run in HEIGHTS:
        steps = STEPS // 2 if run == "short" else STEPS
        expect(values).to_have_attribute("title", re.compile(rf"{run}: {loss(run, steps - 1):.4g}"))
    assert colours_in(page, "loss", rows="all") > 300


def test_a_metric_that_every_run_logged_once_is_a_bar_for_each(page: Page) -> None:
    page.goto(WORKSPACE)
    bars = chart(page, "val/last").get_by_role("list", name="A value for each run").get_by_role("listitem")
    expect(bars).to_have_count(3)
    found = {}
    for bar in bars.all():
        [name, reading] = (bar.get_attribute("title") or "").split("\n")
        style = bar.locator(".bars-bar").evaluate("({ style: { left, width } }) => [left, width]")
        found[name] = (reading, bar.locator(".bars-value").inner_text(), *style)
        dot = page.get_by_role("button", name=f"Colour of {name}").locator(".dot")
        colours = [
            element.evaluate("element => getComputedStyle(element).backgroundColor")
            for element in (dot, bar.locator(".bars-bar"))
        ]
        assert colours[0] == colours[1], name
    share = LAST["late"] / (LAST["late"] - LAST["early"]) * 100
    zero, all_the_rest = f"{share:.4f}%", f"{100 - share:.4f}%"
    assert found == {
        "early": ("0.5 at step 9", "0.5", zero, all_the_rest),
        "late": ("−0.25 at step 9", "−0.25", "0%", zero),
        "short": ("NaN at step 9", "NaN", "0%", "0%"),
    }
    # A lone value fills its track.
    expect(chart(page, "once").locator(".bars-value")).to_have_text("0.25")
    assert chart(page, "once").locator(".bars-bar").evaluate("({ style }) => style.width") == "100%"


def test_one_point_among_curves_is_drawn_as_a_dot(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "val/seldom")
    expect(chart(page, "val/seldom").get_by_role("list", name="A value for each run")).to_have_count(0)
    share = SELDOM_STEP / (STEPS - 100)
    until(page, lambda: len(lines_at(page, "val/seldom", share)) == 2, "the dot above the curve")
    [(dot, _), (curve, _)] = lines_at(page, "val/seldom", share)
    assert dot < 0.2 < 0.8 < curve
    assert len(lines_at(page, "val/seldom", share + 0.1)) == 1


def test_the_pointer_reads_all_charts_at_once(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "loss")
    drawn(page, "epoch")
    page.mouse.move(*place(page, "loss", 0.25))
    tip = page.locator(".chart-tooltip")
    expect(tip.locator(".chart-tooltip-title")).to_have_text(re.compile(r"step 7[0-9][0-9]"))
    title = tip.locator(".chart-tooltip-title").inner_text()
    step = int(title.removeprefix("step ").replace(",", ""))
    # sorted by value, exact once the pointer rests
    expect(tip.locator(".chart-tooltip-name")).to_have_text(["short", "late", "early"])
    expect(tip.locator(".chart-tooltip-value").first).to_have_text(f"{loss('short', step):.4g}")
    expect(tip.locator(".chart-tooltip-nearest")).to_have_count(1)
    expect(chart(page, "epoch").locator(".chart-values")).to_have_attribute(
        "title", re.compile("values at step 7")
    )
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    expect(chart(page, "epoch").locator(".chart-values")).to_have_attribute(
        "title", re.compile("last values")
    )


def test_a_spike_never_vanishes_and_a_click_on_it_moves_the_clock(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "loss")
    top_pixels = page.evaluate(
        """() => {
          const canvas = document.querySelector('section[aria-label="loss"] .uplot canvas');
          const over = document.querySelector('section[aria-label="loss"] .u-over');
          const ratio = devicePixelRatio;
          const height = over.offsetHeight * ratio * 0.4;
          const [left, top] = [over.offsetLeft * ratio, over.offsetTop * ratio];
          const width = over.offsetWidth * ratio;
          const image = canvas.getContext("2d").getImageData(left, top, width, height);
          const columns = new Set();
          for (let i = 0; i < image.data.length; i += 4) {
            const [r, g, b] = image.data.subarray(i, i + 3);
            if (Math.max(r, g, b) - Math.min(r, g, b) > 12) columns.add((i / 4) % image.width);
          }
          return [...columns].map((column) => column / image.width);
        }"""
    )
    assert top_pixels, "the spike is not drawn"
    share = SPIKE_STEP / (STEPS - 1)
    assert all(abs(found - share) < 0.02 for found in top_pixels)
    page.mouse.click(*place(page, "loss", share))
    page.wait_for_url(re.compile(r"[?&]at=12[0-9]{2}"))
    expect(page.locator(".scrub-text")).to_contain_text(re.compile(r"step 1,2[0-9][0-9]"))


def test_dragging_zooms_and_fetches_finer_curves(page: Page) -> None:
    asked: list[dict[str, Any]] = []

    def keep(request: Request) -> None:
        if request.url.endswith("/api/series"):
            asked.append(request.post_data_json or {})

    page.on("request", keep)
    page.goto(WORKSPACE)
    drawn(page, "loss")
    page.mouse.move(*place(page, "loss", 0.2))
    page.mouse.down()
    page.mouse.move(*place(page, "loss", 0.3), steps=4)
    with page.expect_request(
        lambda request: (
            request.url.endswith("/api/series") and (request.post_data_json or {}).get("x_min") is not None
        )
    ):
        page.mouse.up()
    page.wait_for_url(re.compile("xzoom="))
    low, high = (float(end) for end in address(page)["xzoom"][0].split(".."))
    assert low == pytest.approx(600, abs=30)
    assert high == pytest.approx(900, abs=30)
    # (a pointer that rests asks for single values, with many more buckets than a chart)
    finer = [each for each in asked if each.get("x_min") is not None and each["buckets"] <= 4096]
    assert finer
    assert all(each["x_min"] < low and each["x_max"] > high for each in finer)
    # all charts of the page show the same part
    expect(page.locator(".scrub-interval")).to_contain_text("charts")
    page.mouse.dblclick(*place(page, "loss", 0.5))
    expect(page.locator(".scrub-interval")).to_have_count(0)
    assert "xzoom" not in address(page)
    assert "at" not in address(page), "a double click is not a click"


def test_what_a_log_axis_hides_is_counted(page: Page) -> None:
    page.goto(f"{WORKSPACE}?logy=true")
    drawn(page, "val/gain")
    # 5 values below zero and the zero itself, in each of three runs
    expect(chart(page, "val/gain").get_by_role("note")).to_have_text(
        "18 points with y ≤ 0 not shown on the log axis"
    )


def test_values_that_are_no_numbers_are_marked(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "val/gain")
    drawn(page, "epoch")
    assert colours_in(page, "val/gain", rows="bottom") > 8
    reading = chart(page, "val/gain").locator(".chart-values")
    page.mouse.move(*place(page, "val/gain", 1000 / 2900))
    expect(reading).to_contain_text("NaN")


def test_settings_of_the_page_and_of_one_chart(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "loss")
    page.get_by_role("button", name="Settings of all charts").first.click()
    form = page.get_by_role("dialog", name="Settings of all charts")
    form.get_by_role("radio", name="EMA").click()
    page.wait_for_url(re.compile("smooth=ema"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Settings of all charts").first).to_contain_text("smoothing 0.6")
    chart(page, "loss").hover()
    chart(page, "loss").get_by_role("button", name="Settings of this chart").click()
    own = page.get_by_role("dialog", name="Settings of loss")
    own.get_by_role("radio", name="None").click()
    page.wait_for_url(re.compile("charts="))
    expect(chart(page, "loss").get_by_role("img", name="Has its own settings")).to_be_visible()
    page.reload()
    expect(chart(page, "loss").get_by_role("img", name="Has its own settings")).to_be_visible()
    expect(chart(page, "epoch").get_by_role("img", name="Has its own settings")).to_have_count(0)


def test_full_size_by_button_arrows_and_escape(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "epoch")
    chart(page, "epoch").hover()
    chart(page, "epoch").get_by_role("button", name="Full size").click()
    stage = page.get_by_role("region", name=re.compile("in full size"))
    expect(stage).to_have_attribute("aria-label", "epoch in full size")
    expect(stage.locator(".chart-legend-run")).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_attribute("aria-label", "loss in full size")
    assert address(page)["chart"] == ["loss"]
    expect(page.get_by_role("slider", name="Position of the page")).to_be_visible()
    page.keyboard.press("Escape")
    expect(stage).to_have_count(0)


def test_the_arrows_of_the_full_size_pass_over_what_the_search_hides(page: Page) -> None:
    page.goto(f"{WORKSPACE}?panels=/gain|loss/&chart=val/gain")
    stage = page.get_by_role("region", name=re.compile("in full size"))
    expect(stage.locator(".chart-stage-count")).to_have_text("1 of 2 charts")
    expect(stage.get_by_role("button", name="Previous chart")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_attribute("aria-label", "loss in full size")
    expect(stage.locator(".chart-stage-count")).to_have_text("2 of 2 charts")
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_attribute("aria-label", "loss in full size")
    page.keyboard.press("ArrowLeft")
    expect(stage).to_have_attribute("aria-label", "val/gain in full size")


def test_a_reload_keeps_the_panel_that_was_scrolled_to(page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 500})
    page.goto(WORKSPACE)
    target = chart(page, "epoch")

    def below_the_top() -> float:
        top = page.locator(".sections").bounding_box()
        box = target.bounding_box()
        return box["y"] - top["y"] if box and top else float("nan")

    target.scroll_into_view_if_needed()
    drawn(page, "epoch")

    def is_kept_there() -> bool:
        """Scrolls there again if panels above have grown meanwhile."""
        by = below_the_top() + 30
        if abs(by) >= 1:
            page.locator(".sections").evaluate("(page, by) => { page.scrollTop += by; }", by)
        kept = page.evaluate("Object.values({ ...sessionStorage })")
        return abs(by) < 1 and '["epoch",30]' in kept

    until(page, is_kept_there, "30 pixels of the chart above the top")
    page.reload()
    until(page, lambda: abs(below_the_top() + 30) < 2, "the place where the page was")


def test_downloads(page: Page) -> None:
    page.goto(WORKSPACE)
    drawn(page, "loss")
    chart(page, "loss").hover()
    chart(page, "loss").get_by_role("button", name="More for this chart").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name="Download CSV").click()
    path = waiting.value.path()
    rows = path.read_text().splitlines()
    assert waiting.value.suggested_filename == "loss.csv"
    assert rows[0] == "run,step,loss"
    assert len(rows) == 1 + 2 * STEPS + STEPS // 2
    assert f"early,{SPIKE_STEP},{loss('early', SPIKE_STEP)!r}" in rows
    chart(page, "loss").hover()
    chart(page, "loss").get_by_role("button", name="More for this chart").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name="Download PNG").click()
    assert waiting.value.path().read_bytes().startswith(b"\x89PNG")


def test_failure_says_so_and_retry_mends_it(page: Page) -> None:
    is_broken = True

    def answer(route: Route) -> None:
        if is_broken:
            route.fulfill(status=503, json={"code": "busy", "message": "The store is busy.", "hint": "Wait."})
        else:
            route.continue_()

    page.route("**/api/series", answer)
    page.goto(WORKSPACE)
    expect(chart(page, "loss").get_by_role("alert")).to_contain_text("The store is busy.")
    is_broken = False
    chart(page, "loss").get_by_role("button", name="Try again").click()
    drawn(page, "loss")
    expect(chart(page, "loss").get_by_role("alert")).to_have_count(0)


def test_no_selected_run_has_the_metric(page: Page, curves: LiveServer) -> None:
    page.goto(f"{WORKSPACE}?chart=once")
    stage = page.get_by_role("region", name="once in full size")
    expect(stage.locator(".chart-values")).to_have_text("0.25")
    page.get_by_role("button", name="Hide early").click()
    expect(stage.get_by_text("No selected run has this metric")).to_be_visible()


def test_an_axis_that_was_never_logged_is_named(page: Page) -> None:
    page.goto(f"{WORKSPACE}?axis=nosuch")
    expect(chart(page, "loss").get_by_text("Nothing of it was logged with nosuch")).to_be_visible()
    expect(page.locator(".scrub-text")).to_have_text("nothing logged with nosuch")


def test_limits_of_y_that_make_no_sense_are_said_and_kept_out_of_the_address(page: Page) -> None:
    page.goto(f"{WORKSPACE}?y=0..9")
    drawn(page, "loss")
    page.get_by_role("button", name="Settings of all charts").click()
    form = page.get_by_role("dialog", name="Settings of all charts")
    for name, text, words in (
        ("Y to", "-2", "From must be less than To."),
        ("Y from", "abc", "From is no number."),
    ):
        form.get_by_label(name).fill(text)
        form.get_by_label(name).press("Enter")
        expect(form.get_by_role("alert")).to_have_text(words)
    form.get_by_label("Y from").fill("-5")
    form.get_by_label("Y from").press("Enter")
    expect(form.get_by_role("alert")).to_have_count(0)
    until(page, lambda: address(page).get("y") == ["-5..-2"])


def test_other_axes(page: Page) -> None:
    for axis, named in (("epoch", "epoch 29.99"), ("relative", "50:00 of 50:00"), ("time", "2023-11-1")):
        page.goto(f"{WORKSPACE}?axis={axis}")
        drawn(page, "loss")
        expect(page.locator(".scrub-text")).to_contain_text(named)
        assert colours_in(page, "loss", rows="all") > 300


def test_system_charts_of_a_run(page: Page) -> None:
    page.goto(f"{WORKSPACE}/runs/early/system")
    expect(chart(page, "cpu").locator(".chart-values")).to_have_text("79")
    expect(page.get_by_role("heading", name=re.compile("^CPU"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^Memory"))).to_be_visible()


def test_a_new_value_appears_by_itself(page: Page, curves: LiveServer) -> None:
    script = "\n".join(
        [
            "import diorama",
            "run = diorama.init(entity='lab', project='now', id='now')",
            "run.log({'live': %d})",
            "run.finish()",
        ]
    )
    subprocess.run([sys.executable, "-c", script % 1], env=curves.environ, check=True, timeout=60)
    page.goto("/lab/now")
    values = chart(page, "live").locator(".chart-values")
    expect(values).to_have_text("1")
    more = script.replace("id='now'", "id='now', resume='must'") % 42
    subprocess.run([sys.executable, "-c", more], env=curves.environ, check=True, timeout=60)
    expect(values).to_have_text("42")


RESUME = """
import diorama
run = diorama.init(entity="lab", project="resumed", id="one")
for step in range(400):
    run.log({"loss": 1 if step else 0})
run.finish()
run = diorama.init(entity="lab", project="resumed", id="one", resume="must")
for step in range(250, 600):
    run.log({"loss": 2 if step < 599 else 3}, step=step)
run.finish()
"""


def lines_at(page: Page, key: str, share_x: float) -> list[tuple[float, int]]:
    """The lines that cross a column of a chart, from the top: (share of the height, how coloured: 0..255)."""
    found: list[list[float]] = page.evaluate(
        """([key, share]) => {
          const canvas = document.querySelector(`section[aria-label="${key}"] .uplot canvas`);
          const over = document.querySelector(`section[aria-label="${key}"] .u-over`);
          const ratio = devicePixelRatio;
          const x = Math.round((over.offsetLeft + share * over.offsetWidth) * ratio);
          const [top, height] = [over.offsetTop * ratio, over.offsetHeight * ratio];
          const { data } = canvas.getContext("2d").getImageData(x, top, 1, height);
          const lines = [];
          let isIn = false;
          for (let y = 0; y < height; y++) {
            const [r, g, b, a] = data.subarray(4 * y, 4 * y + 4);
            // What is see-through has the full colour: how much of it is seen counts.
            const color = Math.round((Math.max(r, g, b) - Math.min(r, g, b)) * a / 255);
            if (color > 15 && !isIn) lines.push([y / height, color]);
            else if (color > 15) lines.at(-1)[1] = Math.max(lines.at(-1)[1], color);
            isIn = color > 15;
          }
          return lines;
        }""",
        [key, share_x],
    )
    return [(height, int(color)) for height, color in found]


def test_a_resumed_run_shows_the_later_session_and_the_earlier_one_faintly(
    page: Page, curves: LiveServer
) -> None:
    subprocess.run([sys.executable, "-c", RESUME], env=curves.environ, check=True, timeout=120)
    page.goto("/lab/resumed")
    expect(chart(page, "loss").locator(".chart-values")).to_have_text("3")
    drawn(page, "loss")
    overlap, before, after = 325 / 599, 100 / 599, 500 / 599
    until(page, lambda: len(lines_at(page, "loss", overlap)) == 2, "both sessions, where both logged")
    (_, later), (_, earlier) = lines_at(page, "loss", overlap)
    assert 0 < earlier < 0.7 * later
    [(first, first_color)] = lines_at(page, "loss", before)
    [(second, second_color)] = lines_at(page, "loss", after)
    assert second < first, "the later session logged the higher value"
    assert first_color > 0.7 * later
    assert second_color > 0.7 * later
    page.get_by_role("button", name="Settings of all charts").first.click()
    page.get_by_text("also what a later session replaced, faintly").click()
    page.keyboard.press("Escape")
    until(page, lambda: len(lines_at(page, "loss", overlap)) == 1, "the later session alone")
    [(left, _)] = lines_at(page, "loss", overlap)
    assert abs(left - second) < 0.02
    assert address(page)["replaced"] == ["false"]
