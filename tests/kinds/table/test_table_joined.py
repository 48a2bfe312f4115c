"""Tables of tables: joined by a column, and in parts."""

from __future__ import annotations

import polars as pl
import pytest

from diorama.media import Image, JoinedTable, PartitionedTable, Table


class TestJoined:
    LEFT = Table(columns=["id", "x"], data=[["a", 1], ["b", 2], ["b", 3], [None, 4]])
    RIGHT = Table(columns=["key", "y"], data=[["b", 10], ["c", 20], ["b", 30]])

    def test_rows(self, trip) -> None:
        joined = JoinedTable(self.LEFT, self.RIGHT, ["id", "key"])
        made = trip(joined)
        assert made.record.join_key == ("id", "key")
        assert list(made.loaded.iterrows()) == [
            (["a", 1], None),
            (["b", 2], ["b", 10]),
            (["b", 2], ["b", 30]),
            (["b", 3], ["b", 10]),
            (["b", 3], ["b", 30]),
            ([None, 4], None),
            (None, ["c", 20]),
        ]
        assert made.loaded.left.rows()[0] == ["a", 1]

    @pytest.mark.parametrize("key", [5, ["a"], ["a", "b", "c"], None, [1, 2]])
    def test_keys(self, key) -> None:
        with pytest.raises(ValueError, match="a string or a list of two strings"):
            JoinedTable(self.LEFT, self.RIGHT, key)

    def test_columns_that_are_not_there(self) -> None:
        with pytest.raises(ValueError, match="table2 has no column 'id'"):
            JoinedTable(self.LEFT, self.RIGHT, "id")

    @pytest.mark.parametrize("table", [5, "x.png", None, [[1]]])
    def test_tables(self, table) -> None:
        with pytest.raises(ValueError, match="JoinedTable table1 should be"):
            JoinedTable(table, self.RIGHT, "id")

    def test_paths(self, tmp_path, trip) -> None:
        path = tmp_path / "truth.table.json"
        path.write_text('{"columns": ["id", "z"], "data": [["b", 1], ["a", null]]}')
        joined = JoinedTable(str(path), PartitionedTable([self.LEFT, self.LEFT]), "id")
        made = trip(joined)
        assert made.record.right.row_count == 8
        with pytest.raises(FileNotFoundError):
            JoinedTable(str(tmp_path / "no.table.json"), self.LEFT, "id")


class TestPartitioned:
    def test_parts(self, trip) -> None:
        parts = [Table(columns=["i", "p"], data=[[number, Image([[number]])]]) for number in range(3)]
        table = PartitionedTable(parts, names=["a", "b", "c"])
        made = trip(table)
        assert [row[0] for row in made.loaded.rows()] == [0, 1, 2]
        assert made.loaded.names == ["a", "b", "c"]
        assert len(made.loaded.parts) == 3
        assert made.loaded.parts[2].rows()[0][1].array.tolist() == [[2]]
        assert table.columns == ["i", "p"]
        assert len(table) == 3

    def test_a_folder(self, tmp_path, trip) -> None:
        (tmp_path / "a.table.json").write_text('{"columns": ["i", "s"], "data": [[1, "x"]]}')
        (tmp_path / "b.csv").write_text("i,s\n2,y\n3,\n")
        pl.DataFrame({"i": [4], "s": ["z"]}).write_parquet(tmp_path / "c.parquet")
        (tmp_path / "notes.txt").write_text("not a table")
        table = PartitionedTable(str(tmp_path))
        assert table.names == ["a.table.json", "b.csv", "c.parquet"]
        assert [row for _, row in table.iterrows()] == [[1, "x"], [2, "y"], [3, ""], [4, "z"]]
        assert trip(table).loaded.rows() == [[1, "x"], [2, "y"], [3, ""], [4, "z"]]

    def test_what_is_refused(self, tmp_path) -> None:
        with pytest.raises(ValueError, match="at least one part"):
            PartitionedTable([])
        with pytest.raises(ValueError, match="non-matching columns"):
            PartitionedTable([Table(columns=["a"]), Table(columns=["b"])])
        with pytest.raises(TypeError, match="list of Tables or a folder"):
            PartitionedTable(5)
        with pytest.raises(TypeError, match="list of Tables or a folder"):
            PartitionedTable([[1]])
        with pytest.raises(ValueError, match="3 names"):
            PartitionedTable([Table()], names=["a", "b", "c"])
        with pytest.raises(FileNotFoundError):
            PartitionedTable(tmp_path / "nowhere")
        with pytest.raises(ValueError, match="holds no"):
            PartitionedTable(tmp_path)
        (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing else")
        with pytest.raises(ValueError, match="can't be read"):
            PartitionedTable(tmp_path)
        (tmp_path / "a.parquet").unlink()
        (tmp_path / "a.table.json").write_text("[1, 2]")
        with pytest.raises(ValueError, match="can't be read"):
            PartitionedTable(tmp_path)
        with pytest.raises(ValueError, match="no folder"):
            PartitionedTable(tmp_path / "a.table.json")
