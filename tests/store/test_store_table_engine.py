"""What reads the files of tables: locked into its folder, which is bounded and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pyarrow as pa
import pytest
from stored_tables import parquet

from diorama.errors import BadRequest, Corrupt, NotFound
from diorama.store import tables as store_tables


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
