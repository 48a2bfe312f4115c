"""The server goes away and comes back: the page says so, and asks again for everything that failed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_server import sdk_environ, serving
from playwright.sync_api import Page, expect

_SCRIPT = """
import numpy as np
import diorama
run = diorama.init(entity="lab", project="away", name="one")
for step in range(6):
    picture = np.full((20, 30, 3), 40 * step, np.uint8)
    run.log({"picture": diorama.Image(picture), "loss": step}, step=step)
run.flush(wait=True)
run.finish()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("away") / "store"
    subprocess.run([sys.executable, "-c", _SCRIPT], env=sdk_environ(store), check=True, timeout=120)
    return store


def test_what_failed_while_the_server_was_away_is_asked_for_again(
    open_page: Callable[..., Page], store: Path
) -> None:
    with serving(store) as server:
        port = str(urlsplit(server.url).port)
        page = open_page(server)
        page.goto("/lab/away?at=0&match=exact")
        expect(page.locator("[data-tile][data-step='0']")).to_be_visible()
        chip = page.locator(".live")
        expect(chip).to_have_text("live")
    # Nobody has touched the page: it has to find out by itself.
    expect(chip).to_have_text("reconnecting")
    for _ in range(5):
        page.keyboard.press("]")
    expect(page.get_by_role("alert").filter(has_text="The server does not answer")).to_be_visible()
    with serving(store, "--port", port):
        expect(page.locator("[data-tile][data-step='5']")).to_be_visible()
        expect(page.get_by_text("The server does not answer")).to_have_count(0)
        expect(chip).to_have_text("live")


def test_a_page_opened_before_its_project_shows_it_once_it_is_there(
    open_page: Callable[..., Page], store: Path
) -> None:
    with serving(store) as server:
        page = open_page(server)
        page.goto("/lab/later")
        expect(page.get_by_text("There is no project lab/later").first).to_be_visible()
        script = _SCRIPT.replace('"away"', '"later"')
        subprocess.run([sys.executable, "-c", script], env=server.environ, check=True, timeout=120)
        expect(page.locator("[data-tile]").first).to_be_visible()
