"""Tests replace parts of Python's own modules for one module of ours, not for the whole process."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest
from stand_in import stand_in

TESTS = Path(__file__).parents[1]
SHARED = {"time", "threading", "subprocess", "tempfile"}
"""Modules that servers, sidecars and event loops in other threads of the tests' process use meanwhile."""


def replaced_for_all(source: str) -> list[int]:
    """The lines of `x.setattr(time, "name", ...)` and the like."""
    if ".setattr(" not in source:
        return []
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "setattr"
        and len(node.args) == 3
        and ast.unparse(node.args[0]).rpartition(".")[2] in SHARED
    ]


@pytest.mark.parametrize(
    "line",
    ['monkeypatch.setattr(time, "sleep", f)', 'patched.setattr(spool.time, "monotonic", lambda: 0.0)'],
)
def test_what_is_replaced_for_all_is_found(line: str) -> None:
    assert replaced_for_all(f"import time\n{line}\n") == [2]


def test_no_test_replaces_a_clock_or_a_start_of_others() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in replaced_for_all(path.read_text())
        if "excepthook" not in path.read_text().splitlines()[line - 1]
    ]
    assert found == [], "use tests/stand_in.py"


def test_a_stand_in_has_the_other_parts_and_changes_nobody_else() -> None:
    clock = stand_in(time, monotonic=lambda: 5.0)
    assert clock.monotonic() == 5.0
    assert clock.sleep is time.sleep
    assert time.monotonic() != 5.0
    with pytest.raises(AttributeError):
        stand_in(time, monotonous=lambda: 5.0)
