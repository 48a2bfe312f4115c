"""Deleted runs are hidden in one place: everybody asks `store.live_runs`, and few may look behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import diorama

ROOT = Path(diorama.__file__).parent

MAY_READ_ALL_RUNS = {
    "service/ingest.py": "a batch of a deleted run is still acknowledged",
    "service/runstate.py": "finds, makes and locks the run that a batch belongs to",
    "service/deletion.py": "deletes runs and brings them back",
    "service/changes.py": "tells pages which runs were deleted",
}
"""Modules above the store, with what they need deleted runs for."""


def reads_of_all_runs(source: str) -> Iterator[int]:
    """Lines that name the table runs itself, by whatever name they import it."""
    tree = ast.parse(source)
    modules = {"schema"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "diorama.store":
            modules |= {name.asname for name in node.names if name.name == "schema" and name.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "diorama.store.schema":
            if any(name.name in ("runs", "*") for name in node.names):
                yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr == "runs":
            of = node.value
            if (isinstance(of, ast.Name) and of.id in modules) or (
                isinstance(of, ast.Attribute) and of.attr == "schema"
            ):
                yield node.lineno
        elif (
            isinstance(node, ast.Attribute)
            and node.attr == "tables"
            and ast.unparse(node).endswith("metadata.tables")
        ):
            yield node.lineno


def test_only_listed_modules_read_deleted_runs() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): list(reads_of_all_runs(path.read_text(encoding="utf-8")))
        for path in sorted(ROOT.rglob("*.py"))
        if path.parent.relative_to(ROOT).parts[:1] != ("store",)
    }
    reading = {name: lines for name, lines in found.items() if lines}
    strange = [f"{name}:{line}" for name in reading.keys() - MAY_READ_ALL_RUNS for line in reading[name]]
    assert not strange, f"{strange} read deleted runs as well: ask diorama.store.live_runs"
    assert reading.keys() == MAY_READ_ALL_RUNS.keys(), "a module of the list does not read them any more"


def test_every_way_to_name_the_table_is_found() -> None:
    source = """
from diorama.store import schema
from diorama.store import schema as tables
import diorama.store.schema
from diorama.store.schema import runs
schema.runs.c
tables.runs
diorama.store.schema.runs
schema.metadata.tables["runs"]
service.runs()
schema.run_values
"""
    assert sorted(reads_of_all_runs(source)) == [5, 6, 7, 8, 9]
