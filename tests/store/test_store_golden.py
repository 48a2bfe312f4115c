"""Stores of every earlier version open, migrate and say the same as ever."""

from __future__ import annotations

import json
import runpy
import zipfile
from pathlib import Path

import pytest

from diorama.store.migrations import SCHEMA_VERSION

STORES = Path(__file__).parents[1] / "golden" / "stores"
MADE = sorted(STORES.glob("*.zip"))
read_back = runpy.run_path(str(STORES / "make.py"))["read_back"]


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_golden_store_reads_back_equal(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "golden")
        expected = json.loads(archive.read("expected.json"))
    for _ in range(2):  # migrated, then as it was left
        found = read_back(tmp_path / "golden")
        assert json.loads(json.dumps(found)) == expected


def test_every_earlier_version_has_a_golden_store() -> None:
    assert [path.stem for path in MADE][: SCHEMA_VERSION - 1] == [
        f"{number:04}" for number in range(1, SCHEMA_VERSION)
    ]
