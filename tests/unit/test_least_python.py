"""All sources run on the least Python that pyproject.toml allows, also where the tests run on a newer one."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("src", "bench", "scripts", "examples", "tests")
SOURCES = [
    REPOSITORY / "hatch_build.py",
    *(path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))),
]


def _violations(*paths: Path) -> str:
    """What vermin says of sources that need more than Python 3.10; "" when none does."""
    # `file` and `str.decode` are names of ours that vermin takes for those of Python 2.
    command = [sys.executable, "-c", "from vermin import main; main()", "--target=3.10-", "--violations"]
    command += ["--quiet", "--no-tips", "--exclude", "file", "--exclude", "str.decode", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
def test_sources_are_in_the_grammar_of_python_3_10() -> None:
    for path in SOURCES:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 10))


@pytest.mark.slow
def test_sources_use_nothing_newer_than_python_3_10() -> None:
    assert _violations(*SOURCES) == ""


@pytest.mark.parametrize(
    "source", ["from datetime import UTC\n", "import tomllib\n", "from typing import Self\n"]
)
def test_what_is_newer_is_found(tmp_path: Path, source: str) -> None:
    path = tmp_path / "newer.py"
    path.write_text(source, encoding="utf-8")
    assert "3.11" in _violations(path)
