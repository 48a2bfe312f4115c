"""Values of cells come back exactly: in type, in every bit, and whatever changes after they were added."""

from __future__ import annotations

import datetime
import decimal
import math
import pathlib
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_rows import CELLS, NOON, UTC, Colour, rows_of, same, types_of

from diorama.media import Table, encode_record

EXACT: list[tuple[str, list[Any]]] = [
    ("boolean", [True, False, None]),
    ("integer", [0, -1, 2**63 - 1, -(2**63), None]),
    ("integer", [2**63, 2**200, -(2**200), 1]),
    ("number", [0.1, -0.0, math.nan, math.inf, -math.inf, 5e-324, None]),
    ("number", [1.5, float(2**53)]),
    ("string", ["", "a", "é 한 \U0001f600", "nul\0", "‮", "<b>", "'; DROP TABLE", "a" * 100_000, None]),
    ("bytes", [b"", b"\x00\xff", None]),
    (
        "timestamp",
        [NOON, datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), None],
    ),
    ("timestamp", [NOON.replace(tzinfo=UTC), None]),
    ("date", [datetime.date(2024, 2, 29), datetime.date(1, 1, 1), None]),
    ("number", [decimal.Decimal("0.1"), decimal.Decimal("123456789012345678901234567890.5"), None]),
    ("list", [[], [1, 2], [3.5, None], None]),
    ("list", [["a"], [], ["b", "c"]]),
    ("list", [[[1], []], [[2, 3]]]),
    ("list", [[math.nan, math.inf, -0.0, 2**60]]),
    ("dict", [{"a": 1, "b": ["x"]}, {"a": 2.5, "b": []}, None]),
    ("dict", [{}]),
    ("none", [None, None]),
]


class TestValues:
    @pytest.mark.parametrize(("type_", "values"), EXACT, ids=lambda value: str(value)[:30])
    def test_exact(self, trip, type_, values) -> None:
        for table in (
            Table(columns=["v"], data=[[value] for value in values]),
            Table(columns=["v", "w"], data=[[value, value] for value in values]),
        ):
            assert same([row[0] for row in rows_of(trip, table)], values)
            assert same(table.get_column("v"), values)
            assert types_of(trip, table)["v"][0] == type_
        slowly = Table(columns=["v"])
        for value in values:
            slowly.add_data(value)
        assert same([row[0] for row in rows_of(trip, slowly)], values)

    def test_ints_and_floats_mix(self, trip) -> None:
        table = Table(columns=["a"], data=[[1], [2.5], [None]])
        assert rows_of(trip, table) == [[1], [2.5], [None]]
        assert types_of(trip, table) == {"a": ("number", "float64")}
        wide = Table(columns=["a"], data=[[2**53 + 1], [0.5], [math.nan], [-math.inf]])
        assert same([row[0] for row in rows_of(trip, wide)], [2**53 + 1, 0.5, math.nan, -math.inf])
        assert types_of(trip, wide) == {"a": ("number", "text")}

    def test_numpy_numbers(self, trip) -> None:
        table = Table(columns=["a", "b", "c", "d"])
        for number in range(3):
            table.add_data(np.float32(0.1), np.int8(number), np.bool_(number), np.uint64(2**64 - 1 - number))
        assert types_of(trip, table) == {
            "a": ("number", "float32"),
            "b": ("integer", "int8"),
            "c": ("boolean", None),
            "d": ("integer", "uint64"),
        }
        assert rows_of(trip, table)[2] == [float(np.float32(0.1)), 2, True, 2**64 - 3]
        assert table.data[2] == rows_of(trip, table)[2]

    def test_numbers_of_several_dtypes(self, trip) -> None:
        table = Table(columns=["a", "b", "c"])
        table.add_data(np.float32(0.5), np.int8(1), np.uint64(2**64 - 1))
        table.add_data(np.float64(0.1), np.int64(2**60), np.int8(-1))
        table.add_data(3, None, None)
        assert rows_of(trip, table) == [[0.5, 1, 2**64 - 1], [0.1, 2**60, -1], [3, None, None]]

    def test_half_and_brain_floats(self, trip, tensor) -> None:
        table = Table(columns=["a"], data=[[np.float16(0.1)], [np.float16(65504)]])
        assert rows_of(trip, table) == [[float(np.float16(0.1))], [65504.0]]
        assert types_of(trip, table)["a"] == ("number", "float16")
        loss = Table(columns=["a"], data=[[tensor(0.5, requires_grad=True)], [1]])
        assert rows_of(trip, loss) == [[0.5], [1]]

    def test_arrays(self, trip, tensor) -> None:
        array = np.arange(6, dtype=np.float32).reshape(2, 3)
        table = Table(columns=["a"], data=[[array], [array.astype(np.float64) + 0.1], [None]])
        array[:] = 9
        [[first], [second], [third]] = rows_of(trip, table)
        assert (first.dtype, first.shape, third) == (np.float64, (2, 3), None)
        np.testing.assert_array_equal(first, np.arange(6).reshape(2, 3))
        np.testing.assert_array_equal(second, np.arange(6).reshape(2, 3) + 0.1)
        np.testing.assert_array_equal(table.data[0][0], np.arange(6).reshape(2, 3))
        column = trip(table).record.columns[0]
        assert (column.type, column.shape, column.dtype) == ("array", [2, 3], "float64")
        with pytest.raises(
            TypeError, match=r"expected array of shape \[2, 3\] or None, got array of shape \[3, 2\]"
        ):
            table.add_data(np.zeros((3, 2)))
        tensors = Table(columns=["a"], data=[[tensor(np.ones(3, np.int32))]] * 3)
        assert rows_of(trip, tensors)[2][0].tolist() == [1, 1, 1]

    @pytest.mark.parametrize("is_array_first", [True, False])
    def test_arrays_among_lists(self, trip, is_array_first) -> None:
        cells: list[Any] = [np.ones((2, 2)), [[1, 2, 3], []], None]
        table = Table(columns=["a"], data=[[cell] for cell in (cells if is_array_first else cells[::-1])])
        rows = [row[0] for row in rows_of(trip, table)]
        assert (rows if is_array_first else rows[::-1]) == [[[1.0, 1.0], [1.0, 1.0]], [[1, 2, 3], []], None]
        sealed = Table(columns=["a"], data=np.ones((3, 1, 2)))
        sealed.add_data([5, 6, 7])
        assert rows_of(trip, sealed)[2:] == [[[1.0, 1.0]], [[5, 6, 7]]]

    def test_odd_arrays(self, trip) -> None:
        table = Table(columns=["a", "b", "c", "d"])
        table.add_data(
            np.zeros((0, 3)), np.array([True, False]), np.array(["x"]), np.array(["2024-01-01"], "M8[ns]")
        )
        [[empty, bools, texts, times]] = rows_of(trip, table)
        assert empty.shape == (0, 3)
        assert bools.tolist() == [True, False]
        assert texts == ["x"]
        assert times == ["2024-01-01T00:00:00"]
        big_endian = Table(columns=["a"], data=[[np.array([1, 2], ">i4")]])
        assert rows_of(trip, big_endian)[0][0].tolist() == [1, 2]
        assert rows_of(trip, Table(columns=["a"], data=[[np.array(3.5)]])) == [[3.5]]

    def test_times(self, trip) -> None:
        east = datetime.timezone(datetime.timedelta(hours=9))
        table = Table(columns=["a"], data=[[NOON.replace(tzinfo=east)], [NOON], [datetime.date(2024, 1, 1)]])
        assert [row[0] for row in rows_of(trip, table)] == [
            NOON.replace(tzinfo=UTC) - datetime.timedelta(hours=9),
            NOON.replace(tzinfo=UTC),
            datetime.datetime(2024, 1, 1, tzinfo=UTC),
        ]
        moments = [np.datetime64("2024-01-01T00:00:00.5"), np.datetime64("NaT", "s")]
        numpys = Table(columns=["a"], data=[[moment] for moment in moments])
        assert rows_of(trip, numpys) == [[datetime.datetime(2024, 1, 1, 0, 0, 0, 500_000)], [None]]
        stamps = Table(columns=["a"], data=[[pd.Timestamp(NOON)], [pd.NaT], [None]])
        assert rows_of(trip, stamps) == [[NOON], [None], [None]]

    def test_what_log_adopts(self, trip) -> None:
        id_ = uuid.UUID(int=5)
        row = [Colour.RED, id_, pathlib.PurePosixPath("a/b"), {1, 2}, (1, 2), 1 + 2j, len]
        table = Table(columns=list("abcdefg"), data=[row])
        expected = ["RED", str(id_), "a/b", [1, 2], [1, 2], "(1+2j)", "builtins.len"]
        assert rows_of(trip, table) == [expected]

    def test_text_that_utf8_cannot_hold(self, trip) -> None:
        table = Table(columns=["\udcff"], data=[["x\ud800"], ["ok"]])
        assert trip(table).loaded.columns == ["\\udcff"]
        assert rows_of(trip, table) == [["x\\ud800"], ["ok"]]

    def test_nan_is_none_where_numbers_are_not(self, trip) -> None:
        table = Table(columns=["a", "b"], data=[[math.nan, "x"], ["y", math.nan], ["z", None]])
        assert rows_of(trip, table) == [[None, "x"], ["y", None], ["z", None]]
        assert table.data == [[None, "x"], ["y", None], ["z", None]]
        only = Table(columns=["a"], data=[[math.nan], [math.nan]])
        assert same([row[0] for row in rows_of(trip, only)], [math.nan, math.nan])

    def test_changing_the_source_changes_nothing(self, trip) -> None:
        inner, outer, array = [1], {"a": [1]}, np.zeros(3)
        rows = [[inner, outer, array]]
        for table in (Table(columns=["a", "b", "c"], data=rows), Table(columns=["a", "b", "c"])):
            if not len(table):
                table.add_data(*rows[0])
            inner.append(2)
            outer["a"].append(2)
            array += 1
            rows.append([[], {"a": []}, array])
            [row] = rows_of(trip, table)
            assert row[:2] == [[1], {"a": [1]}]
            assert row[2].tolist() == [0, 0, 0]
            inner.pop()
            outer["a"].pop()
            array -= 1
            rows.pop()

    def test_changing_what_a_getter_gave_changes_nothing(self) -> None:
        table = Table(columns=["a"], data=[[[1]]])
        table.data[0][0].append(2)
        table.get_column("a")[0].append(3)
        assert table.data == [[[1]]]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_rows_come_back(trip, data) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    row = st.tuples(*(st.one_of(st.none(), CELLS[kind]) for kind in kinds))
    rows = [list(one) for one in data.draw(st.lists(row, max_size=12))]
    columns = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    expected = [[_as_read(value) for value in one] for one in rows]
    at_once = Table(columns=columns, data=rows)
    slowly = Table(columns=columns)
    for one in rows:
        slowly.add_data(*one)
        if data.draw(st.booleans()):
            slowly._store.seal()
    for table in (at_once, slowly):
        made = trip(table)
        assert _alike(made.loaded.rows(), expected)
        assert _alike([list(one) for one in table.data], rows)
        assert encode_record(made.record) == encode_record(trip(table).record)


def _as_read(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_read(item) for item in value]
    return value


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_alike, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_alike(left[key], right[key]) for key in left)
    if isinstance(left, float) or isinstance(right, float):
        return left == right or (left != left and right != right)
    return type(left) is type(right) and left == right


def test_a_generator_in_a_cell_is_kept_as_text_and_left_to_its_owner(trip) -> None:
    numbers = (number for number in range(3))
    table = Table(columns=["a", "b", "c"], data=[[numbers, iter([1]), 1], [None, None, 2]])
    table.add_data((number for number in range(2)), None, 3)
    [[generator, iterator, _], [none, _, two], [added, _, three]] = rows_of(trip, table)
    assert "generator object" in generator
    assert "generator object" in added
    assert "list_iterator object" in iterator
    assert (none, two, three) == (None, 2, 3)
    assert list(numbers) == [0, 1, 2], "nobody has read from it"
