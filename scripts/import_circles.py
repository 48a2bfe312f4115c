"""Finds modules of a package that import each other in a circle.

    python scripts/import_circles.py [src/diorama]

Every import statement counts: also one inside a function, and one for type checkers only. Modules in a circle
can only be read, tested and changed together, whenever the imports happen to run.

`import a.b` and `from a import b` count for the module `a.b`, and for the package `a`, because Python runs
`a/__init__.py` first. The one exception: modules of `a` itself, which `a/__init__.py` must be able to import;
it is already running when they are. A module that is named in a string, as for `importlib`, does not count.

Exits with 1 if there is a circle. Of modules that all reach each other, it prints the shortest circle.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """`file` imports `module` in `line`."""

    file: Path
    line: int
    module: str


Graph = dict[str, dict[str, Import]]
"""For each module, what it imports of the same package."""


def graph_of(root: Path) -> Graph:
    """Who imports whom in the package whose folder is `root`."""
    files = {_name_of(file, root): file for file in sorted(root.rglob("*.py"))}
    graph: Graph = {}
    for module, file in files.items():
        found = graph[module] = {}
        for line, name in _imported_by(file, module):
            imported = name if name in files else name.rpartition(".")[0]
            for other in [*_packages_above(imported, module), imported]:
                if other in files and other != module:
                    found.setdefault(other, Import(file, line, other))
    return graph


def circles_in(graph: Graph) -> list[list[Import]]:
    """The shortest circle of each group of modules that all reach each other."""
    reached = {module: _reached_from(module, graph) for module in graph}
    groups: dict[frozenset[str], None] = {}
    for module in graph:
        if module in reached[module]:
            groups[frozenset(other for other in reached[module] if module in reached[other])] = None
    return [min((_circle_through(module, graph) for module in sorted(group)), key=len) for group in groups]


def _name_of(file: Path, root: Path) -> str:
    parts = file.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _packages_above(imported: str, module: str) -> Iterator[str]:
    """The packages that Python runs before `imported`, but for those that `module` is in."""
    parts = imported.split(".")
    for count in range(1, len(parts)):
        package = ".".join(parts[:count])
        if not f"{module}.".startswith(f"{package}."):
            yield package


def _imported_by(file: Path, module: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that the file imports: modules, and names in modules."""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            home = [*above, node.module] if node.module else above
            for alias in node.names:
                yield alias.lineno, ".".join([*home, alias.name])


def _reached_from(module: str, graph: Graph) -> set[str]:
    """What `module` imports, and what that imports, and so on."""
    reached: set[str] = set()
    waiting = list(graph[module])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting += graph[other]
    return reached


def _circle_through(module: str, graph: Graph) -> list[Import]:
    """The shortest way from `module` back to itself, which must exist."""
    ways: dict[str, list[Import]] = {}
    waiting = deque([(module, list[Import]())])
    while module not in ways:
        here, way = waiting.popleft()
        for other, step in graph[here].items():
            if other not in ways:
                ways[other] = [*way, step]
                waiting.append((other, ways[other]))
    return ways[module]


def main(argv: list[str] | None = None) -> int:
    """Print the circles; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python scripts/import_circles.py",
        description="Finds modules of a package that import each other in a circle.",
    )
    parser.add_argument(
        "root", type=Path, nargs="?", default=Path("src/diorama"), help="the folder of the package"
    )
    asked = parser.parse_args(argv)
    circles = circles_in(graph_of(asked.root))
    for circle in circles:
        print("These modules import each other in a circle:")
        for step in circle:
            print(f"  {step.file}:{step.line} imports {step.module}")
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())
