"""Pages of tables: right rows in the right order, whatever the column is called and whatever is in it."""

from __future__ import annotations

import datetime
import math
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from batches import ingest, log
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_tables import COLOURS, page, parquet, sample, stored

from diorama.errors import BadRequest, NotFound
from diorama.media import FileRecord, Image, Table
from diorama.media.table.codec import PARQUET_MIME
from diorama.service.views import TableFilter, TableJoin, TableRequest, TableSort

PATIENT = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class TestPages:
    def test_as_logged(self, service) -> None:
        [sha256] = stored(service, sample())
        first = page(service, [sha256], limit=3)
        assert [column.name for column in first.columns] == ["i", "x", "colour", "even"]
        assert [column.type for column in first.columns] == ["integer", "number", "string", "boolean"]
        assert (first.total, first.matched, first.offset, first.numbers) == (100, 100, 0, [0, 1, 2])
        assert first.rows[0] == [0, None, "red", True]
        last = page(service, [sha256], offset=98, limit=10)
        assert (last.numbers, [row[0] for row in last.rows]) == ([98, 99], [98, 99])
        assert page(service, [sha256], offset=500).rows == []

    def test_some_columns(self, service) -> None:
        [sha256] = stored(service, sample())
        some = page(service, [sha256], columns=["colour", "i"], limit=2)
        assert [column.name for column in some.columns] == ["colour", "i"]
        assert some.rows == [["red", 0], ["green", 1]]
        assert page(service, [sha256], columns=[], limit=2).rows == [[], []]
        with pytest.raises(BadRequest, match="no column 'nope'"):
            page(service, [sha256], columns=["nope"])

    @pytest.mark.parametrize("is_descending", [False, True])
    def test_sorting_is_stable_and_puts_nothing_last(self, service, is_descending) -> None:
        [sha256] = stored(service, sample())
        rows = [row for _, row in sample().iterrows()]
        sort = [TableSort("colour", is_descending), TableSort("x", is_descending)]
        expected = sorted(
            range(100),
            key=lambda i: (
                -COLOURS.index(rows[i][2])
                if False
                else sorted(COLOURS).index(rows[i][2]) * (-1 if is_descending else 1),
                rows[i][1] is None,
                (rows[i][1] or 0) * (-1 if is_descending else 1),
                i,
            ),
        )
        found: list[int] = []
        for offset in range(0, 100, 30):
            found += page(service, [sha256], sort=sort, offset=offset, limit=30).numbers
        assert found == expected

    @pytest.mark.parametrize(
        ("filter_", "wanted"),
        [
            (("i", ">=", 90.0), lambda row: row[0] >= 90),
            (("i", "<", "5"), lambda row: row[0] < 5),
            (("i", "==", 7.0), lambda row: row[0] == 7),
            (("i", "contains", "9"), lambda row: "9" in str(row[0])),
            (("x", "is_null", None), lambda row: row[1] is None),
            (("x", "is_not_null", None), lambda row: row[1] is not None),
            (("x", "==", None), lambda row: row[1] is None),
            (("x", ">", 0.5), lambda row: row[1] is not None and row[1] > 0.5),
            (("x", "!=", 0.5), lambda row: True),
            (("colour", "!=", "red"), lambda row: row[2] != "red"),
            (("colour", "contains", "RE"), lambda row: "re" in row[2]),
            (("colour", "<=", "green"), lambda row: row[2] <= "green"),
            (("even", "==", True), lambda row: row[3]),
            (("even", "==", "false"), lambda row: not row[3]),
        ],
    )
    def test_filters(self, service, filter_, wanted) -> None:
        [sha256] = stored(service, sample())
        found = page(service, [sha256], filters=[TableFilter(*filter_)], limit=1000)
        assert found.numbers == [i for i, row in sample().iterrows() if wanted(row)]
        assert (found.total, found.matched) == (100, len(found.numbers))

    @pytest.mark.parametrize(
        ("filter_", "why"),
        [
            (("nope", "==", 1.0), "no column"),
            (("i", "==", "many"), "can't be compared"),
            (("even", "==", "maybe"), "can't be compared"),
            (("i", ">", None), "needs a value"),
        ],
    )
    def test_filters_that_make_no_sense(self, service, filter_, why) -> None:
        [sha256] = stored(service, sample())
        with pytest.raises(BadRequest, match=why):
            page(service, [sha256], filters=[TableFilter(*filter_)])

    def test_search(self, service) -> None:
        [sha256] = stored(service, sample())
        assert page(service, [sha256], search="GREEN").matched == 33
        assert page(service, [sha256], search="99").numbers[-1:] == [99]
        assert page(service, [sha256], search="%").matched == 0
        assert page(service, [sha256], search="' OR 1=1 --").matched == 0

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"offset": -1}, "offset"),
            ({"sort": [TableSort("i")] * 101}, "at most 100"), ({"search": "x" * 1001}, "search"),
            ({"sort": [TableSort("nope")]}, "no column"),
        ],
    )  # fmt: skip
    def test_limits(self, service, options, why) -> None:
        [sha256] = stored(service, sample())
        with pytest.raises(BadRequest, match=why):
            page(service, [sha256], **options)

    def test_what_is_not_there(self, service) -> None:
        [sha256] = stored(service, sample())
        for tables in (["0" * 64], [sha256, "f" * 64], ["../../etc/passwd"], ["x'; DROP TABLE runs"]):
            with pytest.raises(NotFound):
                page(service, tables)
        with pytest.raises(NotFound):  # stored, but no run names it
            page(service, [service.put_blob(b"PAR1", PARQUET_MIME).sha256])
        with pytest.raises(BadRequest, match="no table is named"):
            service.table_page(TableRequest())
        with pytest.raises(NotFound, match="no table"):
            service.table_page(TableRequest(run=1, key="nope"))
        with pytest.raises(BadRequest, match="positive"):
            service.table_page(TableRequest(run=2**62, key="t"))

    @pytest.mark.parametrize("text", ["abc", "ä", "-", "1.5.x"])
    def test_search_finds_nothing_where_nothing_could_match(self, service, text) -> None:
        tables = stored(service, Table(columns=["a", "b"], data=[[1, 0.5], [2, 1.5]]))
        found = page(service, tables, search=text)
        assert (found.rows, found.matched, found.total) == ([], 0, 2)
        assert page(service, tables, search=text, sort=[TableSort("a")]).rows == []
        joined = TableJoin(tables, "a", "a")
        assert page(service, tables, search=text, join=joined).rows == []

    def test_csv_gives_no_formulas_to_spreadsheets(self, service) -> None:
        data = [["=1+1", -1.5, "a"], ["+x", 2.0, "-"], ["@y", -3.0, "\tz"]]
        tables = stored(service, Table(columns=["=name", "n", "text"], data=data))
        assert b"".join(service.table_csv(tables)).decode() == (
            "'=name,n,text\r\n'=1+1,-1.5,a\r\n'+x,2.0,'-\r\n'@y,-3.0,'\tz\r\n"
        )

    def test_csv(self, service) -> None:
        row = [2**60, math.nan, 'a "quote",\n', b"\x00", [1, math.inf], np.zeros(2), Image([[1]]), True, None]
        table = Table(columns=[f"c{place}" for place in range(9)], data=[row, [None] * 9])
        [sha256] = stored(service, table)
        picture = page(service, [sha256]).rows[0][6]["blob"]["sha256"]
        assert b"".join(service.table_csv([sha256])).decode() == (
            "c0,c1,c2,c3,c4,c5,c6,c7,c8\r\n"
            f'1152921504606846976,nan,"a ""quote"",\n",AA==,"[1,{{""_number"":""Infinity""}}]","[0.0,0.0]",'
            f"{picture},true,\r\n,,,,,,,,\r\n"
        )
        [long, longer] = stored(service, sample(5000), sample(10_000))
        lines = b"".join(service.table_csv([long, longer])).decode().splitlines()
        assert [line.split(",")[0] for line in lines[1:]] == [
            *map(str, range(5000)),
            *map(str, range(10_000)),
        ]
        with pytest.raises(NotFound):
            service.table_csv(["0" * 64])
        with pytest.raises(BadRequest):
            service.table_csv([])

    def test_every_kind_of_cell(self, service) -> None:
        noon = datetime.datetime(2024, 2, 29, 12, 0, 0, 5)
        east = datetime.timezone(datetime.timedelta(hours=9))
        row = [
            2**60, 0.5, math.nan, "é", b"\x00\xff", noon, noon.replace(tzinfo=east), noon.date(),
            [1, math.inf],
            {"a": None}, np.arange(4).reshape(2, 2), np.zeros(100, np.float32), Image([[1]], caption="one"),
            "x" * 30_000, 2**70,
        ]  # fmt: skip
        names = [f"c{place}" for place in range(len(row))]
        [sha256] = stored(service, Table(columns=names, data=[row, [None] * len(row)]))
        found = page(service, [sha256])
        cells = found.rows[0]
        assert cells[:11] == [
            {"_number": str(2**60)}, 0.5, {"_number": "NaN"}, "é", {"_bytes": "AP8=", "size_bytes": 2},
            "2024-02-29T12:00:00.000005Z", "2024-02-29T03:00:00.000005Z", "2024-02-29",
            [1, {"_number": "Infinity"}], {"a": None}, [[0, 1], [2, 3]],
        ]  # fmt: skip
        assert cells[11] == {"_array": [0.0] * 64, "shape": [100], "dtype": "float32"}
        assert (cells[12]["kind"], cells[12]["caption"]) == ("image", "one")
        assert cells[13] == {"_text": "x" * 20_000, "char_count": 30_000}
        assert cells[14] == {"_number": str(2**70)}
        assert found.rows[1] == [None] * len(row)
        msgspec.json.encode(found)
        for name in names:
            page(service, [sha256], sort=[TableSort(name, True)], filters=[TableFilter(name, "is_not_null")])
            page(service, [sha256], filters=[TableFilter(name, "contains", "e")])
            if name not in ("c10", "c11"):
                value: Any = "2024-01-01" if name in ("c5", "c6", "c7") else 1.0
                page(
                    service, [sha256], filters=[TableFilter(name, ">", value), TableFilter(name, "!=", value)]
                )
            else:
                with pytest.raises(BadRequest, match="can't be compared"):
                    page(service, [sha256], filters=[TableFilter(name, ">", 1.0)])
        assert (
            page(service, [sha256], filters=[TableFilter("c5", "==", "2024-02-29T12:00:00.000005Z")]).matched
            == 1
        )
        assert (
            page(service, [sha256], filters=[TableFilter("c6", "<", "2024-02-29T12:00:00+09:00")]).matched
            == 0
        )
        assert page(service, [sha256], search="ONE").matched == 1
        assert page(service, [sha256], search="image/png").matched == 0

    def test_nanoseconds(self, service) -> None:
        times = np.array(["2024-01-01T00:00:00.123456789", "NaT"], "M8[ns]")
        [sha256] = stored(service, Table(columns=["t"], data=times.reshape(2, 1)))
        assert page(service, [sha256]).rows == [["2024-01-01T00:00:00.123456789Z"], [None]]

    @pytest.mark.parametrize(
        "name",
        [
            '"', "'", "a\"; DROP TABLE x; --", "c0", "n", "file_row_number", "filename", "t", "", " ",
            "\0", "$f", "?",
            "sélect", "__proto__", "l0", "a" * 5000, "{{7*7}}", "%s", "file_index", "FileName",
        ],
    )  # fmt: skip
    def test_odd_names(self, service, name) -> None:
        table = Table(columns=["first", name], data=[["x", 2], ["y", 1]])
        [sha256] = stored(service, table)
        found = page(
            service, [sha256], sort=[TableSort(name)], filters=[TableFilter(name, ">", 0.0)], search="x"
        )
        assert [column.name for column in found.columns] == ["first", name]
        assert found.rows == [["x", 2]]
        assert page(service, [sha256, sha256], sort=[TableSort(name)]).numbers == [1, 3, 0, 2]

    def test_names_that_differ_in_case(self, service) -> None:
        [sha256] = stored(service, Table(columns=["a", "A", "Ａ"], data=[[1, 2, 3]]))
        assert page(service, [sha256], sort=[TableSort("A")]).rows == [[1, 2, 3]]

    @PATIENT
    @given(
        rows=st.lists(
            st.tuples(
                st.one_of(st.none(), st.floats(), st.integers(-(2**70), 2**70)),
                st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=6)),
            ),
            max_size=20,
        ),
        is_descending=st.booleans(),
        wanted=st.text(st.characters(codec="utf-8"), max_size=2),
    )
    def test_any_values(self, service, rows, is_descending, wanted) -> None:
        [sha256] = stored(service, Table(columns=["n", "s"], data=[list(row) for row in rows]))
        found = page(service, [sha256], sort=[TableSort("n", is_descending)])
        assert sorted(found.numbers) == list(range(len(rows)))
        numbers = [float(rows[i][0]) for i in found.numbers if rows[i][0] is not None]
        ordered = [number for number in numbers if not math.isnan(number)]
        assert ordered == sorted(ordered, reverse=is_descending)
        assert all(rows[i][0] is None for i in found.numbers[len(numbers) :])
        hits = page(service, [sha256], filters=[TableFilter("s", "==", wanted)]).numbers
        assert hits == [i for i, row in enumerate(rows) if row[1] == wanted]


def test_file_records_are_tables_too(service) -> None:
    blob = service.put_blob(parquet(pa.table({"a": [1, 2]})), PARQUET_MIME)
    ingest(service, log(0, {"f": FileRecord(blob=blob, name="x.parquet")}))
    assert page(service, [blob.sha256]).rows == [[1], [2]]
