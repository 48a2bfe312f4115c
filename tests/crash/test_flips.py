"""No bit that flips on a disk makes a wrong value that is shown as a right one."""

from __future__ import annotations

import pytest
from flips import PLACES, flip_many


@pytest.mark.parametrize("count", [pytest.param(200, marks=pytest.mark.slow), 25])
def test_a_flipped_bit_is_harmless_refused_or_reported(count: int) -> None:
    table = flip_many(count, seed=count)
    assert {place: sum(counts.values()) for place, counts in table.items()} == dict.fromkeys(
        PLACES, count // len(PLACES)
    )
    for place, counts in table.items():
        assert counts["SILENT"] == counts["CRASH"] == 0, place
