"""The rule of these tests: they wait for what they mean, never for a length of time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLEEPS = re.compile(r"\bwait_for_timeout\(|\bsleep\(")
POLLS = {"waiting.py", "stored.py", Path(__file__).name}
"""The files that ask again and again until something holds."""


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.name)
def test_no_browser_test_sleeps(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if SLEEPS.search(line)]
    assert path.name in POLLS or found == []


def test_the_rule_finds_sleeps() -> None:
    assert all(SLEEPS.search(line) for line in ("page.wait_for_timeout(300)", "time.sleep(1)"))
