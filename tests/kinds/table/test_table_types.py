"""Types of columns: what they take, what they refuse, and the message that names column and row."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_rows import CELLS, NOON, Colour, rows_of, same, types_of

from diorama.media import Histogram, Image, Table


class TestTypes:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (1, "a"), (1, True), (True, 1), ("a", 1), ("a", b"a"), ([1], ["a"]), ([1], 1),
            ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": "x"}), (np.zeros(2), np.zeros(3)), (np.zeros(2), ["a"]),
            (NOON, 5), (True, np.float32(1)), (Histogram([1]), Image([[1]])), (Image([[1]]), "a.png"),
        ],
    )  # fmt: skip
    def test_mismatch(self, first, second) -> None:
        with pytest.raises(
            TypeError, match=r"incompatible types:\ncolumn 'b', row 1: expected .* or None, got"
        ):
            Table(columns=["a", "b"], data=[[1, first], [1, second]])
        table = Table(columns=["a", "b"], data=[[1, first]])
        with pytest.raises(TypeError, match="column 'b', row 1"):
            table.add_data(1, second)
        assert len(table) == 1
        mixed = Table(columns=["a", "b"], data=[[1, first], [1, second]], allow_mixed_types=True)
        assert len(mixed) == 2

    def test_a_refused_row_leaves_no_trace(self, trip) -> None:
        table = Table(columns=["a", "b"])
        table.add_data(None, 1)
        with pytest.raises(TypeError, match="column 'b'"):
            table.add_data("text", "not a number")
        table.add_data(5, 2)
        assert rows_of(trip, table) == [[None, 1], [5, 2]]

    def test_the_message_says_all(self) -> None:
        with pytest.raises(TypeError) as caught:
            Table(columns=["loss"], data=[[1.0]] * 7 + [["high"]])
        assert str(caught.value) == (
            "Data row contained incompatible types:\ncolumn 'loss', row 7: expected number or None, got "
            "string (str 'high'); allow_mixed_types=True takes values of all types"
        )

    def test_mixed_types(self, trip) -> None:
        values = [1, "a", None, True, [1, "b"], {"a": math.nan}, 2**70, 0.5]
        table = Table(columns=["a"], data=[[value] for value in values], allow_mixed_types=True)
        assert same([row[0] for row in rows_of(trip, table)], values)
        assert types_of(trip, table)["a"] == ("any", None)

    def test_not_optional(self) -> None:
        table = Table(columns=["a"], optional=False)
        table.add_data(1)
        with pytest.raises(TypeError, match="expected number, got none"):
            table.add_data(None)
        with pytest.raises(TypeError, match="row 1"):
            Table(columns=["a"], data=[[1], [None]], optional=False)

    @pytest.mark.parametrize(
        ("dtype", "good", "bad"),
        [
            (int, [1, 2.5, np.int8(3), None], ["a", True]),
            (float, [1, 2.5], ["a"]),
            (str, ["a"], [1]),
            (bool, [True, np.bool_(False)], [1]),
            (list, [[1], []], [1, {}]),
            ([int], [[1], [2.5]], [["a"], 1]),
            (dict, [{"a": 1}, {"b": 2}], [[1]]),
            ({"a": int}, [{"a": 1}], [{"a": "x"}, {"b": 1}]),
            (datetime.datetime, [NOON, datetime.date(2024, 1, 1)], ["2024"]),
            (np.float32, [1.5], ["a"]),
            (np.ndarray, [np.zeros(2), np.zeros(3)], [[1]]),
            (Image, [Image([[1]])], [1, Histogram([1])]),
            ([int, str], [1, "a"], [[1]]),
            ("yes", ["yes"], ["no", 1]),
            (5, [5], [6]),
            (Colour, [Colour.RED], [1]),
        ],
        ids=str,
    )
    def test_dtype(self, trip, dtype, good, bad) -> None:
        given = [dtype] if isinstance(dtype, list) else dtype
        table = Table(columns=["a"], data=[[value] for value in good], dtype=given)
        assert len(rows_of(trip, table)) == len(good)
        for value in bad:
            with pytest.raises(TypeError, match="column 'a'"):
                Table(columns=["a"], data=[[value]], dtype=given)
            with pytest.raises(TypeError, match="column 'a'"):
                table.add_data(value)

    def test_cast(self) -> None:
        table = Table(columns=["a"], data=[[1], [None]])
        with pytest.raises(TypeError, match="row 0: expected string"):
            table.cast("a", str, optional=True)
        with pytest.raises(TypeError, match="row 1"):
            table.cast("a", int)
        table.cast("a", float, optional=True)
        table.add_data(2.5)
        table.cast("a", [int, str, bool, None], optional=True)
        table.add_data("now text")
        with pytest.raises(AssertionError, match="no column 'b'"):
            table.cast("b", int)

    def test_nested_too_deep(self) -> None:
        deep: list[Any] = []
        for _ in range(100):
            deep = [deep]
        with pytest.raises(ValueError, match="nested more than"):
            Table(columns=["a"], data=[[deep]])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CELLS)).flatmap(
        lambda kind: st.tuples(
            CELLS[kind], st.sampled_from([other for other in sorted(CELLS) if other != kind])
        ).flatmap(lambda pair: st.tuples(st.just(kind), st.just(pair[0]), st.just(pair[1]), CELLS[pair[1]]))
    )
)
def test_any_mismatch_is_refused(case) -> None:
    kind, first, other, second = case
    if {kind, other} == {"timestamp", "date"} or (isinstance(second, float) and second != second):
        return
    if isinstance(first, float) and first != first:
        return
    with pytest.raises(TypeError, match="column 'a', row 1"):
        Table(columns=["a"], data=[[first], [second]])
