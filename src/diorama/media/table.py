"""Tables: typed columns of values and media."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from diorama.media.base import GetBlob, Kind, Media, MediaRecord, PutBlob, Snapshot
from diorama.model import BlobRef


class TableColumn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table.

    type: "none", "boolean", "integer", "number", "string", "timestamp" (UTC), "date", "list", "dict",
    "array" (numbers, of the same shape in every row), "any" (JSON), or a media kind ("image" ...): its
    cells are records. is_nullable: whether cells may be None. shape, dtype: of an array. is_key: the primary key.
    """

    name: str
    type: str
    is_nullable: bool = True
    shape: list[int] | None = None
    dtype: str | None = None
    is_key: bool = False


class TableRecord(MediaRecord, frozen=True, kw_only=True, omit_defaults=True, tag="table"):
    """Rows as Parquet. Media cells are the JSON of their records in a string column.

    media: a manifest blob (MANIFEST_MIME) that names every blob that cells name; None without any.
    log_mode: of the logging. first_row: the number of this part's first row in the whole table, and
    increment: which part it is (0, 1, ...), both of an INCREMENTAL table, whose parts of all steps up to one
    make the table of that step.
    """

    blob: BlobRef
    columns: list[TableColumn]
    row_count: int
    log_mode: Literal["IMMUTABLE", "MUTABLE", "INCREMENTAL"] = "IMMUTABLE"
    first_row: int = 0
    increment: int | None = None
    media: BlobRef | None = None


class Table(Media):
    """To be written."""

    KIND = "table"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError


def encode(snapshot: Snapshot, put_blob: PutBlob) -> TableRecord:
    raise NotImplementedError


def decode(record: TableRecord, get_blob: GetBlob) -> Any:
    raise NotImplementedError


KIND = Kind(name="table", cls=Table, record=TableRecord, encode=encode, decode=decode)
