"""The workspace of the filled store: its list of runs, and the way to one run's page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

WORKSPACE = "/lab/scenes"


def rail(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Runs")


def rail_names(page: Page) -> list[str]:
    return rail(page).locator(".rail-name").all_inner_texts()


def open_run(page: Page, name: str, tab: str = "overview") -> None:
    page.goto(WORKSPACE)
    link = rail(page).get_by_role("link", name=name, exact=True).get_attribute("href")
    assert link
    page.goto(link.rsplit("/", 1)[0] + f"/{tab}")
