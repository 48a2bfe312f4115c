"""Files of tables that are damaged, hostile, large or of other programs: read, or refused with the reason."""

from __future__ import annotations

import contextlib
import datetime
import io
import math
import random
import re
import struct
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batches import ingest, log
from owner import Service
from stored_tables import page, parquet, sample, stored

from diorama.errors import BadRequest, Corrupt
from diorama.media import Image, Table, TableRecord
from diorama.media.table.codec import PARQUET_MIME
from diorama.service import tables as service_tables
from diorama.service.views import TableSort
from diorama.store import tables as store_tables
from diorama.store.blobs import path_of
from diorama.store.local_blobs import LocalBlobs


def refuse(*_: Any, **__: Any) -> Any:
    raise BadRequest("the table takes longer than 30 s")


def upload(service: Service, data: bytes) -> str:
    """Any bytes as a blob that a run names."""
    blob = service.put_blob(data, PARQUET_MIME)
    record = TableRecord(blob=blob, columns=[], row_count=1)
    ingest(service, log(0, {"t": record}), writer=f"w.{uuid.uuid4()}")
    return blob.sha256


@contextlib.contextmanager
def refused_at_most(pattern: str) -> Iterator[None]:
    """What is in it works, or is a BadRequest that says so."""
    try:
        yield
    except BadRequest as error:
        if not re.search(pattern, error.message):
            raise


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
