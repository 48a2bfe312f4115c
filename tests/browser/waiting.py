"""Waiting for what is meant, never for a length of time: the only file of these tests that lets time pass.

`until` asks again until a condition holds, `steady` until two readings agree, `address` reads what the
address bar will say. Playwright's own `expect` does the same for what stands in the page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qs

from playwright.sync_api import Page

T = TypeVar("T")
_POLL_MS = 50
LIMIT_MS = 60_000
"""After so long a wait has failed. Only a test that fails gets there, also where WebGL is drawn in software
by a machine that has other things to do."""


def until(page: Page, condition: Callable[[], T], meaning: str = "what the test waits for") -> T:
    """The condition's first true answer; fails after LIMIT_MS without one."""
    deadline = time.monotonic() + LIMIT_MS / 1000
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"never came: {meaning}"
        page.wait_for_timeout(_POLL_MS)
    return answer


def until_true(page: Page, script: str) -> None:
    """Until the JavaScript is true. `wait_for_function` would use eval, which the page's policy forbids."""
    until(page, lambda: page.evaluate(script), script)


def steady(page: Page, read: Callable[[], T], is_same: Callable[[T, T], bool]) -> T:
    """The reading once two of them agree with no request under way between them."""
    before = read()

    def agrees() -> list[T]:
        nonlocal before
        next_frames(page)
        after = read()
        found = [after] if is_same(before, after) and not _is_asking(page) else []
        before = after
        return found

    return until(page, agrees, "two readings that agree")[0]


def next_frames(page: Page, count: int = 3) -> None:
    """Until the page has drawn so many frames more: whatever was queued before has run."""
    page.evaluate(
        """count => new Promise(done => {
          const next = () => count-- > 0 ? requestAnimationFrame(() => setTimeout(next, 0)) : done();
          next();
        })""",
        count,
    )


def address(page: Page) -> dict[str, list[str]]:
    """The parameters of the page's address. It is written in bursts; leaving the page writes what waits,
    so this tells the page that it is left."""
    next_frames(page, 1)
    search: str = page.evaluate("dispatchEvent(new Event('pagehide')), location.search")
    return parse_qs(search.removeprefix("?"))


COUNT_REQUESTS = """
  window.requestsUnderWay = 0;
  const ask = window.fetch;
  window.fetch = (...given) => {
    window.requestsUnderWay += 1;
    return ask(...given).finally(() => { window.requestsUnderWay -= 1; });
  };
"""
"""To run in every page before its own code: `steady` looks at the count."""


def _is_asking(page: Page) -> bool:
    return bool(page.evaluate("window.requestsUnderWay > 0"))
