"""Methods of a table that is there: columns added and computed, keys, indexes, equality."""

from __future__ import annotations

import numpy as np
import pytest
from table_rows import rows_of

from diorama.media import Table
from diorama.media.table.pack import PACK_ROWS


class TestMethods:
    def test_columns(self, trip) -> None:
        table = Table(columns=["a"], data=[[number] for number in range(PACK_ROWS + 5)])
        table.add_column("b", [str(number) for number in range(PACK_ROWS + 5)])
        table.add_column("c", np.arange(PACK_ROWS + 5) * 0.5)
        table.add_data(7, "x", 0.25)
        assert table.columns == ["a", "b", "c"]
        rows = rows_of(trip, table)
        assert rows[0] == [0, "0", 0.0]
        assert rows[PACK_ROWS + 4] == [PACK_ROWS + 4, str(PACK_ROWS + 4), (PACK_ROWS + 4) * 0.5]
        assert rows[-1] == [7, "x", 0.25]
        assert table.data[PACK_ROWS + 4] == rows[PACK_ROWS + 4]

    def test_the_first_column(self, trip) -> None:
        table = Table(columns=[])
        table.add_column("a", [1, 2, 3])
        assert rows_of(trip, table) == [[1], [2], [3]]

    def test_columns_that_can_not_be_added(self) -> None:
        table = Table(columns=["a"], data=[[1], [2]])
        with pytest.raises(AssertionError, match="Expected length 2, found 1"):
            table.add_column("b", [1])
        with pytest.raises(AssertionError, match="must be text and new"):
            table.add_column("a", [1, 2])
        with pytest.raises(AssertionError, match="must be text and new"):
            table.add_column(5, [1, 2])  # type: ignore[arg-type]  # that is the test
        with pytest.raises(AssertionError, match="list or an array"):
            table.add_column("b", "xy")
        with pytest.raises(TypeError, match="row 1"):
            table.add_column("b", [1, "x"])
        with pytest.raises(TypeError, match="row 1"):
            table.add_column("b", [1, None])
        assert table.columns == ["a"]
        table.add_column("b", [1, None], optional=True)
        assert table.data == [[1, 1], [2, None]]

    def test_computed_columns(self) -> None:
        table = Table(columns=["x", "y"], data=[[3, 1], [4, 6]])
        table.add_computed_columns(lambda number, row: {"sum": row["x"] + row["y"], "number": number})
        assert table.columns == ["x", "y", "sum", "number"]
        assert table.data == [[3, 1, 4, 0], [4, 6, 10, 1]]
        with pytest.raises(AssertionError, match="must return a dict"):
            table.add_computed_columns(lambda number, row: 5)  # type: ignore[arg-type, return-value]  # the test

    def test_get_column(self) -> None:
        table = Table(columns=["x", "s"], data=[[3, "a"], [4.5, "b"]])
        assert table.get_column("s") == ["a", "b"]
        np.testing.assert_array_equal(table.get_column("x", convert_to="numpy"), [3, 4.5])
        with pytest.raises(AssertionError, match="no column 'y'"):
            table.get_column("y")
        with pytest.raises(AssertionError, match="convert_to"):
            table.get_column("x", convert_to="torch")

    def test_indexes_refer_to_rows(self, trip) -> None:
        table = Table(columns=["x"], data=[["a"], ["b"]])
        assert [index.get_row() for index in table.get_index()] == [{"x": "a"}, {"x": "b"}]
        assert [(int(index), row) for index, row in table.iterrows()] == [(0, ["a"]), (1, ["b"])]
        other = Table(columns=["of"], data=[[table.index_ref(1)]])
        assert other.data[0][0].get_row() == {"x": "b"}
        assert trip(other).record.columns[0].references == "index"
        with pytest.raises(AssertionError, match="row 2"):
            table.index_ref(2)

    def test_keys(self, trip) -> None:
        table = Table(columns=["id", "n"], data=[["a", 1], ["b", 2]])
        table.set_pk("id")
        assert trip(table).record.columns[0].is_key
        key = table.data[1][0]
        assert key == "b"
        other = Table(columns=["of"], data=[[key], ["a"]])
        assert trip(other).record.columns[0].references == "id"
        assert other.data[0][0].table is table
        third = Table(columns=["of"], data=[["a"]])
        third.set_fk("of", table, "id")
        assert trip(third).record.columns[0].references == "id"
        assert rows_of(trip, third) == [["a"]]
        with pytest.raises(AssertionError, match="multiple primary keys"):
            table.set_pk("n")
        with pytest.raises(TypeError, match="expected string"):
            Table(columns=["n"], data=[[1]]).set_pk("n")
        with pytest.raises(AssertionError, match="same table"):
            third.set_fk("of", third, "of")
        with pytest.raises(AssertionError, match="no column"):
            third.set_fk("of", table, "nothing")

    def test_equality(self) -> None:
        make = lambda **more: Table(columns=["a", "b"], data=[[1, np.zeros(2)]], **more)  # noqa: E731
        assert make() == make()
        assert make() != Table(columns=["a", "b"], data=[[2, np.zeros(2)]])
        assert make() != Table(columns=["a", "c"], data=[[1, np.zeros(2)]])
        assert make() != 5
        assert repr(make()) == "Table(columns=['a', 'b'], 1 rows)"
