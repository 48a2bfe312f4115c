"""How a table is made: rows, row by row, arrays, data frames, and the options that go with them."""

from __future__ import annotations

import datetime
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from table_rows import NOON, UTC, rows_of, same, types_of

from diorama.errors import UsageError
from diorama.media import Table
from diorama.media.table.load import LoadedTable
from diorama.media.table.pack import PACK_ROWS


class TestMaking:
    def test_rows(self, trip) -> None:
        rows = [["a", 1, 0.5, True], ["b", 2, 1.5, False]]
        for table in (
            Table(columns=list("wxyz"), data=rows),
            Table(list("wxyz"), rows),
            Table(columns=list("wxyz"), rows=rows),
            Table(columns=list("wxyz"), data=tuple(tuple(row) for row in rows)),
            Table(columns=list("wxyz"), data=Table(columns=list("wxyz"), data=rows).data),
        ):
            assert table.columns == ["w", "x", "y", "z"]
            assert table.data == rows
            assert len(table) == 2
            assert rows_of(trip, table) == rows

    def test_default_columns(self) -> None:
        assert Table().columns == ["Input", "Output", "Expected"]
        assert Table().data == []

    def test_row_by_row(self, trip) -> None:
        table = Table(columns=["i", "text"])
        for number in range(PACK_ROWS * 2 + 7):
            table.add_data(number, f"text {number}")
        table.add_row(-1, "last")
        assert len(table) == PACK_ROWS * 2 + 8
        assert table.data[PACK_ROWS] == [PACK_ROWS, f"text {PACK_ROWS}"]
        assert table.data[-1] == [-1, "last"]
        assert table.data[-2:] == [[PACK_ROWS * 2 + 6, f"text {PACK_ROWS * 2 + 6}"], [-1, "last"]]
        loaded = trip(table).loaded
        assert loaded.rows() == list(table.data)
        assert [number for number, _ in loaded.iterrows()] == list(range(len(table)))

    def test_rows_like_a_list(self) -> None:
        table = Table(columns=["a"], data=[[1]])
        table.data.append([2])
        table.data.extend([[3], [4]])
        assert table.data == [[1], [2], [3], [4]]
        assert table.data != [[1], [2], [3], [5]]
        assert table.data != 7
        assert repr(table.data) == "[[1], [2], [3], [4]]"
        with pytest.raises(IndexError, match="row 4"):
            table.data[4]

    def test_numpy(self, trip) -> None:
        array = np.array([[1, 2], [3, 4]], np.int16)
        table = Table(columns=["a", "b"], data=array)
        array[:] = 0
        assert table.data == [[1, 2], [3, 4]]
        assert types_of(trip, table) == {"a": ("integer", "int16"), "b": ("integer", "int16")}
        mixed = Table(columns=["a", "b"], data=np.array([["x", 1], ["y", 2]], dtype=object))
        assert rows_of(trip, mixed) == [["x", 1], ["y", 2]]
        texts = Table(columns=["a"], data=np.array([["x"], ["yy"]]))
        assert rows_of(trip, texts) == [["x"], ["yy"]]

    def test_numpy_with_arrays_in_cells(self, trip) -> None:
        table = Table(columns=["a", "b"], data=np.arange(24.0).reshape(2, 2, 2, 3))
        [first, _] = rows_of(trip, table)
        np.testing.assert_array_equal(first[1], np.arange(6.0).reshape(2, 3) + 6)
        np.testing.assert_array_equal(table.data[0][1], first[1])

    @pytest.mark.parametrize("columns", [("a",), "a", 5, {"a": 1}])
    def test_columns_are_a_list(self, columns) -> None:
        with pytest.raises(AssertionError, match="list"):
            Table(columns=columns)

    @pytest.mark.parametrize("column", [1.5, None, ("a",), b"a"])
    def test_columns_are_text_or_int(self, column) -> None:
        with pytest.raises(AssertionError, match="strings or ints"):
            Table(columns=["a", column])

    def test_int_columns(self, trip) -> None:
        table = Table(columns=[0, 1], data=[[1, 2]])
        assert table.columns == [0, 1]
        assert table.get_column(1) == [2]
        assert trip(table).loaded.columns == ["0", "1"]

    def test_columns_of_the_same_name(self, trip) -> None:
        table = Table(columns=["a", "a", "A", "a (2)", 1, "1"], data=[[1, 2, 3, 4, 5, 6]])
        loaded = trip(table).loaded
        assert len(set(loaded.columns)) == 6
        assert loaded.rows() == [[1, 2, 3, 4, 5, 6]]

    @pytest.mark.parametrize("data", ["ab", {"a": 1}, 5, iter([])])
    def test_data_is_a_list(self, data) -> None:
        with pytest.raises(AssertionError, match="data argument expects a `list`"):
            Table(columns=["a"], data=data)

    def test_a_row_of_another_length(self) -> None:
        with pytest.raises(
            ValueError, match=r"This table expects 2 columns: \['a', 'b'\], found 3 \(row 1\)"
        ):
            Table(columns=["a", "b"], data=[[1, 2], [1, 2, 3]])
        table = Table(columns=["a", "b"])
        with pytest.raises(ValueError, match=r"expects 2 columns.*found 1"):
            table.add_data(1)
        with pytest.raises(ValueError, match=r"expects 2 columns.*found 3"):
            Table(columns=["a", "b"], data=np.zeros((4, 3)))
        with pytest.raises(ValueError, match="expects 2 columns"):
            Table(columns=["a", "b"], data=np.zeros(4))

    def test_log_mode(self) -> None:
        for mode in ("IMMUTABLE", "MUTABLE", "INCREMENTAL"):
            assert Table(log_mode=mode).log_mode == mode
        with pytest.raises(AssertionError, match="Invalid log_mode: x"):
            Table(log_mode="x")  # type: ignore[arg-type]  # that is the test
        with pytest.raises(AssertionError, match="Invalid log_mode"):
            Table(log_mode=None)

    def test_limits_have_no_effect(self, monkeypatch) -> None:
        assert (Table.MAX_ROWS, Table.MAX_ARTIFACT_ROWS) == (10_000, 200_000)
        monkeypatch.setattr(Table, "MAX_ROWS", 2)
        monkeypatch.setattr(Table, "MAX_ARTIFACT_ROWS", 2)
        assert len(Table(columns=["a"], data=[[1]] * 5)) == 5

    def test_empty(self, trip) -> None:
        for table in (Table(), Table(columns=[]), Table(columns=["a"], data=[]), Table(columns=[], data=[])):
            made = trip(table)
            assert made.loaded.rows() == []
            assert made.record.row_count == 0
        assert [column.type for column in trip(Table()).record.columns] == ["none"] * 3

    def test_options_for_each_column(self) -> None:
        table = Table(columns=["a", "b"], dtype=[int, str], optional=[True, False])
        table.add_data(None, "x")
        with pytest.raises(TypeError, match="column 'b', row 1"):
            table.add_data(1, None)
        with pytest.raises(ValueError, match="dtype has 1 items"):
            Table(columns=["a", "b"], dtype=[int])

    def test_importing_needs_no_heavy_library(self) -> None:
        code = (
            "import sys; from diorama import Table; t = Table(columns=['a'], data=[[1], [2]]); t.snapshot();"
            "print(sorted({'numpy', 'pandas', 'polars', 'pyarrow', 'duckdb', 'PIL'} & set(sys.modules)))"
        )
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == "[]"


class TestFrames:
    def test_pandas(self, trip) -> None:
        frame = pd.DataFrame(
            {
                "i8": np.array([1, 2, 3], np.int8),
                "f4": np.array([0.1, math.nan, -0.0], np.float32),
                "b": [True, False, True],
                "s": ["a", None, "c"],
                "t": pd.to_datetime(["2024-01-01T00:00:00.123456789", None, "2024-01-03T00:00:00.000000001"]),
                "z": pd.to_datetime(["2024-01-01", "2024-01-02", None]).tz_localize("Asia/Tokyo"),
                "cat": pd.Categorical(["x", "y", "x"]),
                "I": pd.array([1, None, 2**62 + 1], dtype="Int64"),
                "B": pd.array([True, None, False], dtype="boolean"),
                "o": [[1], [2, 3], None],
                "d": pd.to_timedelta([1, 2, 3], unit="s"),
            }
        )
        for table in (Table(dataframe=frame), Table(data=frame), Table(columns=["other"], dataframe=frame)):
            made = trip(table)
            assert made.loaded.columns == list(frame.columns)
            assert types_of(trip, table) == {
                "i8": ("integer", "int8"),
                "f4": ("number", "float32"),
                "b": ("boolean", None),
                "s": ("string", None),
                "t": ("timestamp", "datetime64[ns]"),
                "z": ("timestamp", made.record.columns[5].dtype),
                "cat": ("string", None),
                "I": ("integer", "int64"),
                "B": ("boolean", None),
                "o": ("list", None),
                "d": ("number", "float64"),
            }
            rows = made.loaded.rows()
            assert rows[0][0] == 1
            assert same(rows[1][1], math.nan)
            assert same(rows[2][1], -0.0)
            assert rows[0][1] == float(np.float32(0.1))
            assert [row[3] for row in rows] == ["a", None, "c"]
            assert rows[1][4] is None
            assert rows[0][5] == datetime.datetime(2023, 12, 31, 15, tzinfo=UTC)
            assert rows[2][5] is None
            assert [row[7] for row in rows] == [1, None, 2**62 + 1]
            assert [row[8] for row in rows] == [True, None, False]
            assert [row[9] for row in rows] == [[1], [2, 3], None]
            assert [row[10] for row in rows] == [1.0, 2.0, 3.0]
            assert table.get_column("I") == [1, None, 2**62 + 1]
            parquet = pq.read_table(__import__("io").BytesIO(made.blobs.get(made.record.blob)))
            assert str(parquet.column("t")[0].value) == str(1704067200123456789)

    def test_polars(self, trip) -> None:
        frame = pl.DataFrame(
            {
                "i": pl.Series([1, None, 3], dtype=pl.Int16),
                "u": pl.Series([1, 2, 2**64 - 1], dtype=pl.UInt64),
                "f": pl.Series([0.5, math.nan, None], dtype=pl.Float32),
                "s": ["a", None, "é"],
                "b": [True, None, False],
                "l": [[1, 2], [], None],
                "st": [{"a": 1}, {"a": 2}, {"a": None}],
                "d": [datetime.date(2024, 1, 1), None, datetime.date(2024, 1, 3)],
                "t": pl.Series([NOON, None, NOON], dtype=pl.Datetime("ns")),
            }
        )
        table = Table(dataframe=frame)
        rows = rows_of(trip, table)
        assert [row[0] for row in rows] == [1, None, 3]
        assert rows[2][1] == 2**64 - 1
        assert same([row[2] for row in rows], [0.5, math.nan, None])
        assert [row[3:6] for row in rows] == [["a", True, [1, 2]], [None, None, []], ["é", False, None]]
        assert rows[1][6] == {"a": 2}
        assert rows[0][7] == datetime.date(2024, 1, 1)
        assert [row[8] for row in rows] == [NOON, None, NOON]
        assert types_of(trip, table)["i"] == ("integer", "int16")
        assert types_of(trip, table)["f"] == ("number", "float32")

    def test_a_large_frame_is_exact(self, trip) -> None:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.random(150_000), "b": rng.integers(0, 2**62, 150_000)})
        table = Table(dataframe=frame)
        back = trip(table).loaded.get_dataframe()
        pd.testing.assert_frame_equal(back, frame)
        assert table.data[140_000] == frame.iloc[140_000].tolist() or table.data[140_000] == [
            frame["a"][140_000],
            int(frame["b"][140_000]),
        ]

    def test_out_again(self, trip) -> None:
        table = Table(columns=["a", "b", "c", "d"], data=[[1, "x", None, 0.5], [None, "y", True, 1.5]])
        loaded = trip(table).loaded
        frame = loaded.get_dataframe()
        assert frame["a"].tolist()[0] == 1
        dtypes = [str(dtype) for dtype in frame.dtypes]
        assert dtypes == ["Int64", str(pd.Series(["x"]).dtype), "boolean", "float64"]
        polars = loaded.get_dataframe("polars")
        assert polars.schema["a"] == pl.Int64
        assert polars["d"].to_list() == [0.5, 1.5]
        with pytest.raises(UsageError, match="pandas"):
            loaded.get_dataframe("spark")
        assert table.get_dataframe()["b"].tolist() == ["x", "y"]
        assert list(table.get_dataframe().columns) == ["a", "b", "c", "d"]

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_a_frame_of_many_columns_is_one_pass_over_the_parts(self, trip, library: str) -> None:
        made = [
            trip(Table(columns=[f"c{at}" for at in range(30)], data=[[start + at for at in range(30)]]))
            for start in (0, 100)
        ]
        read = []

        def get_blob(blob):
            read.append(blob.sha256)
            [data] = [one.blobs.get(blob) for one in made if one.record.blob == blob]
            return data

        frame = LoadedTable([one.record for one in made], get_blob).get_dataframe(library)
        assert read == [one.record.blob.sha256 for one in made]
        assert frame.shape == (2, 30)
        assert [list(frame[f"c{at}"]) for at in (0, 29)] == [[0, 100], [29, 129]]

    def test_what_is_no_frame(self) -> None:
        with pytest.raises(AssertionError, match="DataFrame of pandas or polars, not list"):
            Table(dataframe=[[1]])
        with pytest.raises(AssertionError, match="strings or ints"):
            Table(dataframe=pd.DataFrame([[1]], columns=[1.5]))

    def test_mixed_types_in_a_frame(self, trip) -> None:
        frame = pd.DataFrame({"a": [1, "x", None]}, dtype=object)
        with pytest.raises(TypeError, match="column 'a', row 1"):
            Table(dataframe=frame)
        assert rows_of(trip, Table(dataframe=frame, allow_mixed_types=True)) == [[1], ["x"], [None]]


def test_what_a_numpy_mask_hides_is_missing(trip) -> None:
    hidden = np.ma.array([[1, 2], [3, 999]], mask=[[0, 0], [0, 1]])
    table = Table(columns=["a", "b"], data=hidden)
    table.add_column("c", np.ma.array([1.0, 1e20], mask=[0, 1]), optional=True)
    table.add_data(np.ma.masked, 7, np.float64(0.5))
    assert list(table.data) == [[1, 2, 1.0], [3, None, None], [None, 7, 0.5]]
    assert trip(table).loaded.rows() == list(table.data)
    [[cell]] = Table(columns=["cell"], data=[[np.ma.array([1.0, 9.0, 2.0], mask=[0, 1, 0])]]).data
    np.testing.assert_array_equal(cell, [1.0, np.nan, 2.0])
