"""Lists of many keys, and where everything that is stored of a run is found."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from live_server import LiveServer
from owner import Service
from PIL import Image
from playwright.sync_api import Page, expect

from diorama.journal.entry import Batch, Finish, Log, Numbered, Start
from diorama.model import StoreDir

OpenPage = Callable[..., Page]

MANY = """
import diorama
for number in range(2):
    with diorama.init(project="many", entity="lab", name=f"run {number}") as run:
        run.summary.update({f"metric_{at:03}": at if number else -at for at in range(300)})
        run.config.update({f"setting_{at:03}": at + number for at in range(60)})
        assert run.flush(wait=True, timeout_secs=100)
"""
MEDIA = """
import diorama, numpy as np
with diorama.init(project="stored", entity="lab", name="media") as run:
    for step in range(3):
        pixels = np.full((20, 30, 3), 40 * step, np.uint8)
        run.log({"pictures": [diorama.Image(pixels), diorama.Image(pixels + 1)], "loss": step}, step=step)
    run.log({"words": diorama.Text("said once"), "spread": diorama.Histogram([1, 2, 3])}, step=2)
    assert run.flush(wait=True, timeout_secs=100)
"""


def log(server: LiveServer, script: str) -> None:
    subprocess.run([sys.executable, "-c", script], env=server.environ, check=True, timeout=300)


@pytest.fixture(scope="module")
def many(server: LiveServer) -> LiveServer:
    log(server, MANY)
    return server


def test_u9_runs_are_sorted_by_any_of_300_keys(open_page: OpenPage, many: LiveServer) -> None:
    page = open_page(many)
    page.goto("/lab/many")
    names = page.get_by_role("listbox", name="Runs").locator(".rail-name")
    expect(names).to_have_count(2)
    page.get_by_role("button", name="Sort the runs").click()
    menu = page.get_by_role("menu", name="Sort the runs")
    menu.get_by_role("textbox", name="Find in the list").fill("metric_299")
    expect(menu.get_by_role("menuitemcheckbox")).to_have_count(1)
    menu.get_by_role("menuitemcheckbox", name="metric_299").click()
    expect(names).to_have_text(["run 1", "run 0"])
    page.get_by_role("button", name="Sort the runs").click()
    menu.get_by_role("textbox", name="Find in the list").fill("setting_059")
    menu.get_by_role("menuitemcheckbox", name="setting_059").click()
    page.get_by_role("button", name="Sort the runs").click()
    expect(menu.get_by_role("menuitemcheckbox", checked=True)).to_contain_text("setting_059")
    # What is not drawn is counted, and said how to get.
    menu.get_by_role("textbox", name="Find in the list").fill("")
    drawn = menu.get_by_role("menuitemcheckbox").count()
    rest = int(re.sub(r"\D", "", menu.get_by_text("more: type a part of the name").inner_text()))
    assert drawn + rest >= 360


def test_u9_any_of_300_values_stands_under_the_names(open_page: OpenPage, many: LiveServer) -> None:
    page = open_page(many)
    page.goto("/lab/many")
    page.get_by_role("button", name="Values shown under the names").click()
    menu = page.get_by_role("menu", name="Values shown under the names")
    menu.get_by_role("textbox", name="Find in the list").fill("metric_300")
    expect(menu.get_by_text("Nothing is called that.")).to_be_visible()
    menu.get_by_role("textbox", name="Find in the list").fill("298 metric")
    menu.get_by_role("menuitemcheckbox", name="metric_298").click()
    page.keyboard.press("Escape")
    run = page.get_by_role("listbox", name="Runs").get_by_role("option", name=re.compile("^run 1"))
    expect(run).to_contain_text("metric_298 298")


def test_u20_the_files_tab_lists_everything_that_is_stored(open_page: OpenPage, server: LiveServer) -> None:
    log(server, MEDIA)
    page = open_page(server)
    page.goto("/lab/stored")
    link = page.get_by_role("listbox", name="Runs").get_by_role("link", name="media", exact=True)
    page.goto(str(link.get_attribute("href")).rsplit("/", 1)[0] + "/files")
    files = page.get_by_role("main", name="Files")
    for key in ("pictures", "words", "spread"):
        expect(files.get_by_role("button", name=re.compile(f"^{key}"))).to_be_visible()
    expect(files.get_by_role("link", name="history.ndjson")).to_be_visible()
    expect(files.get_by_role("link", name="Console")).to_be_visible()
    files.get_by_role("button", name=re.compile("^pictures")).click()
    shown = files.get_by_role("region", name="pictures")
    expect(shown.get_by_text("step 2", exact=True)).to_be_visible()
    expect(shown.locator(".stored-item")).to_have_count(2)
    shown.get_by_role("button", name="Step before").click()
    expect(shown.get_by_text("step 1", exact=True)).to_be_visible()
    with page.expect_download() as saved:
        shown.get_by_role("link", name="Original").last.click()
    pixels = np.asarray(Image.open(BytesIO(saved.value.path().read_bytes())))
    assert (pixels == 41).all()
    files.get_by_label("Search files").fill("wor")
    expect(files.get_by_role("button", name=re.compile("^pictures"))).to_have_count(0)
    files.get_by_role("button", name=re.compile("^words")).click()
    expect(files.get_by_text("said once")).to_be_visible()


@pytest.mark.parametrize(
    ("secs", "reason"),
    [
        (5.0, "The run ended after 5.0 s, before a sample"),
        (900.0, "turned off (DIORAMA_STATS_INTERVAL_SECS=0)"),
    ],
)
def test_u20_why_there_is_nothing_of_the_machine(
    open_page: OpenPage, server: LiveServer, secs: float, reason: str
) -> None:
    name = f"for {secs:.0f}"
    began = 1_700_000_000.0
    start = Start(
        entity="lab",
        project="machine",
        run=f"r{secs:.0f}",
        writer="w",
        pid=1,
        pid_started=1.0,
        time=began,
        name=name,
    )
    with Service.open(StoreDir(server.store)) as service:
        service.ingest(
            Batch(
                (start.entity, start.project, start.run),
                "w",
                [
                    Numbered(1, start),
                    Numbered(2, Log(0, 0, began, {"loss": 1.0})),
                    Numbered(3, Finish(began + secs, 0, "finished")),
                ],
            )
        )
    page = open_page(server)
    page.goto("/lab/machine")
    link = page.get_by_role("listbox", name="Runs").get_by_role("link", name=name, exact=True)
    page.goto(str(link.get_attribute("href")).rsplit("/", 1)[0] + "/system")
    expect(page.get_by_role("main", name="System")).to_contain_text(reason)
