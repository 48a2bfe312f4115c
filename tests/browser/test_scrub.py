"""The scrub bar in a real browser: the clock that charts and pictures of all runs share."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator

import pytest
from charts_store import STEPS, fill
from live_server import LiveServer, serving
from playwright.sync_api import Locator, Page, expect
from waiting import address, next_frames, steady

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


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position of the page")


def readout(page: Page) -> Locator:
    return page.locator(".scrub-text")


def ready(page: Page) -> None:
    """The tracks are here: the bar knows where media is."""
    expect(slider(page)).to_have_attribute("aria-valuemax", re.compile(r"[1-9]"))
    expect(page.locator(".scrub-text")).not_to_be_empty()
    steady(page, lambda: slider(page).get_attribute("aria-valuemax"), operator.eq)


def value(page: Page) -> float:
    return float(slider(page).get_attribute("aria-valuenow") or "nan")


def press(page: Page, keys: str) -> None:
    page.keyboard.press(keys)
    next_frames(page)


def test_keys_go_over_the_steps_that_have_media(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=0")
    ready(page)
    press(page, "]")
    assert value(page) == 100
    press(page, "]")
    assert value(page) == 150, "the run that logs every 150 steps has a step here"
    press(page, "[")
    press(page, "[")
    press(page, "[")
    assert value(page) == 0
    press(page, "Shift+]")
    assert value(page) == 750
    press(page, "Home")
    assert value(page) == 0
    press(page, "End")
    assert value(page) == STEPS - 1
    assert "at" not in address(page), "following the newest is the default"


def test_every_tile_shows_what_the_rule_finds(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=1270")
    ready(page)
    badges = page.locator(".media-panel").get_by_text(re.compile(r"^1,[23]00$"))
    expect(badges.first).to_be_visible()
    page.get_by_role("button", name="Which step a tile shows").click()
    page.get_by_role("menuitemcheckbox", name="nearest").click()
    expect(page.locator(".media-panel").get_by_text("1,300", exact=True).first).to_be_visible()
    assert address(page)["match"] == ["nearest"]


def test_a_typed_position(page: Page) -> None:
    page.goto(WORKSPACE)
    ready(page)
    for typed, stands in (("1,250", 1250), ("1.4k", 1400), ("50%", round((STEPS - 1) / 2 * 2) / 2)):
        readout(page).click()
        page.get_by_role("textbox", name="Position: step").fill(typed)
        page.keyboard.press("Enter")
        expect(slider(page)).to_have_attribute("aria-valuenow", str(stands))
    readout(page).click()
    field = page.get_by_role("textbox", name="Position: step")
    field.fill("abc")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(readout(page)).to_be_visible()


def test_the_slider_speaks_and_takes_arrows(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=300")
    ready(page)
    bar = slider(page)
    expect(bar).to_have_attribute("aria-valuemin", "0")
    expect(bar).to_have_attribute("aria-valuemax", str(STEPS - 1))
    expect(bar).to_have_attribute("aria-valuetext", "step 300")
    bar.focus()
    press(page, "ArrowRight")
    assert value(page) == 400
    press(page, "PageDown")
    assert value(page) == 0


def test_dragging_the_thumb_and_choosing_a_range(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=0")
    ready(page)
    box = slider(page).bounding_box()
    assert box
    inner = box["width"] - 16
    page.mouse.move(box["x"] + 8, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 + inner / 2, box["y"] + 14, steps=5)
    page.mouse.up()
    assert value(page) == pytest.approx(STEPS / 2, abs=15)
    # on the numbers below, a drag chooses the range that plays
    page.mouse.move(box["x"] + 8 + inner * 0.2, box["y"] + 34)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 + inner * 0.4, box["y"] + 34, steps=5)
    page.mouse.up()
    low, high = (float(end) for end in address(page)["range"][0].split(".."))
    assert low == pytest.approx(600, abs=15)
    assert high == pytest.approx(1200, abs=15)
    expect(page.locator(".scrub-interval")).to_contain_text("plays")
    page.get_by_role("button", name="Play all steps").click()
    assert "range" not in address(page)


def test_play_keeps_to_the_range_and_stops_at_its_end(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=100&range=200..450&speed=16")
    ready(page)
    page.evaluate(
        """() => {
          const bar = document.querySelector('[role=slider][aria-label="Position of the page"]');
          window.stood = [];
          new MutationObserver(() => window.stood.push(Number(bar.getAttribute("aria-valuenow"))))
            .observe(bar, { attributes: true, attributeFilter: ["aria-valuenow"] });
        }"""
    )
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause (Space)")).to_be_visible()
    expect(page.get_by_role("button", name="Play (Space)")).to_be_visible()
    stood = list(dict.fromkeys(page.evaluate("window.stood")))
    assert stood == [200, 300, 400, 450]


def test_play_loops(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=400&range=200..450&speed=16&loop=true")
    ready(page)
    page.keyboard.press("Space")
    expect(slider(page)).to_have_attribute("aria-valuenow", "450")
    expect(slider(page)).to_have_attribute("aria-valuenow", "200")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play (Space)")).to_be_visible()


def test_another_axis_stays_at_the_same_moment(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=1200")
    ready(page)
    page.get_by_role("button", name="Axis of the page").click()
    page.get_by_role("menuitemcheckbox", name="epoch").click()
    expect(readout(page)).to_contain_text("epoch 12")
    assert address(page)["axis"] == ["epoch"]
    page.get_by_role("button", name="Axis of the page").click()
    page.get_by_role("menuitemcheckbox", name="relative time").click()
    expect(readout(page)).to_contain_text("20:00 of")
    expect(page.locator(".media-panel").get_by_text("1,200", exact=True).first).to_be_visible()


def test_following_the_newest_and_staying(page: Page) -> None:
    page.goto(WORKSPACE)
    ready(page)
    follow = page.get_by_role("button", name=re.compile("newest step"))
    expect(follow).to_have_attribute("aria-pressed", "true")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "false")
    assert address(page)["at"] == [str(STEPS - 1)]
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")


def test_the_view_is_in_the_address(page: Page) -> None:
    page.goto(f"{WORKSPACE}?at=450&match=exact&range=300..900&axis=step&loop=true")
    ready(page)
    expect(slider(page)).to_have_attribute("aria-valuenow", "450")
    expect(page.get_by_role("button", name="Which step a tile shows")).to_contain_text("exact")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".scrub-interval")).to_contain_text("300–900")
