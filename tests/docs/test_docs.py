"""The docs name everything that a user can use, and their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diorama
from diorama.media import KINDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ALL_TEXT = "\n".join(page.read_text() for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_kind_has_its_page() -> None:
    for kind in KINDS:
        assert (ROOT / "docs" / "media" / f"{kind.name}.md").is_file(), kind.name


def test_every_public_name_is_documented() -> None:
    missing = [
        name
        for name in diorama.__all__
        if not name.startswith("_") and not re.search(rf"\b{re.escape(name)}\b", ALL_TEXT)
    ]
    assert missing == []


def test_every_environment_variable_is_documented() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    used = set(re.findall(r"\bDIORAMA_[A-Z_]+[A-Z]\b", sources))
    documented = set(re.findall(r"\bDIORAMA_[A-Z_]+[A-Z]\b", ALL_TEXT))
    assert used - documented == set()


def test_every_verb_is_documented() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "diorama", "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    verbs = re.findall(r"^ {2,4}([a-z]+) {2,}", answer, re.MULTILINE)
    assert {"ui", "demo", "sync", "ls", "key", "doctor"} <= set(verbs)
    cli_page = (ROOT / "docs" / "cli.md").read_text()
    assert [verb for verb in verbs if f"diorama {verb}" not in cli_page] == []


def python_blocks() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)):
            found.append((f"{page.name}-{number}", block))
    return found


@pytest.mark.parametrize(("name", "block"), python_blocks(), ids=[name for name, _ in python_blocks()])
def test_python_in_the_docs_compiles(name: str, block: str) -> None:
    compile(block, name, "exec")
