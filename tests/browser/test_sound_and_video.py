"""Sounds and videos in a real browser: what plays, what is heard, what is drawn, what is said of the rest."""

from __future__ import annotations

import operator
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fill_av import COLORS, FPS, FRAMES
from live_server import LiveServer, sdk_environ, serving
from playwright.sync_api import Locator, Page, expect
from waiting import steady, until, until_true

OpenPage = Callable[..., Page]

_MIDDLE = """element => {
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext("2d");
  context.drawImage(element, 0, 0, 8, 8);
  return [...context.getImageData(4, 4, 1, 1).data].slice(0, 3);
}"""
# Sounds are played by elements that are in no document: each is noted down when it is made.
_NOTE_SOUNDS = """window.sounds = [];
const Real = window.Audio;
window.Audio = function () { const made = new Real(...arguments); window.sounds.push(made); return made; };"""


@pytest.fixture(scope="module")
def av_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/av: see fill_av.py."""
    store = tmp_path_factory.mktemp("av") / "store"
    script = Path(__file__).with_name("fill_av.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, av_store: LiveServer) -> Callable[..., Page]:
    """Opens the workspace with only the panels that match."""

    def open_workspace(panels: str, query: str = "", **options: Any) -> Page:
        page = open_page(av_store, **options)
        page.add_init_script(_NOTE_SOUNDS)
        page.goto(f"/lab/av?panels=/^({panels})$/&{query}")
        expect(tiles(page).first).to_be_visible()
        return page

    return open_workspace


def tiles(page: Page) -> Locator:
    return page.locator("[data-tile][data-step]")


def is_shown(element: Locator, wanted: tuple[int, ...]) -> bool:
    return is_color(color_shown(element), wanted)


def color_shown(element: Locator) -> tuple[int, ...]:
    return tuple(element.evaluate(_MIDDLE))


def is_color(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 12 for a, b in zip(found, expected, strict=True))


def away(page: Page) -> None:
    page.mouse.move(5, 5)


def test_a_poster_first_and_a_video_while_somebody_points_at_it(look: Callable[..., Page]) -> None:
    page = look("clips")
    expect(page.locator(".video-poster")).to_have_count(2)
    assert page.locator("video").count() == 0, "nothing is loaded before somebody wants it"
    assert is_color(color_shown(page.locator(".video-poster").first), COLORS[0])
    tiles(page).first.hover()
    until_true(page, "document.querySelector('video')?.currentTime > 0.15")
    video = page.locator("video")
    expect(video).to_have_count(1)
    assert video.evaluate("video => video.muted")
    away(page)
    expect(video).to_have_count(0)


def test_a_click_keeps_it_going_also_at_other_steps(look: Callable[..., Page]) -> None:
    page = look("clips", "at=1")
    page.get_by_role("button", name="Play clip 0").press("Enter")
    expect(page.locator(".video-playing")).to_be_focused()
    until_true(page, "document.querySelector('video')?.currentTime > 0.15")
    page.keyboard.press("]")
    expect(tiles(page).first).to_have_attribute("data-step", "2")
    until_true(
        page, "document.querySelector('video')?.currentTime > 0.05 && !document.querySelector('video').paused"
    )


def test_stepping_shows_exactly_the_next_frame(look: Callable[..., Page]) -> None:
    page = look("clips")
    tiles(page).first.dblclick()
    video = page.locator(".full video")
    until_true(page, "document.querySelector('.full video')?.readyState >= 2")
    expect(page.locator(".video-playing")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("k") if not video.evaluate("video => video.paused") else None
    page.keyboard.press("Home")
    for frame in range(1, 6):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".video-time")).to_contain_text(f"{frame + 1}/{FRAMES}")
        until_true(page, "!document.querySelector('.full video').seeking")
        wanted = COLORS[frame % len(COLORS)]
        until(page, partial(is_shown, video, wanted), f"frame {frame}")
        assert abs(video.evaluate("video => video.currentTime") - (frame + 0.5) / FPS) < 0.01
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".video-time")).to_contain_text(f"5/{FRAMES}")
    page.keyboard.press("<")
    expect(page.locator(".video-speed")).to_have_text("0.5×")
    page.keyboard.press("PageDown")
    expect(page.locator(".full-count")).to_have_text("2 of 2")
    page.keyboard.press("Escape")
    expect(page.locator(".full")).to_have_count(0)


def test_all_videos_of_the_page_play_together(look: Callable[..., Page]) -> None:
    page = look("clips|gif")
    page.get_by_role("button", name="Play all videos of the page together").first.click()
    away(page)
    expect(page.locator("video")).to_have_count(2)
    expect(page.locator("canvas.video-picture")).to_have_count(1)
    until_true(page, f"document.querySelectorAll('video')[0].currentTime > {FRAMES / FPS / 2 + 0.2}")
    # The shorter one waits at its end for the longer one.
    until_true(
        page,
        "(([a, b]) => b.paused && b.currentTime > 0.9 && !a.paused && a.currentTime > 1.1)"
        "(document.querySelectorAll('video'))",
    )
    until_true(page, "document.querySelectorAll('video')[0].currentTime < 0.6")
    until_true(page, "!document.querySelectorAll('video')[1].paused")
    page.get_by_role("button", name="Stop playing all videos").first.click()
    expect(page.locator("video")).to_have_count(0)


def test_a_gif_can_be_stopped_and_stepped(look: Callable[..., Page]) -> None:
    page = look("gif")
    tiles(page).first.dblclick()
    expect(page.locator(".video-seen")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("Home")
    canvas = page.locator(".full canvas")
    for frame in range(1, 5):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".video-time")).to_contain_text(f"{frame + 1}/{FRAMES}")
        assert color_shown(canvas) == COLORS[frame % len(COLORS)]


def test_one_sound_at_a_time_and_none_before_a_click(look: Callable[..., Page]) -> None:
    page = look("tones")
    assert page.evaluate("sounds.length") == 0
    page.get_by_role("button", name="Play mono").click()
    until_true(page, "sounds[0]?.currentTime > 0.1")
    page.get_by_role("button", name="Play stereo").click()
    until_true(page, "sounds[1]?.currentTime > 0.1 && sounds[0].paused")
    wave = page.get_by_role("slider", name="Position in stereo")
    box = wave.bounding_box()
    assert box is not None
    wave.press("End")
    until_true(page, "sounds[1].paused")
    wave.click(position={"x": box["width"] * 0.25, "y": 10})
    until(page, lambda: abs(float(wave.get_attribute("aria-valuenow") or 0) - 0.5) < 0.1, "half a second")
    until_true(page, "sounds[1].paused")
    wave.press("End")
    expect(wave).to_have_attribute("aria-valuenow", "2")
    wave.press("Home")
    expect(wave).to_have_attribute("aria-valuenow", "0")


def test_outlines_are_drawn_in_both_themes(look: Callable[..., Page]) -> None:
    drawn = {}
    for scheme in ("light", "dark"):
        page = look("tones", color_scheme=scheme)
        canvas = page.locator(".audio-canvas").first
        until_true(page, "document.querySelector('.audio-canvas').width > 100")
        read = """canvas => {
              const { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, height / 2 - 12, width, 1);
              let count = 0, sum = 0;
              for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3] > 128) { count += 1; sum += data[at]; }
              }
              return [count / canvas.width, sum / Math.max(1, count)];
            }"""
        drawn[scheme] = steady(page, partial(canvas.evaluate, read), operator.eq)
    assert drawn["light"][0] > 0.9
    assert drawn["dark"][0] > 0.9
    assert drawn["dark"][1] > drawn["light"][1] + 10


def test_the_spectrogram_shows_the_tone_at_its_height(look: Callable[..., Page]) -> None:
    page = look("tones", "at=0")
    page.locator("[data-tile]").nth(1).get_by_role("button", name=re.compile("Full view")).click()
    canvas = page.locator(".scope-stage canvas[data-drawn=yes]")
    expect(canvas).to_be_visible()
    read = """canvas => {
          const stage = canvas.height / devicePixelRatio - 22, top = Math.round(stage * 0.36);
          const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, 0, 1, canvas.height);
          const brightness = y => data[4 * y] + data[4 * y + 1] + data[4 * y + 2];
          const height = Math.floor((stage - top) / 2) - 3;
          return [top, top + (stage - top) / 2].map(start =>
            Array.from({ length: height }, (_, y) => brightness(Math.round(start) + y)));
        }"""
    lanes = steady(page, partial(canvas.evaluate, read), operator.eq)
    places = [1 - lane.index(min(lane)) / len(lane) for lane in lanes]
    # 1 and 3 kHz of 8 kHz, one lane for each channel.
    assert abs(places[0] - 1 / 8) < 0.04
    assert abs(places[1] - 3 / 8) < 0.04


def test_zooming_and_seeking_in_the_near_view(look: Callable[..., Page]) -> None:
    page = look("tones")
    page.locator("[data-tile]").first.get_by_role("button", name=re.compile("Full view")).click()
    expect(page.locator(".audio-full")).to_be_focused()
    window = page.locator(".scope-window")
    before = window.bounding_box()
    page.get_by_role("button", name=re.compile("^Zoom in")).click()
    page.get_by_role("button", name=re.compile("^Zoom in")).click()
    after = window.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] / 4, rel=0.05)
    page.locator(".scope-stage").click(position={"x": 400, "y": 60})
    expect(page.locator(".scope-playhead")).to_be_visible()
    page.get_by_label("frequency").select_option("log")
    expect(page.locator(".scope-stage canvas[data-drawn=yes]")).to_be_visible()
    page.get_by_role("button", name="Show the whole sound").click()
    whole = window.bounding_box()
    assert whole is not None
    assert whole["width"] == pytest.approx(before["width"], rel=0.01)
    page.keyboard.press("Escape")
    expect(page.locator(".full")).to_have_count(0)


@pytest.mark.parametrize("key", ["doubles", "slow"])
def test_what_browsers_cannot_play_is_heard_through_its_preview(look: Callable[..., Page], key: str) -> None:
    page = look(key)
    page.get_by_role("button", name="Play sound").click()
    until_true(page, "sounds[0]?.currentTime > 0.1")
    expected = {"doubles": 2, "slow": 10}[key]
    assert page.evaluate("sounds[0].duration") == pytest.approx(expected, rel=0.02)


def test_the_inspector_offers_only_what_the_selected_tile_has(look: Callable[..., Page]) -> None:
    page = look("tones")
    tile = page.get_by_role("region", name="Selected tile")
    tiles(page).first.locator(".audio-foot").click()
    facts = tile.locator("dt")
    expect(facts.get_by_text("step", exact=True)).to_be_visible()
    expect(facts.get_by_text("pixel", exact=True)).to_have_count(0)  # a sound has none
    full = tile.get_by_role("button", name="Full view")
    full.click()
    expect(page.locator(".full")).to_be_visible()
    expect(full).to_have_count(0)  # it is there already
    page.keyboard.press("Escape")
    expect(full).to_be_visible()


def test_what_cannot_be_read_says_so_and_can_be_downloaded(look: Callable[..., Page]) -> None:
    page = look("broken|silent")
    expect(page.get_by_text("the video can't be read: it begins like mp4")).to_be_visible()
    expect(page.get_by_text("the sound can't be read: its first bytes")).to_be_visible()
    links = page.locator("a.media-download")
    expect(links).to_have_count(2)
    for link in links.all():
        reply = page.request.get(link.evaluate("link => link.href"))
        assert reply.status == 200
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_has_vanished_is_told(look: Callable[..., Page]) -> None:
    page = look("clips")
    page.route("**/api/blobs/**", lambda route: route.fulfill(status=404, body=""))
    tiles(page).nth(1).click()
    expect(page.get_by_role("alert")).to_contain_text("can't play this mp4")
