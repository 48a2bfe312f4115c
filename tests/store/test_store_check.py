"""What the doctor says of both kinds of stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from batches import ingest, log
from owner import Service

from diorama.cli.store_checks import check_blobs, check_database
from diorama.errors import Corrupt
from diorama.media import HistogramRecord, ImageRecord
from diorama.model import StoreDir
from diorama.service.keys import key_rows
from diorama.service.views import HistogramRequest
from diorama.store import history, schema
from diorama.store.blobs import path_of
from diorama.store.local_blobs import LocalBlobs

PACKED = [
    (table, column.name)
    for table in schema.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, sa.LargeBinary)
]


def fails(store: StoreDir) -> str:
    """What the doctor finds wrong."""
    findings = [*check_database(store), *check_blobs(store, is_reading_data=True)]
    return "; ".join(finding.text for finding in findings if finding.level == "fail")


@pytest.fixture
def filled(open_store: Callable[[], Service], tmp_path: Path) -> tuple[Service, int, str]:
    service = open_store()
    blob = service.put_blob(b"pixels", "image/png")
    picture = ImageRecord(blob=blob, width=1, height=1)
    histogram = HistogramRecord(bins=[0, 1], values=[1])
    rows = [log(step, {"x": step / 3, "picture": picture, "h": histogram}) for step in range(70_000)]
    uid = ingest(service, *rows[:1000], *(log(row.step, {"x": row.step / 3}) for row in rows[1000:]))
    return service, uid, blob.sha256


def test_uses_of_blobs_by_what_is_not_there_are_found(
    filled: tuple[Service, int, str], tmp_path: Path
) -> None:
    service, _, blob = filled
    uses = [{"sha256": blob, "owner_kind": kind, "owner": 10**6} for kind in ("run", "view", "nothing")]
    with service._database.write() as connection:
        connection.execute(sa.insert(schema.blob_uses), uses)
    found = fails(StoreDir(tmp_path / "store"))
    assert "the run 1000000 names blobs and is not there" in found
    assert "no kind of owner is called 'nothing'" in found
    assert "view" not in found


def test_every_packed_value_is_proven(filled: tuple[Service, int, str], tmp_path: Path) -> None:
    service, _, _ = filled
    store = StoreDir(tmp_path / "store")
    assert fails(store) == ""
    for table, name in PACKED:
        key = [column.name for column in table.primary_key]
        with service._database.write() as connection:
            row: Any = (
                connection.execute(sa.select(table).where(table.c[name].is_not(None)).limit(1))
                .mappings()
                .first()
            )
            if row is None:
                continue
            which = sa.and_(*(table.c[one] == row[one] for one in key))
            good = bytes(row[name])
            damaged = good[:-1] + bytes([good[-1] ^ 1])
            connection.execute(sa.update(table).where(which).values({name: damaged}))
        assert "does not match its checksum" in fails(store), (table.name, name)
        with service._database.write() as connection:
            connection.execute(sa.update(table).where(which).values({name: good}))
    assert fails(store) == ""


def test_what_a_row_says_of_its_points_is_compared(filled: tuple[Service, int, str], tmp_path: Path) -> None:
    service, _, _ = filled
    with service._database.write() as connection:
        connection.execute(sa.update(schema.chunks).values(step_max=schema.chunks.c.step_max + 1))
    assert "its points say" in fails(StoreDir(tmp_path / "store"))


def test_damaged_points_are_not_shown(
    filled: tuple[Service, int, str], open_store: Callable[[], Service]
) -> None:
    service, uid, _ = filled
    with service._database.write() as connection:
        for id_, data in connection.execute(sa.select(schema.chunks.c.id, schema.chunks.c.data)).all():
            damaged = bytes([*data[:9], data[9] ^ 1, *data[10:]])
            connection.execute(sa.update(schema.chunks).where(schema.chunks.c.id == id_).values(data=damaged))
    with pytest.raises(Corrupt):
        list(open_store().scan_history(uid))


@pytest.mark.parametrize("table", [schema.records, schema.chunks, schema.pyramids], ids=str)
def test_rows_that_are_missing_are_damage(
    filled: tuple[Service, int, str], open_store: Callable[[], Service], table: sa.Table
) -> None:
    """A damaged index hides rows; nothing is shown without them."""
    service, uid, _ = filled
    with service._database.read() as connection:
        keys = key_rows(connection, [uid])
        chunks = [
            one for some in history.chunks_of(connection, [key.id for key in keys]).values() for one in some
        ]
    with service._database.write() as connection:
        connection.execute(sa.delete(table))
    again = open_store()
    if table is schema.records:
        with pytest.raises(Corrupt, match="records are missing"):
            list(again.scan_history(uid))
        with pytest.raises(Corrupt, match="records are missing"):
            again.histograms(HistogramRequest(run=uid, key="h"))
        return
    sealed = [chunk for chunk in chunks if chunk.is_sealed]
    reader = history.ChunkReader()
    with again._database.read() as connection:
        if table is schema.chunks:
            with pytest.raises(Corrupt, match="are missing"):
                reader.points(connection, chunks)
        with pytest.raises(Corrupt, match="are missing"):
            reader.buckets(connection, sealed, 64)


def test_blobs_are_compared_both_ways(filled: tuple[Service, int, str], tmp_path: Path) -> None:
    service, _, sha256 = filled
    store = StoreDir(tmp_path / "store")
    service.put_blob(b"named by nobody", "text/plain")
    assert "1 more" in " ".join(finding.text for finding in check_blobs(store))
    blobs: Any = service._blobs
    if isinstance(blobs, LocalBlobs):
        (blobs.folder / path_of(sha256)).write_bytes(b"pixelz")
    else:
        blobs._store.put(path_of(sha256), b"pixelz")
    assert "1 of 1 are damaged" in fails(store)
    service._blobs.delete(sha256)
    assert "1 of 1 are missing" in fails(store)
