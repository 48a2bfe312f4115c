"""The page of one run in a real browser: overview, edits, logs, files and the other tabs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from workspace import open_run, rail


def test_overview_shows_config_summary_and_where_it_ran(page: Page) -> None:
    open_run(page, "baseline")
    config = page.get_by_role("tree", name="Config")
    expect(config.get_by_role("treeitem").filter(has_text="depth")).to_contain_text("3")
    expect(config).to_contain_text("__proto__")
    summary = page.get_by_role("tree", name="Summary")
    expect(summary).to_contain_text("val/accuracy")
    expect(
        summary.get_by_role("treeitem").filter(has_text="weights/first").locator("svg, canvas").first
    ).to_be_visible()
    facts = page.get_by_label("Run", exact=True)
    expect(facts).to_contain_text("fill_store.py")
    expect(facts).to_contain_text("Runtime")
    page.get_by_label("Search config", exact=True).fill("depth")
    expect(config.get_by_text("batch_size")).to_have_count(0)
    expect(config.get_by_text("depth")).to_be_visible()


def test_edits_last(page: Page) -> None:
    open_run(page, "wide")
    page.get_by_label("Add a tag").fill("reviewed")
    page.get_by_label("Add a tag").press("Enter")
    page.get_by_role("button", name="Remove the tag base").click()
    page.get_by_label("Notes").fill("better than thought\nreally")
    page.get_by_label("Notes").blur()
    expect(page.get_by_text("saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Name: wide. Edit").click()
    page.get_by_label("Name", exact=True).fill("wider")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Place")).to_contain_text("wider")
    page.reload()
    expect(page.get_by_role("button", name="Name: wider. Edit")).to_be_visible()
    expect(page.get_by_role("group", name="Tags")).to_have_text("reviewed")
    expect(page.get_by_label("Notes")).to_have_value("better than thought\nreally")
    page.get_by_role("button", name="Name: wider. Edit").click()
    page.get_by_label("Name", exact=True).fill("wide")
    with page.expect_response(lambda reply: reply.request.method == "PATCH" and reply.ok):
        page.keyboard.press("Enter")
    page.get_by_label("Add a tag").fill("base")
    with page.expect_response(lambda reply: reply.request.method == "PATCH" and reply.ok):
        page.get_by_label("Add a tag").press("Enter")


def test_an_edit_that_fails_is_taken_back_and_said(page: Page) -> None:
    open_run(page, "baseline")
    page.route(
        "**/api/runs/*",
        lambda route: route.fulfill(
            status=503, json={"code": "busy", "message": "the store is busy", "hint": "Try again."}
        ),
    )
    page.get_by_role("button", name="Remove the tag kept").click()
    expect(page.get_by_text("Not saved: the store is busy")).to_be_visible()
    expect(page.get_by_role("button", name="Remove the tag kept")).to_be_visible()


def test_logs_are_searched(page: Page) -> None:
    open_run(page, "baseline", "logs")
    log = page.get_by_role("log", name="Console lines")
    expect(log).to_contain_text("step 0 of 60: the usual recipe")
    expect(page.locator(".log-stderr").filter(has_text="one line for stderr")).to_be_visible()
    page.get_by_label("Search the log", exact=True).fill("STEP 50")
    expect(page.locator(".log-line")).to_have_count(1)
    expect(page.locator(".log-line mark")).to_have_text("step 50")
    page.get_by_label("Search the log", exact=True).fill("no such line")
    expect(page.get_by_text("No line holds")).to_be_visible()


def test_files_are_previewed_and_never_run(page: Page) -> None:
    open_run(page, "baseline", "files")
    page.get_by_role("button", name="notes/readme.txt").click()
    expect(page.locator(".file-text")).to_have_text("line one\nline two\n")
    page.get_by_role("button", name=re.compile("onerror")).click()
    expect(page.locator(".file-text")).to_contain_text("<script>parent.window.__xss=1</script>")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert "__xss" in Path(download.value.path()).read_text()
    assert page.evaluate("window.__xss") is None


@pytest.mark.parametrize("tab", ["charts", "system"])
def test_charts_and_system_tabs_open(page: Page, tab: str) -> None:
    open_run(page, "baseline", tab)
    if tab == "charts":
        expect(page.get_by_role("region", name="train", exact=True)).to_be_visible()
        expect(rail(page)).to_have_count(0)
    else:
        expect(page.get_by_role("main", name="System")).to_be_visible()
