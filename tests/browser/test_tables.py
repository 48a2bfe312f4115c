"""Tables in a real browser: their cells, scrolling, sorting and filtering, and how a cell is opened."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fill_tables import MANY, STEPS, WORDS, score
from live_server import LiveServer, sdk_environ, serving
from playwright.sync_api import Locator, Page, expect
from waiting import address, until

OpenPage = Callable[..., Page]
Look = Callable[..., Page]

_MIDDLE_PIXEL = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
  return [...data].slice(0, 3);
}"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose store holds the project lab/tables: see fill_tables.py."""
    store = tmp_path_factory.mktemp("tables") / "store"
    script = Path(__file__).with_name("fill_tables.py")
    subprocess.run([sys.executable, str(script)], env=sdk_environ(store), check=True, timeout=120)
    with serving(store) as found:
        yield found


@pytest.fixture
def look(open_page: OpenPage, tables: LiveServer) -> Look:
    """Opens the workspace with one panel, its table loaded: look("mixed", "at=1")."""

    def open_workspace(panel: str, query: str = "", **options: Any) -> Page:
        page = open_page(tables, **options)
        page.goto(f"/lab/tables?panels=/^{panel}$/&{query}")
        expect(grid(page)).to_have_attribute("aria-busy", "false")
        return page

    return open_workspace


def grid(page: Page) -> Locator:
    return page.locator(".tv-grid").first


def status(page: Page) -> Locator:
    return page.locator(".tv-status").first


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f'.tv-grid [id$="-{row}-{column}"]').first


def expect_settings(page: Page, text: str) -> None:
    """The address bar follows a little later."""
    expect(page).to_have_url(re.compile(rf"[?&]tables=[^&]*{re.escape(text)}"))


def box_of(element: Locator) -> dict[str, float]:
    box = element.bounding_box()
    assert box is not None, "it is not on the page"
    return dict(box)


def numbers(page: Page) -> list[int]:
    """The numbers of the rows that are mounted."""
    return [
        int(text.replace(",", "")) for text in page.locator(".tv-row .tv-gutter").all_inner_texts() if text
    ]


def test_cells_say_what_was_logged(look: Look) -> None:
    page = look("mixed")
    expect(status(page)).to_have_text("150 rows × 6 columns")
    expect(cell(page, 0, 0)).to_have_text("9,007,199,254,740,993")
    assert [cell(page, row, 3).inner_text() for row in range(5)] == ["null", "NaN", "∞", "0", "−0"]
    expect(cell(page, 0, 1)).to_have_text(WORDS[0])
    assert page.locator(".tv-grid img").count() == 0, "text became HTML"
    expect(cell(page, 3, 1).locator(".tv-empty")).to_be_visible()
    expect(cell(page, 7, 2).locator(".tv-value")).to_have_attribute("title", str(score(7, STEPS - 1)))
    expect(cell(page, 2, 4)).to_contain_text('{"at":2}')
    expect(cell(page, 2, 5)).to_contain_text("3 [2, 3, 4]")
    text, box = box_of(cell(page, 7, 2).locator(".tv-value")), box_of(cell(page, 7, 2))
    assert box["x"] + box["width"] - text["x"] - text["width"] < 12, "numbers are not right-aligned"


def test_a_long_table_scrolls_to_any_row_with_few_elements(look: Look) -> None:
    page = look("many")
    expect(status(page)).to_have_text(f"{MANY:,} rows × 2 columns")
    grid(page).evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2; }")
    expect(page.locator(".tv-gutter", has_text=re.compile(r"^100,\d\d\d$")).first).to_be_visible()
    expect(page.locator(".tv-wait")).to_have_count(0)
    assert len(numbers(page)) < 80
    grid(page).focus()
    page.keyboard.press("Control+End")
    expect(cell(page, MANY - 1, 1)).to_have_text("0")
    expect(cell(page, MANY - 1, 1)).to_have_class(re.compile("tv-focus"))
    page.keyboard.press("Control+Home")
    expect(cell(page, 0, 0)).to_have_text("0")


def test_a_wide_table_scrolls_inside_itself(look: Look) -> None:
    page = look("wide", viewport={"width": 1024, "height": 768})
    assert page.locator(".tv-row").first.locator("[role=gridcell]").count() < 40
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
    sections = page.locator(".sections")
    assert sections.evaluate("box => box.scrollWidth <= box.clientWidth")
    grid(page).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(cell(page, 1, 199)).to_have_text("1199")
    first, frame = box_of(page.locator(".tv-head .tv-pinned")), box_of(grid(page))
    assert first["x"] - frame["x"] < 60, "the first column went away"


def test_sorting_by_a_click_and_further_with_shift(look: Look) -> None:
    page = look("mixed")
    heads = page.locator(".tv-head .tv-sort")
    heads.filter(has_text="score").click()
    order = sorted(range(150), key=lambda row: score(row, STEPS - 1))
    expect(cell(page, 0, 2).locator(".tv-value")).to_have_attribute("title", str(score(order[0], STEPS - 1)))
    assert numbers(page)[:5] == order[:5]
    heads.filter(has_text="score").click()
    expect(page.locator(".tv-gutter").nth(1)).to_have_text(str(order[-1]))
    heads.filter(has_text="word").click()
    heads.filter(has_text="score").click(modifiers=["Shift"])
    by_word = sorted(range(150), key=lambda row: (WORDS[row % 5], score(row, STEPS - 1)))
    expect(page.locator(".tv-gutter").nth(1)).to_have_text(str(by_word[0]))
    assert numbers(page)[:8] == by_word[:8]
    expect(page.locator(".tv-rank")).to_have_text(["1", "2"])
    expect_settings(page, "sword,score")
    page.reload()
    expect(page.locator(".tv-gutter").nth(1)).to_have_text(str(by_word[0]))


def test_all_of_a_head_sorts_and_not_only_its_letters(look: Look) -> None:
    page = look("mixed")
    for column, share in (("word", 0.75), ("score", 0.35)):  # left-aligned, and right-aligned
        head = page.get_by_role("columnheader", name=column)
        box, title = box_of(head), box_of(head.locator(".tv-sort .truncate"))
        for share_y in (0.06, 0.94):
            x, y = box["x"] + share * box["width"], box["y"] + share_y * box["height"]
            assert not title["x"] - 3 < x < title["x"] + title["width"] + 3, "it is the title's own place"
            before = head.get_attribute("aria-sort")
            page.mouse.click(x, y)
            expect(head).not_to_have_attribute("aria-sort", before or "")
        expect(head).to_have_attribute("aria-sort", "descending")


@pytest.mark.parametrize("name", ["Columns", "Filter rows"])
def test_a_popover_follows_its_button_and_the_page_stays(look: Look, name: str) -> None:
    page = look("mixed", viewport={"width": 1100, "height": 520})
    sections = page.locator(".sections")
    button = page.locator(".tv-tools").first.get_by_role("button", name=name)
    button.scroll_into_view_if_needed()
    before = sections.evaluate("element => element.scrollTop")
    button.click()
    popover = page.get_by_role("dialog", name=name)
    expect(popover.locator("input").first).to_be_focused()
    assert sections.evaluate("element => element.scrollTop") == before, "the press has scrolled the page"
    for scrolled in (before + 40, before + 10):
        sections.evaluate("(element, top) => { element.scrollTop = top; }", scrolled)
        until(page, lambda: abs(gap_of(popover, button) - 4) < 1, "the popover is under its button")
    assert sections.evaluate("element => element.scrollTop") > before


def gap_of(popover: Locator, button: Locator) -> float:
    above = box_of(button)
    return box_of(popover)["y"] - above["y"] - above["height"]


def test_filters_and_search_say_how_many_rows_are_left(look: Look) -> None:
    page = look("mixed")
    page.get_by_role("button", name="Filter rows").click()
    page.get_by_label("Column", exact=True).select_option("score")
    page.get_by_label("Condition").select_option("<")
    page.locator(".tv-form input").fill("many")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("numbers")
    page.locator(".tv-form input").fill("100.5")
    page.keyboard.press("Enter")
    few = [row for row in range(150) if score(row, STEPS - 1) < 100.5]
    expect(status(page)).to_have_text(f"{len(few)} of 150 rows × 6 columns")
    page.get_by_role("textbox", name="Search rows").fill("ONERROR")
    fewer = [row for row in few if row % 5 == 0]
    expect(status(page)).to_have_text(f"{len(fewer)} of 150 rows × 6 columns")
    assert numbers(page) == fewer
    expect_settings(page, "qONERROR")
    page.reload()
    expect(status(page)).to_have_text(f"{len(fewer)} of 150 rows × 6 columns")
    page.get_by_role("textbox", name="Search rows").fill("nothing says this")
    expect(page.get_by_text("No row matches")).to_be_visible()
    page.get_by_role("button", name="Show all rows").click()
    expect(status(page)).to_have_text("150 rows × 6 columns")


def test_columns_are_hidden_and_dragged(look: Look) -> None:
    page = look("mixed")
    page.get_by_role("button", name="Show and hide columns").click()
    page.get_by_role("checkbox", name="word string").uncheck()
    expect(status(page)).to_have_text("150 rows × 5 of 6 columns")
    page.keyboard.press("Escape")
    expect_settings(page, "xword")
    head = page.get_by_role("columnheader", name="score")
    before = box_of(head)
    place = box_of(head.locator(".tv-handle"))
    page.mouse.move(place["x"] + 3, place["y"] + 10)
    page.mouse.down()
    page.mouse.move(place["x"] + 83, place["y"] + 10, steps=4)
    page.mouse.up()
    assert abs(box_of(head)["width"] - before["width"] - 80) <= 2


def test_steps_change_the_rows_and_nothing_else(look: Look) -> None:
    page = look("mixed", "at=0")
    # The first row has the largest number: it goes to the end.
    page.locator(".tv-head .tv-sort").filter(has_text="id").click()
    expect(cell(page, 0, 0)).to_have_text("1")
    grid(page).evaluate("grid => { grid.scrollTop = 28 * 60; }")
    expect(cell(page, 62, 2).locator(".tv-value")).to_have_attribute("title", str(score(63, 0)))
    page.keyboard.press("]")
    expect(page.locator(".tile-head .tile-step")).to_have_text("1")
    expect(cell(page, 62, 2).locator(".tv-value")).to_have_attribute("title", str(score(63, 1)))
    assert grid(page).evaluate("grid => grid.scrollTop") == 28 * 60
    expect_settings(page, "sid")


def test_a_growing_table_has_the_rows_up_to_the_step(look: Look) -> None:
    page = look("growing", "at=1")
    expect(status(page)).to_have_text("10 rows × 2 columns")
    expect(cell(page, 9, 0)).to_have_text("1")
    page.keyboard.press("]")
    expect(status(page)).to_have_text("15 rows × 2 columns")
    expect(cell(page, 14, 0)).to_have_text("2")


def test_pictures_in_cells_open_and_are_walked_through(look: Look) -> None:
    page = look("pictures", "at=0")
    expect(cell(page, 1, 1)).to_have_text("null")
    small = cell(page, 2, 1).locator("canvas")
    expect(small).to_be_visible()
    small.click()
    view = page.locator(".cellview")
    expect(view).to_contain_text("row 2 · 3 of 40")
    expect(view).to_contain_text("row 2")

    def expect_colour(red: int, green: int) -> None:
        canvas = view.locator("canvas")
        expect(canvas).to_be_visible()
        until(page, lambda: canvas.evaluate(_MIDDLE_PIXEL) == [red, green, 0], f"({red}, {green}, 0)")

    expect_colour(12, 40)
    page.keyboard.press("ArrowDown")
    expect(view).to_contain_text("row 3 · 4 of 40")
    expect_colour(18, 40)
    page.keyboard.press("]")
    expect_colour(18, 80)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(view).to_contain_text("there is no value")
    page.keyboard.press("Escape")
    expect(view).to_have_count(0)
    expect(cell(page, 1, 1)).to_have_class(re.compile("tv-focus"))


def test_a_reload_shows_the_cell_that_was_open(look: Look) -> None:
    page = look("pictures", "at=0")
    cell(page, 2, 1).locator("canvas").click()
    page.keyboard.press("ArrowDown")
    view = page.locator(".cellview")
    expect(view).to_contain_text("row 3 · 4 of 40")
    until(page, lambda: "cell" in address(page), "the cell in the address")
    page.reload()
    expect(view).to_contain_text("row 3 · 4 of 40")
    canvas = view.locator("canvas")
    until(page, lambda: canvas.evaluate(_MIDDLE_PIXEL) == [18, 40, 0], "the picture of row 3")
    page.keyboard.press("Escape")
    expect(view).to_have_count(0)
    assert "cell" not in address(page)
    page.reload()
    expect(cell(page, 3, 1)).to_be_visible()
    expect(view).to_have_count(0)


def test_the_arrows_walk_past_a_sound_until_it_is_clicked(look: Look) -> None:
    page = look("sounds")
    cell(page, 0, 0).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    view = page.locator(".cellview")
    for key, row in (("ArrowDown", 1), ("ArrowRight", 2), ("ArrowDown", 3), ("ArrowUp", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(view).to_contain_text(f"row {row} · {row + 1} of 4")
        expect(view.locator(".audio-full")).to_contain_text(f"0.{row + 1}")  # the sound's own length
    # A sound that was clicked has arrows of its own; up and down, of which it has no use, still walk.
    view.locator(".audio-full canvas").first.click()
    page.keyboard.press("ArrowRight")
    expect(view).to_contain_text("row 1 · 2 of 4")
    page.keyboard.press("ArrowDown")
    expect(view).to_contain_text("row 2 · 3 of 4")


def test_cells_are_walked_copied_and_opened_by_keys(look: Look) -> None:
    page = look("mixed", permissions=["clipboard-read", "clipboard-write"])
    cell(page, 1, 0).click()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    expect(cell(page, 2, 2)).to_have_class(re.compile("tv-focus"))
    page.keyboard.press("Control+c")
    copied = str(score(2, STEPS - 1))
    until(page, lambda: page.evaluate("navigator.clipboard.readText()") == copied, "the copied cell")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    view = page.locator(".cellview")
    expect(view.locator(".vtree-name", has_text="at")).to_be_visible()
    page.keyboard.press("Escape")
    expect(grid(page)).to_be_focused()


def test_a_table_fills_the_page_and_keeps_its_keys(look: Look) -> None:
    page = look("mixed")
    page.locator(".tile-head").dblclick()
    full = page.locator(".full .tv-grid")
    expect(full).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator('.full [id$="-1-0"]')).to_have_class(re.compile("tv-focus"))
    page.locator(".full .tv-value").nth(8).dblclick()
    expect(page.locator(".cellview")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".cellview")).to_have_count(0)
    expect(full).to_be_visible()
    page.keyboard.press("Escape")
    expect(full).to_have_count(0)


def test_saving_gives_every_matching_row(look: Look, tmp_path: Path) -> None:
    page = look("growing", "at=2&tables=growing:fstep,ge,n1:s-loss")
    page.get_by_role("button", name="Save the table").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=re.compile("CSV, as filtered")).click()
    waiting.value.save_as(tmp_path / "rows.csv")
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines[0] == "step,loss"
    assert len(lines) == 11
    assert lines[1].endswith(",0.4")


def test_a_table_without_rows_says_so(open_page: OpenPage, tables: LiveServer) -> None:
    page = open_page(tables)
    page.goto("/lab/tables?panels=/^none$/")
    expect(page.get_by_text("The table has no rows")).to_be_visible()
