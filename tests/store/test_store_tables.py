"""Pages of tables: right rows in the right order, whatever the column is called and whoever made the file."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import math
import random
import re
import struct
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batches import batch, ingest, log, start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owner import Service

from diorama.errors import BadRequest, Corrupt, NotFound, TooLarge
from diorama.journal.codec import decode_batch, encode_batch
from diorama.media import KINDS_BY_NAME, FileRecord, Image, JoinedTable, PartitionedTable, Table, TableRecord
from diorama.media.core.base import MANIFEST_MIME, Media
from diorama.media.table.codec import PARQUET_MIME
from diorama.model import BlobRef
from diorama.service import tables as service_tables
from diorama.service.views import TableFilter, TableJoin, TablePage, TableRequest, TableSort
from diorama.store import manifest as manifests
from diorama.store import tables as store_tables
from diorama.store.blobs import path_of
from diorama.store.local_blobs import LocalBlobs

PATIENT = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
COLOURS = ["red", "green", "blue"]


def refuse(*_: Any, **__: Any) -> Any:
    raise BadRequest("the table takes longer than 30 s")


@pytest.fixture
def service(open_store: Callable[[], Service]) -> Iterator[Service]:
    with open_store() as opened:
        yield opened


def record_of(service: Service, media: Media) -> Any:
    snapshot = media.snapshot()
    return KINDS_BY_NAME[snapshot.kind].encode(snapshot, service.put_blob)


def stored(service: Service, *values: Media) -> list[str]:
    """The blobs of tables, named by a run."""
    records = [record_of(service, value) for value in values]
    ingest(
        service,
        *(log(step, {"t": record}) for step, record in enumerate(records)),
        writer=f"w.{uuid.uuid4()}",
    )
    return [record.blob.sha256 for record in records]


def upload(service: Service, data: bytes) -> str:
    """Any bytes as a blob that a run names."""
    blob = service.put_blob(data, PARQUET_MIME)
    record = TableRecord(blob=blob, columns=[], row_count=1)
    ingest(service, log(0, {"t": record}), writer=f"w.{uuid.uuid4()}")
    return blob.sha256


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def page(service: Service, tables: list[str], **options: Any) -> TablePage:
    return service.table_page(TableRequest(tables=tables, **options))


@contextlib.contextmanager
def refused_at_most(pattern: str) -> Iterator[None]:
    """What is in it works, or is a BadRequest that says so."""
    try:
        yield
    except BadRequest as error:
        if not re.search(pattern, error.message):
            raise


def sample(rows: int = 100) -> Table:
    rng = random.Random(0)
    return Table(
        columns=["i", "x", "colour", "even"],
        data=[[i, rng.random() if i % 7 else None, COLOURS[i % 3], i % 2 == 0] for i in range(rows)],
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


class TestParts:
    def test_one_below_another(self, service) -> None:
        parts = [
            Table(columns=["a", "b"], data=[[1, "x"], [2, None]]),
            Table(columns=["a", "b"], data=[[0.5, "y"]]),
            Table(columns=["a", "b"], data=[[None, None]]),
            Table(columns=["a", "b"], data=[[2**70, "z"]]),
        ]
        shas = stored(service, *parts)
        found = page(service, shas)
        assert found.rows == [[1, "x"], [2, None], [0.5, "y"], [None, None], [{"_number": str(2**70)}, "z"]]
        assert found.columns[0].type == "number"
        assert page(service, shas, sort=[TableSort("a")]).numbers == [2, 0, 1, 4, 3]
        assert page(service, shas, search="y").numbers == [2]
        assert page(service, shas, offset=1, limit=2).rows == [[2, None], [0.5, "y"]]
        mixed = stored(service, Table(columns=["a", "b"], data=[["text", True]]))
        both = page(service, shas + mixed, sort=[TableSort("a"), TableSort("b")])
        assert both.total == 6
        with pytest.raises(BadRequest, match="different columns"):
            page(service, shas + stored(service, Table(columns=["a"], data=[[1]])))

    def test_many_small_parts(self, service) -> None:
        rng = random.Random(0)
        parts = [
            Table(columns=["i", "v"], data=[[10 * part + row, np.full((2, 2), part)] for row in range(10)])
            for part in range(30)
        ]
        shas = stored(service, *parts)
        shas += [shas[3], shas[3]]
        wanted = [10 * (part if part < 30 else 3) + row for part in range(32) for row in range(10)]
        found = page(service, shas, sort=[TableSort("i", True)], limit=1000)
        assert [row[0] for row in found.rows] == sorted(wanted, reverse=True)
        assert all(row[1][0][0] == row[0] // 10 for row in found.rows)
        assert [wanted[number] for number in found.numbers] == [row[0] for row in found.rows]
        some = page(service, shas, search=str(rng.randrange(100, 300)), limit=1000)
        assert some.matched == 1

    def test_incremental(self, service) -> None:
        table = Table(columns=["i", "loss"], log_mode="INCREMENTAL")
        entries = []
        for step in range(30):
            for number in range(3):
                table.add_data(step * 3 + number, 1 if step < 5 else 0.5)
            snapshot = table.snapshot_for("t")
            entries.append(log(step, {"t": KINDS_BY_NAME["table"].encode(snapshot, service.put_blob)}))
            table.note_logged("t", snapshot)
        uid = ingest(service, *entries)
        for step, count in ((0, 3), (7, 24), (29, 90), (None, 90)):
            found = service.table_page(TableRequest(run=uid, key="t", step=step, limit=1000))
            assert [row[0] for row in found.rows] == list(range(count))
            assert found.numbers == list(range(count))
        sort = [TableSort("loss"), TableSort("i", True)]
        found = service.table_page(TableRequest(run=uid, key="t", step=7, sort=sort, limit=1000))
        assert found.numbers == [*range(23, 14, -1), *range(14, -1, -1)]
        with pytest.raises(NotFound):
            service.table_page(TableRequest(run=uid, key="t", step=-1))

    def test_the_last_one_up_to_a_step(self, service) -> None:
        tables = [Table(columns=["i"], data=[[number]]) for number in range(3)]
        entries = [log(step * 10, {"t": record_of(service, one)}) for step, one in enumerate(tables)]
        listed = [record_of(service, one) for one in tables]
        uid = ingest(service, *entries, log(40, {"l": listed}))
        for step, value in ((0, 0), (9, 0), (10, 1), (99, 2), (None, 2)):
            assert service.table_page(TableRequest(run=uid, key="t", step=step)).rows == [[value]]
        assert service.table_page(TableRequest(run=uid, key="l", index=1)).rows == [[1]]
        with pytest.raises(NotFound):
            service.table_page(TableRequest(run=uid, key="l", index=3))

    def test_joined_and_partitioned(self, service) -> None:
        left = Table(columns=["id", "x"], data=[["a", 1], ["b", 2], [None, 3]])
        right = Table(columns=["id", "y"], data=[["b", 10], ["c", 20], ["b", 30]])
        joined = record_of(service, JoinedTable(left, right, "id"))
        parts = record_of(service, PartitionedTable([left, left]))
        uid = ingest(service, log(0, {"j": joined, "p": parts}))
        found = service.table_page(TableRequest(run=uid, key="j"))
        assert [column.name for column in found.columns] == ["id", "x", "id (2)", "y"]
        assert found.rows == [
            ["a", 1, None, None],
            ["b", 2, "b", 10],
            ["b", 2, "b", 30],
            [None, 3, None, None],
            [None, None, "c", 20],
        ]
        assert (found.total, found.matched, found.numbers) == (5, 5, [0, 1, 2, 3, 4])
        tables, other = [joined.left.blob.sha256], [joined.right.blob.sha256]
        for how, total in (("inner", 2), ("left", 4), ("right", 3), ("outer", 5)):
            join = TableJoin(other, "id", "id", how)  # type: ignore[arg-type]  # one of the four
            assert page(service, tables, join=join).total == total
        join = TableJoin(other, "id", "id")
        some = page(
            service, tables, join=join, filters=[TableFilter("y", ">", 5.0)], sort=[TableSort("y", True)],
            search="b",
            columns=["y", "x"],
        )  # fmt: skip
        assert (some.rows, some.matched, some.total) == ([[30, 2], [10, 2]], 2, 5)
        with pytest.raises(BadRequest, match="join on"):
            page(service, tables, join=TableJoin(other, "id", "nope"))
        with pytest.raises(BadRequest, match="second table"):
            page(service, tables, join=TableJoin([], "id", "id"))
        assert service.table_page(TableRequest(run=uid, key="p")).total == 6

    def test_joining_numbers_with_text(self, service) -> None:
        shas = stored(
            service,
            Table(columns=["k"], data=[[1], [2]]),
            Table(columns=["k"], data=[["2"], ["x"]]),
            Table(columns=["k"], data=[[2.0], [2.5]]),
        )
        assert page(service, [shas[0]], join=TableJoin([shas[1]], "k", "k", "inner")).rows == [[2, "2"]]
        assert page(service, [shas[0]], join=TableJoin([shas[2]], "k", "k", "inner")).rows == [[2, 2.0]]


class TestDamagedFiles:
    """Bytes that are not what was stored: nothing of them is shown."""

    def test_a_flipped_bit_anywhere_is_refused(self, open_store, service, tmp_path) -> None:
        if not isinstance(service._blobs, LocalBlobs):
            pytest.skip("a bucket's files are proven when they are fetched")
        [sha256] = stored(service, sample(300))
        path = service._blobs.folder / path_of(sha256)
        good = path.read_bytes()
        expected = page(service, [sha256], limit=500).rows
        rng = random.Random(1)
        for bit in rng.sample(range(len(good) * 8), 60):
            damaged = bytearray(good)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            for opened in (service, open_store()):
                with pytest.raises(Corrupt, match="checksum"):
                    page(opened, [sha256], limit=500)
                with pytest.raises(Corrupt, match="checksum"):
                    list(opened.table_csv([sha256]))
        path.write_bytes(good)
        assert page(service, [sha256], limit=500).rows == expected

    def test_damage_in_a_bucket_is_refused(self, open_store, service) -> None:
        if isinstance(service._blobs, LocalBlobs):
            pytest.skip("see above")
        [sha256] = stored(service, sample(300))
        good = service.get_blob(sha256)
        service._blobs._store.put(path_of(sha256), good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
        with pytest.raises(Corrupt, match="checksum"):
            page(open_store(), [sha256])

    def test_damage_of_a_file_that_was_fetched_is_refused(self, service) -> None:
        if isinstance(service._blobs, LocalBlobs):
            pytest.skip("nothing is fetched")
        [sha256] = stored(service, sample(300))
        page(service, [sha256])
        path = service._tables._files.folder / path_of(sha256)
        good = path.read_bytes()
        path.write_bytes(good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
        with pytest.raises(Corrupt, match="checksum"):
            page(service, [sha256])

    def test_pages_carry_checksums(self, service) -> None:
        """For readers that know only the file: a copy that someone took along."""
        [sha256] = stored(service, sample(300))
        good = service.get_blob(sha256)
        column = pq.ParquetFile(io.BytesIO(good)).metadata.row_group(0).column(1)
        at = column.dictionary_page_offset + column.total_compressed_size // 2
        damaged = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        with pytest.raises(OSError, match=r"CRC|crc|checksum"):
            pq.ParquetFile(io.BytesIO(damaged), page_checksum_verification=True).read()


class TestHostileFiles:
    GOOD = parquet(pa.table({"a": list(range(1000)), "b": ["x" * 50] * 1000}))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"PAR1",
            b"PAR1" * 3,
            b"PAR1" + b"\0" * 100 + b"PAR1",
            b"PAR1" + struct.pack("<I", 2**32 - 1) + b"PAR1",
            b"PAR1" + struct.pack("<I", 2**31) + b"PAR1",
            b"not parquet at all",
            GOOD[:-1],
            GOOD[:-8] + struct.pack("<I", 5) + b"PAR1",
            b"PARE" + GOOD[4:-4] + b"PARE",
        ],
    )
    def test_no_parquet(self, service, data) -> None:
        with pytest.raises(BadRequest, match="is no table"):
            page(service, [upload(service, data)])

    def test_damage_anywhere(self, service) -> None:
        rng = random.Random(1)
        for _ in range(60):
            damaged = bytearray(self.GOOD)
            for _ in range(rng.randint(1, 6)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            sha256 = upload(service, bytes(damaged))
            for options in ({}, {"sort": [TableSort("a")]}, {"search": "x"}):
                with refused_at_most("can't be read|is no table|the limits are|memory|rows are missing"):
                    answer = page(service, [sha256], limit=5, **options)
                    assert answer.matched <= answer.total
                    assert len(answer.rows) == len(answer.numbers) <= 5
                    assert {len(row) for row in answer.rows} <= {len(answer.columns)}
        assert page(service, [upload(service, self.GOOD)], limit=1).rows == [[0, "x" * 50]], (
            "it still answers"
        )

    def test_metadata_that_lie(self, service) -> None:
        for written in (
            b"{}", b"[]", b"\xff", b'{"columns": [{"name": "a", "type": "integer", "dtype": "int64"}]}',
            b'{"columns": [{"name": "a", "type": "integer", "dtype": "x"}, {"name": "b", "type": "string"}]}',
            b'{"columns": [{"name": "a", "type": "array", "dtype": "x"}, {"name": "b", "type": "image"}]}',
        ):  # fmt: skip
            table = pa.table({"a": [1], "b": ["x"]}).replace_schema_metadata({b"diorama.table": written})
            with pytest.raises(BadRequest, match="is no table"):
                page(service, [upload(service, parquet(table))])

    def test_cells_that_are_not_what_the_metadata_says(self, service) -> None:
        columns = [
            {"name": "a", "type": "image"},
            {"name": "b", "type": "integer", "dtype": "text"},
            {"name": "c", "type": "array", "dtype": "int64", "shape": [3]},
        ]
        for cells in (
            {"a": ["{not json"], "b": ["1"], "c": [[1, 2, 3]]},
            {"a": ["5"], "b": ["many"], "c": [[1, 2, 3]]},
            {"a": ['{"_number": "x"}'], "b": ["1"], "c": [[1, 2, 3]]},
            {"a": [None], "b": ["1"], "c": [[1, 2]]},
            {"a": ["[" * 5000 + "]" * 5000], "b": ["1"], "c": [[1, 2, 3]]},
            {"a": [None], "b": ["9" * 50_000], "c": [[1, 2, 3]]},
        ):
            table = pa.table(cells).replace_schema_metadata(
                {b"diorama.table": msgspec.json.encode({"columns": columns})}
            )
            sha256 = upload(service, parquet(table))
            for options in ({}, {"sort": [TableSort("a"), TableSort("b")]}, {"search": "1"}):
                with refused_at_most("can't be read|is no table"):
                    page(service, [sha256], **options)

    def test_too_many_columns(self, service) -> None:
        wide = pa.table({f"c{number}": [1] for number in range(store_tables.COLUMNS_LIMIT + 1)})
        with pytest.raises(BadRequest, match="the limits are"):
            page(service, [upload(service, parquet(wide))])

    def test_a_bomb(self, service, monkeypatch) -> None:
        """A dictionary page that unpacks to 2 GB must not take them."""
        file = io.BytesIO()
        schema = pa.schema([("a", pa.string())])
        with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
            for _ in range(4):
                writer.write_table(pa.table({"a": ["x" * 2_000_000] * 150}, schema))
        sha256 = upload(service, file.getvalue())
        assert len(file.getvalue()) < 3_000_000
        with refused_at_most("memory"):
            found = page(service, [sha256], limit=2, sort=[TableSort("a")])
            assert found.rows[0][0]["char_count"] == 2_000_000

    def test_cells_of_any_size_make_no_large_answer(self, service) -> None:
        """A small file whose cells are large: each is shown by its beginning, and the answer stays small."""
        rows = 300
        table = pa.table(
            {
                "text": pa.array(["x" * 200_000] * rows).dictionary_encode(),
                "list": pa.array([list(range(10_000))] * rows),
                "nested": pa.array([[[1.5] * 1_000] * 10] * rows),
                "struct": pa.array([{"a": "y" * 100_000}] * rows),
                "bytes": pa.array([b"z" * 100_000] * rows),
            }
        )
        sha256 = upload(service, parquet(table, compression="zstd"))
        found = page(service, [sha256], limit=rows)
        assert len(msgspec.json.encode(found)) < 40_000_000
        text, numbers, nested, struct_, bytes_ = found.rows[-1]
        assert (text["char_count"], set(text["_text"])) == (200_000, {"x"})
        assert numbers["_text"].startswith("[0,1,2,3")
        assert numbers["char_count"] > 40_000
        assert nested["_text"].startswith("[[1.5,1.5")
        assert struct_["_text"].startswith('{"a":"yyy')
        assert bytes_["size_bytes"] == 100_000
        alone = page(service, [sha256], limit=1, columns=["text"]).rows[0][0]
        assert len(alone["_text"]) == 20_000

    def test_long_lists_that_were_logged_are_shown_by_their_beginning(self, service) -> None:
        table = Table(
            columns=["list", "array"], data=[[list(range(1_000_000)), np.arange(1_000, dtype="f4")]]
        )
        found = page(service, stored(service, table))
        [[listed, array]] = found.rows
        assert listed["_text"].startswith("[0,1,2")
        assert len(listed["_text"]) == 20_000
        assert listed["char_count"] == len(msgspec.json.encode(list(range(1_000_000))))
        assert array == {"_array": [float(n) for n in range(64)], "shape": [1_000], "dtype": "float32"}

    def test_media_records_are_whole_or_said_to_be_too_large(self, service) -> None:
        record = {"kind": "text", "text": "t" * 2_000_000}
        metadata = pq.read_schema(
            io.BytesIO(
                service.get_blob(
                    stored(service, Table(data=[[Image(np.zeros((2, 2), "u1"))]], columns=["m"]))[0]
                )
            )
        ).metadata
        schema = pa.schema([pa.field("m", pa.string())], metadata=metadata)
        one = pa.table({"m": [msgspec.json.encode(record).decode()]}, schema=schema)
        [[cell]] = page(service, [upload(service, parquet(one))]).rows
        assert cell["kind"] == "failed"
        assert "too large" in cell["reason"]

    def test_more_cells_than_one_answer_holds(self, service, monkeypatch) -> None:
        monkeypatch.setattr(service_tables, "CELLS_LIMIT", 5)
        sha256 = upload(service, parquet(pa.table({"a": [1, 2, 3], "b": [1, 2, 3]})))
        with pytest.raises(BadRequest, match="2 columns of 3 rows"):
            page(service, [sha256])
        assert page(service, [sha256], limit=2).rows == [[1, 1], [2, 2]]

    def test_csv_of_rows_that_do_not_fit_into_memory_together(self, service) -> None:
        table = pa.table({"n": range(4_096), "a": pa.array(["x" * 400_000] * 4_096).dictionary_encode()})
        sha256 = upload(service, parquet(table, compression="zstd"))
        pieces = service.table_csv([sha256])
        first = next(pieces)
        assert len(first) < 2 * service_tables.CSV_PIECE_BYTES
        assert first.startswith(b"n,a\r\n0,xxx")
        assert next(pieces).endswith(b"x\r\n")

    def test_csv_that_can_not_go_on_says_so(self, service, monkeypatch) -> None:
        tables = stored(service, Table(columns=["a"], data=[[1], [2], [3]]))
        monkeypatch.setattr(service_tables, "CSV_ROWS", 1)
        pieces = service.table_csv(tables)
        assert next(pieces) == b"a\r\n1\r\n"
        monkeypatch.setattr(store_tables.TableEngine, "query", refuse)
        assert b"not complete: the table takes longer" in next(pieces)
        with pytest.raises(BadRequest):
            next(pieces)
        with pytest.raises(BadRequest):
            service.table_csv(tables)

    def test_files_of_others(self, service) -> None:
        table = pa.table(
            {
                "i": pa.array([1, None], pa.int16()),
                "f": pa.array([0.5, math.nan], pa.float32()),
                "d": pa.array([datetime.date(2024, 1, 1), None]),
                "t": pa.array([datetime.datetime(2024, 1, 1, 5), None], pa.timestamp("ms")),
                "l": pa.array([[1, 2], None]),
                "st": pa.array([{"x": 1}, None]),
                "dec": pa.array([1, None], pa.decimal128(10, 2)),
                "n": pa.nulls(2),
                "dict": pa.array(["a", "b"]).dictionary_encode(),
                "big": pa.array(["a", "b"], pa.large_string()),
                "time": pa.array([datetime.time(1, 2), None]),
                "zoned": pa.array([datetime.datetime(2024, 1, 1, 5), None], pa.timestamp("us", "Asia/Tokyo")),
            }
        )
        sha256 = upload(service, parquet(table))
        found = page(service, [sha256])
        assert found.rows[0][:6] == [1, 0.5, "2024-01-01", "2024-01-01T05:00:00Z", [1, 2], {"x": 1}]
        assert found.rows[1][0] is None
        msgspec.json.encode(found)
        for name in table.column_names:
            page(service, [sha256], sort=[TableSort(name)], search="1")

    def test_it_takes_too_long(self, service, monkeypatch) -> None:
        monkeypatch.setattr(
            service_tables,
            "TableEngine",
            lambda folder: store_tables.TableEngine(folder, time_limit_secs=0.001),
        )
        [sha256] = stored(service, sample(200_000))
        with pytest.raises(BadRequest, match="takes longer than"):
            page(service, [sha256], sort=[TableSort("colour"), TableSort("x")], search="e")


class TestLockedDown:
    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM glob('/etc/*')",
            "COPY (SELECT 1) TO '/tmp/diorama-test-copy.csv'",
            "ATTACH '/tmp/diorama-test-attach.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET memory_limit='100GB'",
            "SET enable_external_access=true",
            "SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
            "SELECT getenv('HOME')",
        ],
    )
    def test_nothing_but_its_folder(self, tmp_path, sql) -> None:
        engine = store_tables.TableEngine(tmp_path)
        try:
            with pytest.raises((BadRequest, AttributeError)):
                engine.query(sql, {})
        finally:
            engine.close()

    def test_its_folder(self, tmp_path) -> None:
        inside, outside = tmp_path / "it's in", tmp_path / "it's out"
        for folder in (inside, outside):
            folder.mkdir()
            (folder / "a.parquet").write_bytes(parquet(pa.table({"a": [1]})))
        engine = store_tables.TableEngine(inside)
        try:
            assert (
                engine.query("SELECT * FROM read_parquet($f)", {"f": [str(inside / "a.parquet")]}).num_rows
                == 1
            )
            for path in (outside / "a.parquet", inside / ".." / "it's out" / "a.parquet"):
                with pytest.raises(BadRequest):
                    engine.query("SELECT * FROM read_parquet($f)", {"f": [str(path)]})
        finally:
            engine.close()


class TestManifests:
    def table(self, count: int = 3) -> Table:
        return Table(columns=["p"], data=[[Image([[number, 1]])] for number in range(count)])

    def test_blobs_of_cells_are_the_run_s(self, service) -> None:
        record = record_of(service, self.table())
        uid = ingest(service, log(0, {"t": record}))
        cells = [row[0]["blob"]["sha256"] for row in page(service, [record.blob.sha256]).rows]
        for sha256 in [*cells, record.blob.sha256, record.media.sha256]:
            assert service.blob(sha256).ref.sha256 == sha256
        assert service.run(uid).warnings == []
        assert service.check() == []

    def test_blobs_of_cells_must_be_stored(self, service) -> None:
        record = record_of(service, self.table())
        gone = msgspec.msgpack.encode([["0" * 64, 5, "image/png"]])
        false = msgspec.structs.replace(record, media=service.put_blob(gone, MANIFEST_MIME))
        with pytest.raises(NotFound, match="named but not stored"):
            ingest(service, log(0, {"t": false}))
        away = BlobRef("1" * 64, 5, MANIFEST_MIME)
        with pytest.raises(NotFound):
            ingest(service, log(0, {"t": msgspec.structs.replace(record, media=away)}))

    @pytest.mark.parametrize(
        "listed",
        [
            b"",
            b"\xff",
            b"x" * 100,
            msgspec.msgpack.encode({}),
            msgspec.msgpack.encode([5]),
            msgspec.msgpack.encode([["zz", 5, "image/png"]]),
            msgspec.msgpack.encode([["0" * 64, -1, "image/png"]]),
            msgspec.msgpack.encode([["0" * 64, 2**63, "image/png"]]),
            msgspec.msgpack.encode([["0" * 64, 1, "x" * 999]]),
            msgspec.msgpack.encode([["0" * 64, 5, "image/png", 7]]),
            msgspec.msgpack.encode([["../" * 21 + "x", 5, "a/b"]]),
        ],
    )
    def test_lists_that_are_none(self, service, listed) -> None:
        record = record_of(service, self.table())
        false = msgspec.structs.replace(record, media=service.put_blob(listed, MANIFEST_MIME))
        with pytest.raises(BadRequest, match="list of blobs"):
            ingest(service, log(0, {"t": false}))

    def test_a_list_that_is_too_long(self, service, monkeypatch) -> None:
        monkeypatch.setattr(manifests, "MANIFEST_LIMIT_BYTES", 20)
        with pytest.raises(TooLarge, match="limit is 20"):
            ingest(service, log(0, {"t": record_of(service, self.table())}))

    def test_it_travels(self, service) -> None:
        record = record_of(service, self.table())
        shipped = decode_batch(encode_batch(batch([start(), log(0, {"t": record})])))
        service.ingest(shipped)
        assert service.ingest(shipped) == 2
        assert service.blob(record.media.sha256).ref.mime == MANIFEST_MIME

    def test_a_picture_in_a_log_and_in_a_table(self, service) -> None:
        image = Image([[9, 9]])
        record = record_of(service, Table(columns=["p"], data=[[image], [image]]))
        picture = record_of(service, image)
        ingest(service, log(0, {"t": record, "p": picture}))
        assert [row[0]["blob"]["sha256"] for row in page(service, [record.blob.sha256]).rows] == [
            picture.blob.sha256
        ] * 2


def test_fetched_files_are_bounded_and_checked(tmp_path, monkeypatch) -> None:
    class Bucket:
        def __init__(self) -> None:
            self.held: dict[str, bytes] = {}
            self.reads = 0

        def add(self, data: bytes) -> str:
            sha256 = hashlib.sha256(data).hexdigest()
            self.held[sha256] = data
            return sha256

        def size_bytes(self, sha256: str) -> int | None:
            return len(self.held[sha256]) if sha256 in self.held else None

        def pieces(self, sha256: str) -> Iterator[bytes]:
            self.reads += 1
            yield self.held[sha256][:100]
            if hashlib.sha256(self.held[sha256]).hexdigest() != sha256:
                raise Corrupt("the last piece is never given")
            yield self.held[sha256][100:]

    bucket = Bucket()
    files = store_tables.TableFiles(bucket)  # type: ignore[arg-type]  # what it needs of Blobs
    shas = [bucket.add(parquet(pa.table({"a": [number] * 1000}))) for number in range(4)]
    monkeypatch.setattr(store_tables, "CACHE_LIMIT_BYTES", 2 * len(bucket.held[shas[0]]) + 100)
    try:
        for sha256 in shas:
            assert files.open(sha256).row_count == 1000
        reads = bucket.reads
        files.open(shas[-1])
        assert bucket.reads == reads
        assert len([path for path in files.folder.rglob("*") if path.is_file()]) == 2
        files.open(shas[0])
        assert bucket.reads > reads
        wrong = shas[1]
        bucket.held[wrong] = bucket.held[wrong][:-1] + b"X"
        with pytest.raises(Corrupt):
            files.open(wrong)
        with pytest.raises(NotFound):
            files.open("0" * 64)
        folder = files.folder
    finally:
        files.close()
    assert not folder.exists()


def test_file_records_are_tables_too(service) -> None:
    blob = service.put_blob(parquet(pa.table({"a": [1, 2]})), PARQUET_MIME)
    ingest(service, log(0, {"f": FileRecord(blob=blob, name="x.parquet")}))
    assert page(service, [blob.sha256]).rows == [[1], [2]]
