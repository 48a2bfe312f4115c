"""The frame of the UI in a real browser: pages, runs, table, palette, keys, theme, live updates."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from fill_store import CANARY
from live_server import LiveServer, serving
from playwright.sync_api import Page, expect
from waiting import address, until
from workspace import WORKSPACE, open_run, rail, rail_names

OpenPage = Callable[..., Page]


def test_projects_lead_to_the_workspace(page: Page) -> None:
    page.goto("/")
    row = page.get_by_role("link", name="lab / scenes")
    expect(row).to_contain_text("3 runs")
    row.click()
    expect(page).to_have_url(re.compile(r"/lab/scenes$"))
    expect(rail(page).get_by_role("option")).to_have_count(3)
    expect(page.get_by_text("3 of 3 runs shown")).to_be_visible()
    for section in ("train", "val", "weights"):
        expect(page.get_by_role("region", name=section, exact=True)).to_be_visible()
    # What tells the runs apart stands under their names.
    wide = rail(page).get_by_role("option", name=re.compile("^wide"))
    expect(wide).to_contain_text("lr 0.1")
    expect(wide.get_by_role("img", name="finished", exact=True)).to_be_visible()


def test_eyes_are_in_the_url_and_can_be_undone(page: Page) -> None:
    page.goto(WORKSPACE)
    page.get_by_role("button", name="Hide wide").click()
    expect(page.get_by_text("2 of 3 runs shown")).to_be_visible()
    shown = address(page)["show"][0].split(".")
    assert len(shown) == 2
    page.reload()
    expect(page.get_by_text("2 of 3 runs shown")).to_be_visible()
    page.get_by_role("button", name="Show wide").click()
    expect(page.get_by_text("3 of 3 runs shown")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("2 of 3 runs shown")).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_text("3 of 3 runs shown")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Show wide")).to_be_visible()


def test_filtering_says_what_it_hides(page: Page) -> None:
    page.goto(WORKSPACE)
    field = page.get_by_label("Filter runs", exact=True)
    field.fill("lr > 0.05 tag:base")
    expect(rail(page).get_by_role("option")).to_have_count(1)
    assert rail_names(page) == ["wide"]
    expect(page.get_by_text("1 of 3 match")).to_be_visible()
    field.fill("lr >")
    expect(page.get_by_text("needs a value")).to_be_visible()
    assert rail_names(page) == ["wide"]  # an unfinished term changes nothing
    field.fill("nosuch > 3")
    expect(page.get_by_text("No run has a value called “nosuch”.")).to_be_visible()
    expect(page.get_by_text("3 runs are hidden by it.")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").first.click()
    expect(rail(page).get_by_role("option")).to_have_count(3)
    field.fill("created_at > soon")
    expect(page.get_by_text("created_at is a number, and 'soon' is none")).to_be_visible()


def test_sorting_and_grouping_the_rail(page: Page) -> None:
    page.goto(WORKSPACE)
    expect(rail(page).get_by_role("option")).to_have_count(3)
    assert rail_names(page)[1:] == ["wide", "baseline"]  # newest first
    page.get_by_role("button", name="Sort the runs").click()
    page.get_by_role("menuitemcheckbox", name="lr", exact=True).click()
    expect(rail(page).get_by_role("option").nth(2)).to_contain_text("baseline")
    assert address(page)["sort"] == ["-config.lr"]
    page.get_by_role("button", name="Gather the runs by a value").click()
    page.get_by_role("menuitemcheckbox", name="lr", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("lr: 0.1"))).to_be_visible()


def test_choosing_runs_with_mouse_and_keys(page: Page) -> None:
    page.goto(WORKSPACE)
    rows = rail(page).get_by_role("option")
    rows.nth(0).click(position={"x": 120, "y": 34})
    rows.nth(2).click(position={"x": 120, "y": 34}, modifiers=["Shift"])
    expect(page.get_by_role("toolbar", name="Selected runs")).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Selected runs")).to_have_count(0)
    rail(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Show wide")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Hide wide")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/.+/overview"))
    expect(page.get_by_role("button", name="Name: wide. Edit")).to_be_visible()


def test_a_colour_is_kept_and_shared(page: Page, open_page: OpenPage, server: LiveServer) -> None:
    page.goto(WORKSPACE)
    page.get_by_role("button", name="Colour of baseline").click()
    page.get_by_role("button", name="#6b8e23").click()
    dot = page.get_by_role("button", name="Colour of baseline").locator(".dot")
    expect(dot).to_have_css("background-color", "rgb(107, 142, 35)")
    other = open_page(server)
    other.goto(page.url)
    expect(other.get_by_role("button", name="Colour of baseline").locator(".dot")).to_have_css(
        "background-color", "rgb(107, 142, 35)"
    )


def test_sections_fold_and_panels_are_searched(page: Page) -> None:
    page.goto(WORKSPACE)
    head = page.get_by_role("button", name="train/ ")
    head.click()
    expect(head).to_have_attribute("aria-expanded", "false")
    page.reload()
    expect(head).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("/")
    page.keyboard.type("loss")
    expect(page.get_by_text(re.compile("1 of 6 panels match"))).to_be_visible()
    expect(head).to_have_attribute("aria-expanded", "true")  # a search opens what it finds
    page.get_by_label("Search panels", exact=True).fill("nothing like it")
    expect(page.get_by_text("No panel matches")).to_be_visible()
    page.get_by_label("Search panels", exact=True).fill("/(/")
    expect(page.get_by_text("no regular expression")).to_be_visible()


def test_a_dot_picks_the_histograms_of_one_run(page: Page) -> None:
    page.goto(f"{WORKSPACE}?panels=weights")
    panel = page.get_by_role("region", name="weights/first")
    names = panel.locator(".histogram-run-name")
    expect(names).to_have_count(3)
    for name in ("wide", "baseline"):
        dot = panel.get_by_role("tab", name=name, exact=True)
        colour = dot.evaluate("dot => getComputedStyle(dot, '::before').backgroundColor")
        expect(page.get_by_role("button", name=f"Colour of {name}").locator(".dot")).to_have_css(
            "background-color", colour
        )
        dot.click()
        expect(dot).to_have_attribute("aria-selected", "true")
        expect(panel.locator("canvas")).to_have_count(1)
        expect(panel.locator("canvas")).to_have_attribute(
            "aria-label", re.compile(f"^weights/first of {name}:")
        )
    dot.click()  # once more: all again
    expect(names).to_have_count(3)
    expect(panel.get_by_role("tab", name="all")).to_have_attribute("aria-selected", "true")
    panel.get_by_role("radio", name="bars").click()
    expect(panel.get_by_role("tab")).to_have_count(0)  # the bars of all runs lie over one another


def test_table_sorts_chooses_columns_and_saves_csv(page: Page) -> None:
    page.goto(f"{WORKSPACE}/table")
    rows = page.locator(".table [role=row][id]")
    expect(rows).to_have_count(3)
    # Names stay in their cells, the long canary's too.
    for cell in page.locator(".table [role=row][id] .table-name").all():
        assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), cell.inner_text()
    page.get_by_role("columnheader", name="lr", exact=True).get_by_role("button").click()
    expect(rows.nth(1)).to_contain_text("wide")
    expect(page.get_by_role("columnheader", name="lr", exact=True)).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_role("columnheader", name="lr", exact=True).get_by_role("button").click()
    expect(rows.nth(0)).to_contain_text("baseline")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("Search columns", exact=True).fill("depth")
    page.get_by_text("model.depth").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="model.depth")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="model.depth")).to_be_visible()
    expect(rows.nth(0)).to_contain_text("baseline")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("as CSV")).click()
    text = Path(download.value.path()).read_text()
    assert text.splitlines()[0].startswith("name,id,state,")
    assert text.splitlines()[1].startswith("baseline,")
    assert "0.001" in text.splitlines()[1]


def test_text_of_users_is_never_markup(page: Page) -> None:
    for path in (WORKSPACE, f"{WORKSPACE}/table?cols=tags,notes,config.model.note,summary.best.text"):
        page.goto(path)
        expect(page.get_by_text(CANARY).first).to_be_visible()
    for tab in ("overview", "charts", "logs", "files"):
        open_run(page, CANARY, tab)
        expect(page.get_by_role("navigation", name="Place")).to_contain_text(CANARY)
        if tab in ("overview", "logs"):
            expect(page.get_by_role("main")).to_contain_text(CANARY)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("window.__xss") is None
    assert page.locator("img[src=x]").count() == 0


def test_palette_finds_runs_commands_and_panels(page: Page) -> None:
    page.goto(WORKSPACE)
    expect(rail(page).get_by_role("option")).to_have_count(3)
    page.keyboard.press("Control+k")
    page.keyboard.type("dark theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.keyboard.type("basel")
    expect(page.get_by_role("option", name=re.compile("baseline")).last).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/.+/overview"))
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzzzz")
    expect(page.get_by_text("Nothing is called")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_sheet_lists_the_keys(page: Page) -> None:
    page.goto(WORKSPACE)
    expect(rail(page).get_by_role("option")).to_have_count(3)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    for text in ("Search panels", "Filter runs", "Undo the last change of the view"):
        expect(sheet).to_contain_text(text)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.keyboard.press("f")
    expect(page.get_by_label("Filter runs", exact=True)).to_be_focused()


def test_theme_follows_the_system_until_one_is_chosen(open_page: OpenPage, server: LiveServer) -> None:
    page = open_page(server, color_scheme="dark")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name=re.compile("^Theme")).click()
    page.get_by_role("menuitemcheckbox", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_narrow_windows_keep_the_inspector_in_a_drawer(open_page: OpenPage, server: LiveServer) -> None:
    page = open_page(server, viewport={"width": 1024, "height": 768})
    page.goto(WORKSPACE)
    page.get_by_role("button", name="Show the inspector (Ctrl I)").click()
    expect(page.get_by_role("button", name="Hide the inspector (Ctrl I)")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Show the inspector (Ctrl I)")).to_be_visible()
    page.get_by_role("button", name="Hide the run list (Ctrl B)").click()
    expect(rail(page)).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024


def test_missing_things_are_said_to_be_missing(page: Page) -> None:
    page.goto("/lab/scenes/runs/nothere/logs")
    expect(page.get_by_text("There is no such run")).to_be_visible()
    page.goto("/lab")
    expect(page.get_by_text("There is no such page")).to_be_visible()
    page.goto("/lab/nothere")
    expect(page.get_by_text("no project lab/nothere").first).to_be_visible()


def test_a_server_that_fails_is_told_with_a_way_on(page: Page) -> None:
    broken = [True]
    page.route(
        "**/api/projects/lab/scenes/runs*",
        lambda route: (
            route.fulfill(
                status=500, json={"code": "oops", "message": "the store is on fire", "hint": "Call somebody."}
            )
            if broken[0]
            else route.fallback()
        ),
    )
    page.goto(WORKSPACE)
    expect(page.get_by_role("alert").first).to_contain_text("the store is on fire")
    expect(page.get_by_role("alert").first).to_contain_text("Call somebody.")
    broken[0] = False
    page.get_by_role("button", name="Try again").first.click()
    expect(rail(page).get_by_role("option")).to_have_count(3)


def test_strangers_are_asked_for_the_key(open_page: OpenPage, server: LiveServer) -> None:
    page = open_page(server, signed_in=False)
    page.goto(WORKSPACE)
    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    expect(page.get_by_text("diorama ui")).to_be_visible()
    page.get_by_label("Key", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Key", exact=True).fill(server.key)
    page.get_by_role("button", name="Sign in").click()
    expect(rail(page).get_by_role("option")).to_have_count(3)


def test_a_session_that_ends_is_noticed(page: Page, server: LiveServer) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="lab / scenes")).to_be_visible()
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    page.get_by_label("Key", exact=True).fill(server.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="lab / scenes")).to_be_visible()


def test_an_empty_store_shows_how_to_begin(open_page: OpenPage, tmp_path: Path) -> None:
    with serving(tmp_path / "empty") as server:
        page = open_page(server)
        page.goto("/")
        expect(page.get_by_role("heading", name="No runs in this store yet")).to_be_visible()
        expect(page.get_by_text('diorama.init(project="first-steps"')).to_be_visible()


def test_the_ui_lives_under_a_path_prefix(open_page: OpenPage, tmp_path: Path) -> None:
    with serving(tmp_path / "prefixed", "--base-path", "/tracker") as server:
        script = (
            "import diorama\n"
            "run = diorama.init(entity='lab', project='deep', name='one')\n"
            "run.log({'a/b': 1})\n"
            "run.flush(wait=True)\n"
        )
        subprocess.run([sys.executable, "-c", script], env=server.environ, check=True, timeout=60)
        page = open_page(server, signed_in=False)
        page.goto("/tracker/lab/deep/table?sort=name")
        page.get_by_label("Key", exact=True).fill(server.key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="one").click()
        expect(page).to_have_url(re.compile("/tracker/lab/deep/runs/[^/]+/overview"))
        page.reload()
        expect(page.get_by_role("tree", name="Summary")).to_contain_text("a/b")
        page.get_by_role("link", name="All projects").click()
        expect(page).to_have_url(re.compile("/tracker/$"))
        expect(page.get_by_role("link", name="lab / deep")).to_be_visible()


TRAINER = """
import sys
import diorama

run = diorama.init(entity="lab", project="live", name="on air")
for line in sys.stdin:
    step = int(line)
    print(f"now at step {step}")
    run.log({"loss": 1 / (step + 1)}, step=step)
    run.flush(wait=True)
    print(step, file=sys.__stdout__, flush=True)
run.finish()
"""


@pytest.fixture
def trainer(server: LiveServer) -> Iterator[Callable[[int], None]]:
    """A training that goes on for as long as the test: call it with a step to log that step."""
    command = [sys.executable, "-c", TRAINER]
    with subprocess.Popen(command, env=server.environ, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        stdin = process.stdin

        def log(step: int) -> None:
            stdin.write(f"{step}\n")
            stdin.flush()

        try:
            yield log
        finally:
            stdin.close()
            process.wait(timeout=30)


def has_heard(page: Page, step: int) -> bool:
    """Whether the page shows that there are new steps, or that the run is at this step."""
    slider = page.get_by_role("slider", name="Position of the page")
    return "+" in page.locator(".live").inner_text() or slider.get_attribute("aria-valuemax") == str(step)


def test_a_running_run_updates_by_itself(
    open_page: OpenPage, server: LiveServer, trainer: Callable[[int], None]
) -> None:
    trainer(0)
    page = open_page(server)
    page.goto("/")
    page.get_by_role("link", name="lab / live").click()
    row = rail(page).get_by_role("option", name=re.compile("on air"))
    expect(row).to_contain_text("running")
    chip = page.locator(".live")
    expect(chip).to_contain_text("live")
    step = 0
    news = re.compile(r"\+\d steps?")
    while step < 8 and not news.search(chip.inner_text()):
        # What the page hears first of a run is no news yet, and it may hear of several steps at once.
        step += 1
        trainer(step)
        until(page, partial(has_heard, page, step), f"word of step {step}")
    expect(chip).to_contain_text("live")
    assert step < 8
    row.get_by_role("link").click()
    page.get_by_role("link", name="Logs").click()
    expect(page.get_by_role("log")).to_contain_text(f"now at step {step}")
    trainer(9)
    expect(page.get_by_role("log")).to_contain_text("now at step 9")
    chip.click()
    expect(chip).to_contain_text("paused")
    trainer(10)
    other = open_page(server)
    other.goto(page.url)
    expect(other.get_by_role("log")).to_contain_text("now at step 10")
    trainer(11)  # what was logged before is on its way to every page that listens
    expect(other.get_by_role("log")).to_contain_text("now at step 11")
    expect(page.get_by_role("log")).not_to_contain_text("now at step 10")
    chip.click()
    expect(page.get_by_role("log")).to_contain_text("now at step 10")
