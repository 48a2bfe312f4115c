"""Pages of tables, and whole tables as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from diorama.server.content import CONTENT_HEADERS, attachment
from diorama.server.endpoint import Call, endpoint
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Access

CSV = "text/csv; charset=utf-8"


class CsvQuery(msgspec.Struct, forbid_unknown_fields=True):
    """tables: SHA-256s of Parquet blobs, separated by commas; or run, key, step and index, as for a page.
    name: of the file."""

    tables: str = ""
    run: int | None = None
    key: str | None = None
    step: int | None = None
    index: int = 0
    name: str = "table.csv"


@endpoint("POST", "/api/tables/page", lane="tables")
def table_page(service: Access, body: views.TableRequest) -> views.TablePage:
    """Rows of a table: sorted, filtered, a page at a time."""
    return service.table_page(body)


@endpoint("GET", "/api/tables/csv", reply_mime="text/csv", lane="tables")
async def table_csv(call: Call, query: CsvQuery) -> Response:
    """All rows of a table as a CSV download. Media are the SHA-256 of their file, lists and dicts JSON."""
    pieces: Iterator[bytes] = await call.run(
        call.service.table_csv,
        query.tables.split(",") if query.tables else [],
        run=query.run,
        key=query.key,
        step=query.step,
        index=query.index,
    )
    headers = {**CONTENT_HEADERS, "content-disposition": attachment(query.name), "cache-control": "no-store"}
    return call.stream(pieces, media_type=CSV, headers=headers)
