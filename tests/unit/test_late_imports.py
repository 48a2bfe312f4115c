"""Imports of our own modules stand at the top of a file, but for those that have a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "diorama"

_OF_A_VERB = "all verbs are imported to build the parser, so a verb imports what it needs when it runs"
REASONS = {
    "cli/checks.py": "a library that can't be imported is a finding of one check, not the end of `doctor`",
    "cli/demo.py": _OF_A_VERB,
    "cli/doctor.py": _OF_A_VERB,
    "cli/import_.py": _OF_A_VERB,
    "cli/key.py": _OF_A_VERB,
    "cli/ls.py": _OF_A_VERB,
    "cli/sync.py": _OF_A_VERB,
    "cli/ui.py": _OF_A_VERB,
    "client/init.py": "every script waits for what init() imports, and few scripts resume or disable a run",
    "client/resume.py": "urllib3 and the store are needed only for a run that is resumed",
    "client/sidecar_start.py": "a sidecar in a thread is only for a script that can start no processes",
    "sidecar/destination.py": "urllib3 costs a run that is stored on this machine nothing",
    "sidecar/local.py": "SQLAlchemy is slow to import, and a run begins before something has to be stored",
}
"""Why a file imports modules of ours inside its functions. (`diorama/__init__.py` has the names of its
modules in a table, and imports each when it is first used.)"""


@cache
def _late_imports(root: Path) -> list[tuple[str, int, str]]:
    """(file, line, module) of imports of ours inside functions, in the package whose folder is `root`."""
    return list(_find_late_imports(root))


def _find_late_imports(root: Path) -> Iterator[tuple[str, int, str]]:
    for file in sorted(root.rglob("*.py")):
        found = set()
        for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                found |= {place for inner in ast.walk(node) for place in _imported_by(inner)}
        for line, module in sorted(found):
            if module.split(".")[0] in ("", "diorama"):
                yield file.relative_to(root).as_posix(), line, module


def _imported_by(node: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of a statement or of a call of `import_module`. A relative module begins with a dot."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.lineno, "." * node.level + (node.module or "")
    elif isinstance(node, ast.Call) and "import_module" in (
        getattr(node.func, "id", None),
        getattr(node.func, "attr", None),
    ):
        for argument in node.args:
            if isinstance(argument, ast.Constant):
                yield node.lineno, str(argument.value)


def test_late_imports_have_a_reason() -> None:
    found = [
        f"{file}:{line} imports {module} inside a function"
        for file, line, module in _late_imports(PACKAGE)
        if file not in {"__init__.py", *REASONS}
    ]
    assert found == [], "import it at the top, or say in REASONS why not"


def test_every_reason_is_needed() -> None:
    assert sorted(REASONS.keys() - {file for file, _, _ in _late_imports(PACKAGE)}) == []


def test_late_imports_are_found_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "late.py").write_text(
        "import json\n"
        "from diorama import model\n"
        "def function():\n"
        "    import numpy, diorama.model\n"
        "    from diorama.media import core\n"
        "    class Inner:\n"
        "        async def method(self):\n"
        "            from .. import errors\n"
        "            return importlib.import_module('diorama.http')\n",
        encoding="utf-8",
    )
    assert _late_imports(tmp_path) == [
        ("deep/late.py", 4, "diorama.model"),
        ("deep/late.py", 5, "diorama.media"),
        ("deep/late.py", 8, ".."),
        ("deep/late.py", 9, "diorama.http"),
    ]
