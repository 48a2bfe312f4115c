"""Lists of the blobs that a table's cells name: whole, checked and kept alive by the run."""

from __future__ import annotations

import msgspec
import pytest
from batches import batch, ingest, log, start
from stored_tables import page, record_of

from diorama.errors import BadRequest, NotFound, TooLarge
from diorama.journal.codec import decode_batch, encode_batch
from diorama.media import Image, Table
from diorama.media.core.base import MANIFEST_MIME
from diorama.model import BlobRef
from diorama.store import manifest as manifests


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
