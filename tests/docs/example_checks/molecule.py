"""What examples/molecules.py logged."""

from __future__ import annotations

from typing import Any


def check(run: Any) -> None:
    rows = list(run.scan_history())
    assert len(rows) == 2
    assert [item.record.formula for item in rows[0]["drugs"]] == ["C9H8O4", "C8H10N4O2"]
    assert rows[0]["drugs"][0].smiles == "CC(=O)Oc1ccccc1C(=O)O"
    assert rows[0]["relaxing"].record.formula == "C3H7NO2"
    assert rows[0]["relaxing"].file != rows[1]["relaxing"].file
    assert (rows[0]["poses"].record.molecule_count, rows[0]["poses"].record.atom_count) == (2, 13)


CHECKS = {"molecules": check}
