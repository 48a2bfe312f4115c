"""`make check` finds circles of imports, wherever in a module the import stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_circles.py"

TOY = {
    "__init__.py": "",
    "top.py": "from toy import middle\nfrom toy.deep import Thing\n",
    "middle.py": "import toy.bottom\nimport json\n",
    "bottom.py": "VALUE = 1\n",
    "deep/__init__.py": "from toy.deep.thing import Thing\n",
    "deep/thing.py": "from toy.bottom import VALUE\nclass Thing: ...\n",
}
"""A package without a circle: `toy.deep` names a part of itself, which does not name `toy.deep`."""


def find(folder: Path, more: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """What the script says of the toy package with some files more, or with other contents."""
    for name, text in {**TOY, **more}.items():
        file = folder / "toy" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "toy", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_no_circle(tmp_path: Path) -> None:
    done = find(tmp_path, {})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "text",
    [
        "VALUE = 1\nimport toy.top\n",
        "VALUE = 1\nfrom toy import top\n",
        "VALUE = 1\nfrom toy.top import middle\n",
        "VALUE = 1\nfrom . import top\n",
        "VALUE = 1\nfrom .top import middle\n",
        "def late():\n    import toy.top as above\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING: from toy.top import Thing\n",
    ],
)
def test_the_files_and_lines_of_a_circle_are_named(tmp_path: Path, text: str) -> None:
    done = find(tmp_path, {"bottom.py": text})
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "These modules import each other in a circle:",
        f"  {Path('toy/bottom.py')}:2 imports toy.top",
        f"  {Path('toy/top.py')}:1 imports toy.middle",
        f"  {Path('toy/middle.py')}:1 imports toy.bottom",
    ]


def test_a_part_that_imports_its_package(tmp_path: Path) -> None:
    done = find(tmp_path, {"deep/thing.py": "def late():\n    from toy.deep import Thing\n"})
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        f"  {Path('toy/deep/__init__.py')}:1 imports toy.deep.thing",
        f"  {Path('toy/deep/thing.py')}:2 imports toy.deep",
    ]


def test_two_circles_that_do_not_touch_are_both_named(tmp_path: Path) -> None:
    one = {"a.py": "import toy.b", "b.py": "import toy.a"}
    two = {"c.py": "import toy.d, toy.a", "d.py": "import toy.c"}
    done = find(tmp_path, {**one, **two})
    assert done.stdout.count("circle:") == 2


@pytest.mark.parametrize(
    "text",
    ["import toy.deep.leaf\n", "from toy.deep import leaf\n", "from toy.deep.leaf import VALUE\n"],
)
def test_who_imports_a_part_of_a_package_imports_the_package(tmp_path: Path, text: str) -> None:
    done = find(tmp_path, {"bottom.py": text, "deep/leaf.py": "VALUE = 1\n"})
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        f"  {Path('toy/bottom.py')}:1 imports toy.deep",
        f"  {Path('toy/deep/__init__.py')}:1 imports toy.deep.thing",
        f"  {Path('toy/deep/thing.py')}:1 imports toy.bottom",
    ]


def test_the_parts_of_a_package_may_import_each_other(tmp_path: Path) -> None:
    more = {"deep/thing.py": "from toy.deep import leaf\nclass Thing: ...\n", "deep/leaf.py": "VALUE = 1\n"}
    assert find(tmp_path, more).returncode == 0
