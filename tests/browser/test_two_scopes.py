"""Two scopes of two projects on one page: neither disturbs the other, the URL keeps both.

The page is web/proofs/two-scopes.html, which the shipped UI does not hold: it is built here and put in the
place of the project's page, in front of the real server.
"""

from __future__ import annotations

import mimetypes
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from live_server import LiveServer, sdk_environ, serving
from playwright.sync_api import Locator, Page, Route, expect
from test_media import pixels_when, settled_pixels
from waiting import address

ROOT = Path(__file__).parents[2]
BUILD_LIMIT_SECS = 300


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page of two scopes, with its scripts beside it."""
    folder = tmp_path_factory.mktemp("proof")
    build = [sys.executable, str(ROOT / "scripts" / "build_ui.py")]
    subprocess.run(
        [*build, "npm", "run", "--silent", "proof", "--", "--outDir", str(folder)],
        check=True,
        timeout=BUILD_LIMIT_SECS,
    )
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own: its store has the project lab/scenes, and lab/elsewhere with the same runs."""
    store = tmp_path_factory.mktemp("scopes") / "store"
    for project in ("scenes", "elsewhere"):
        fill = [sys.executable, str(Path(__file__).with_name("fill_store.py")), project]
        subprocess.run(fill, env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def page(open_page: Callable[..., Page], server: LiveServer, proof: Path) -> Page:
    page = open_page(server, viewport={"width": 2400, "height": 1000})

    def answer(route: Route) -> None:
        if route.request.resource_type == "document":
            route.fulfill(path=proof / "proofs" / "two-scopes.html")
        else:
            path = proof / urlsplit(route.request.url).path.removeprefix("/proof/")
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            route.fulfill(path=path, content_type=kind)

    page.route(re.compile(r"/lab/scenes(\?|$)"), answer)
    page.route(re.compile(r"/proof/"), answer)
    return page


def side(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def runs(scope: Locator) -> Locator:
    return scope.get_by_role("listbox", name="Runs").get_by_role("option")


def slider(scope: Locator) -> Locator:
    return scope.get_by_role("slider", name="Position of the page")


def canvas(scope: Locator, uid: int) -> Locator:
    """The first picture of the run."""
    return scope.locator(f'[data-tile="{uid}:0:val/scenes"] canvas')


def uid_of(page: Page, server: LiveServer, name: str, project: str) -> int:
    reply = page.request.get(f"{server.url}/api/projects/lab/{project}/runs").json()
    return next(int(run["uid"]) for run in reply["runs"] if run["name"] == name)


def test_neither_scope_disturbs_the_other_and_both_are_in_the_url(page: Page, server: LiveServer) -> None:
    wide = {
        "Left": uid_of(page, server, "wide", "scenes"),
        "Right": uid_of(page, server, "wide", "elsewhere"),
    }
    page.goto("/lab/scenes?panels=scenes&b.panels=scenes")
    left, right = side(page, "Left"), side(page, "Right")
    for scope in (left, right):
        expect(runs(scope)).to_have_count(3)
        expect(slider(scope)).to_have_attribute("aria-valuenow", "59")
    before = {name: settled_pixels(canvas(side(page, name), wide[name])) for name in ("Left", "Right")}
    assert np.array_equal(before["Left"], before["Right"])

    # Other runs at the left ...
    left.get_by_label("Filter runs", exact=True).fill("tag:base lr > 0.05")
    expect(runs(left)).to_have_count(1)
    # ... another clock at the right ...
    slider(right).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(slider(right)).to_have_attribute("aria-valuenow", "40")
    # ... and other overlays at the left.
    left.get_by_role("button", name="Hide the mask prediction").click()
    left_canvas, right_canvas = canvas(left, wide["Left"]), canvas(right, wide["Right"])
    unmasked = pixels_when(left_canvas, lambda pixels: not np.array_equal(pixels, before["Left"]))
    earlier = pixels_when(right_canvas, lambda pixels: not np.array_equal(pixels, before["Right"]))

    def expect_all() -> None:
        expect(runs(left)).to_have_count(1)
        expect(runs(right)).to_have_count(3)
        expect(slider(left)).to_have_attribute("aria-valuenow", "59")
        expect(slider(right)).to_have_attribute("aria-valuenow", "40")
        expect(left.get_by_role("button", name="Show the mask prediction")).to_be_visible()
        expect(right.get_by_role("button", name="Hide the mask prediction")).to_be_visible()
        pixels_when(left_canvas, lambda pixels: np.array_equal(pixels, unmasked))
        pixels_when(right_canvas, lambda pixels: np.array_equal(pixels, earlier))

    expect_all()
    kept = address(page)
    assert kept["q"] == ["tag:base lr > 0.05"]
    assert kept["b.at"] == ["40"]
    assert "ov" in kept
    assert not {"at", "b.q", "b.ov"} & set(kept)

    page.reload()
    expect_all()
    assert address(page) == kept


def test_what_plays_in_one_scope_stands_still_in_the_other(page: Page, server: LiveServer) -> None:
    page.goto("/lab/scenes?panels=scenes&b.panels=scenes&at=0&b.at=20&b.speed=30")
    left, right = side(page, "Left"), side(page, "Right")
    expect(slider(left)).to_have_attribute("aria-valuenow", "0")
    expect(slider(right)).to_have_attribute("aria-valuenow", "20")
    right.get_by_role("button", name="Play (Space)").click()
    expect(slider(right)).to_have_attribute("aria-valuenow", "50")
    expect(slider(left)).to_have_attribute("aria-valuenow", "0")
    expect(left.get_by_role("button", name="Play (Space)")).to_be_visible()
    kept = address(page)
    assert (kept["at"], kept["b.at"]) == (["0"], ["50"])


LATE_RUN = """
import sys
import diorama
with diorama.init(entity="lab", project=sys.argv[1], name="late") as run:
    run.log({"train/loss": 1.0})
"""


def test_each_scope_hears_of_new_runs_of_its_own_project(page: Page, server: LiveServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/lab/scenes?panels=scenes&b.panels=scenes")
    left, right = side(page, "Left"), side(page, "Right")
    expect(runs(left)).to_have_count(3)
    expect(runs(right)).to_have_count(3)
    streams = [url for url in asked if "/api/live" in url]
    assert sorted(parse_qs(urlsplit(url).query)["project"][0] for url in streams) == [
        "lab/elsewhere",
        "lab/scenes",
    ]
    lists = len([url for url in asked if "/projects/lab/scenes/runs" in url])
    late = [sys.executable, "-c", LATE_RUN, "elsewhere"]
    subprocess.run(late, env=sdk_environ(server.store), check=True, timeout=60)
    expect(runs(right)).to_have_count(4)
    expect(runs(left)).to_have_count(3)
    assert len([url for url in asked if "/projects/lab/scenes/runs" in url]) == lists
