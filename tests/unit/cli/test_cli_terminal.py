"""Text for terminals."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diorama.cli.terminal import format_age, format_size, format_table, format_time, printable


@given(st.text())
def test_printable_never_holds_a_control(text: str) -> None:
    for char in printable(text):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or char == "\u200d"


def test_columns_line_up_also_with_wide_letters() -> None:
    table = format_table(("A", "B"), [("실험", "x"), ("ab", "y")])
    assert table == "A     B\n실험  x\nab    y"


@pytest.mark.parametrize(
    ("secs", "text"),
    [(0, "0 s"), (-5, "0 s"), (119, "119 s"), (300, "5 min"), (9000, "2 h"), (10**6, "12 d")],
)
def test_ages(secs: float, text: str) -> None:
    assert format_age(secs) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.4e6, "3.4 MB"), (2e12, "2.0 TB"), (5e15, "5000.0 TB")],
)
def test_sizes(size: float, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize("timestamp", [1e300, -1e300, float("nan"), 1e18])
def test_times_that_no_calendar_has(timestamp: float) -> None:
    assert format_time(timestamp) == "?"
