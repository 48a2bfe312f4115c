"""A few of the cuts of cuts.py: what a cut connection lost is sent again, and stored once."""

from __future__ import annotations

from pathlib import Path

from cuts import cut_at_random, cut_everywhere


def test_an_exchange_that_is_cut_anywhere_is_stored_exactly_once(tmp_path: Path) -> None:
    verdict = cut_everywhere(tmp_path / "store", step=53)
    assert verdict.faults == []
    assert verdict.cuts == verdict.tried > 20


def test_a_long_exchange_that_is_cut_again_and_again_is_stored_exactly_once(tmp_path: Path) -> None:
    verdict = cut_at_random(tmp_path / "store", cuts=40)
    assert verdict.faults == []
    assert verdict.cuts == 40
