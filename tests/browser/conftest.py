"""A real server over a store that the real SDK filled, and a real Chromium that is signed in.

Chromium: $DIORAMA_CHROMIUM, else one on the PATH, else Playwright's own. The UI is the built one
($DIORAMA_STATIC_DIR, else the packaged build that `make ui` makes).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live_server import LiveServer, sdk_environ, serving, sign_in
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waiting import COUNT_REQUESTS, LIMIT_MS

HERE = Path(__file__).parent
# Read now: every test hides the settings of the world outside from itself.
_CHROMIUM = os.environ.get("DIORAMA_CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
_ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # SwiftShader draws what is WebGL; the page itself is drawn without it, at a third of the cost.
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
    # Else a canvas that is read often moves from one rasterizer to another, and they blend the edges
    # of a picture differently (by up to 13 of 255): the same drawing would not be the same pixels.
    "--disable-accelerated-2d-canvas",
]
# All that a console error may be about: answers that a test itself provoked.
_EXPECTED = re.compile(r"Failed to load resource.*(40[0-9]|50[03]|ERR_CONNECTION|net::)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All browser tests run in one worker, which shares one server and one Chromium, and run last:
    Playwright keeps an event loop running in its thread, where tests that start their own would fail."""
    for item in items:
        if _is_ours(item):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=_is_ours)


def _is_ours(item: pytest.Item) -> bool:
    return HERE in item.path.parents


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/scenes: see fill_store.py."""
    store = tmp_path_factory.mktemp("browser") / "store"
    subprocess.run(
        [sys.executable, str(HERE / "fill_store.py")], env=sdk_environ(store), check=True, timeout=120
    )
    with serving(store) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            args=_ARGS, **({"executable_path": _CHROMIUM} if _CHROMIUM else {})
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages: open_page(server, signed_in=True, **options). A page that throws fails the test."""
    problems: list[str] = []
    with ExitStack() as stack:

        def make(server: LiveServer, *, signed_in: bool = True, **options: object) -> Page:
            context = chromium.new_context(
                **{"base_url": server.url, "viewport": {"width": 1440, "height": 900}, **options}
            )
            stack.callback(context.close)
            context.set_default_timeout(LIMIT_MS)
            if signed_in:
                sign_in(context, server)
            context.add_init_script(COUNT_REQUESTS)
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
            page.on(
                "console",
                lambda message: (
                    problems.append(f"console: {message.text}")
                    if message.type == "error" and not _EXPECTED.search(message.text)
                    else None
                ),
            )
            return page

        yield make
    assert problems == []


@pytest.fixture
def page(open_page: Callable[..., Page], server: LiveServer) -> Page:
    """A signed-in page of the filled store; relative addresses go there."""
    return open_page(server)
