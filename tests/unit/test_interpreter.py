"""Other Python processes run this very Diorama, beside Python's own modules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from diorama import interpreter


def test_a_backport_beside_us_does_not_replace_a_module_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "diorama"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "shown.py").write_text(
        "import enum, typing, dataclasses, random, msgspec, sys, diorama\n"
        "print(diorama.__file__, sys.argv[1:])\n"
    )
    for name in ("enum", "typing", "dataclasses", "random"):
        (package.parent / f"{name}.py").write_text("raise ImportError('a backport')\n")
    (tmp_path / "random.py").write_text("raise ImportError('of the current folder')\n")
    monkeypatch.setattr(interpreter, "__file__", str(package / "interpreter.py"))
    answer = subprocess.run(
        interpreter.command_for("diorama.shown", "--flag", "x"),
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.stderr == ""
    assert answer.stdout == f"{package / '__init__.py'} ['--flag', 'x']\n"


def test_the_users_python_path_holds_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert interpreter.python_path_from({"PYTHONPATH": "src:/abs"}) == {"PYTHONPATH": f"{tmp_path}/src:/abs"}
    assert interpreter.python_path_from({}) == {}
