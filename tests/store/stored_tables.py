"""Tables for tests: stored as a run's, and asked for page by page."""

from __future__ import annotations

import io
import random
import uuid
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from batches import ingest, log
from owner import Service

from diorama.media import KINDS_BY_NAME, Table
from diorama.media.core.base import Media
from diorama.service.views import TablePage, TableRequest

COLOURS = ["red", "green", "blue"]


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


def parquet(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def page(service: Service, tables: list[str], **options: Any) -> TablePage:
    return service.table_page(TableRequest(tables=tables, **options))


def sample(rows: int = 100) -> Table:
    rng = random.Random(0)
    return Table(
        columns=["i", "x", "colour", "even"],
        data=[[i, rng.random() if i % 7 else None, COLOURS[i % 3], i % 2 == 0] for i in range(rows)],
    )
