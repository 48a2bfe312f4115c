"""Which Parquet blobs make a table that a run logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.media import ChartRecord, JoinedTableRecord, PartitionedTableRecord, TableRecord
from diorama.service.keys import key_rows
from diorama.service.views import TableJoin
from diorama.store import schema
from diorama.store.values import unpack

KINDS = ("table", "joined_table", "partitioned_table", "chart", "value")
_NAMES_AT_ONCE = 500


def tables_of(
    connection: sa.Connection, run: int, key: str, step: int | None, index: int = 0
) -> tuple[list[str], TableJoin | None]:
    """The blobs of the table that is shown at a step, and the table that it is joined with.

    An INCREMENTAL table has all its parts up to the step; other tables are what was last logged at or before
    it. Raises NotFound if there is none.
    """
    if not 0 < run < 2**62 or (step is not None and abs(step) > 2**62):
        raise BadRequest("a run's uid is a positive number, and a step is not beyond 2^62")
    parts = table_records(connection, run, key, step, index)
    if not parts:
        raise NotFound(f"run {run} has no table {key[:200]!r} at that step")
    return blobs_of_parts(parts)


def blobs_of_parts(parts: Sequence[Any]) -> tuple[list[str], TableJoin | None]:
    """The blobs of table records of any kind."""
    last = parts[-1]
    if isinstance(last, JoinedTableRecord):
        join = TableJoin([last.right.blob.sha256], last.join_key[0], last.join_key[1])
        return [last.left.blob.sha256], join
    if isinstance(last, PartitionedTableRecord):
        return [part.blob.sha256 for part in last.parts], None
    return [part.blob.sha256 for part in parts], None


def table_records(
    connection: sa.Connection, run: int, key: str, step: int | None, index: int = 0
) -> list[Any]:
    """The records that make the table: one, or all parts of an INCREMENTAL one in the order of logging."""
    table = schema.records.c
    rows = key_rows(connection, [run], [key], kinds=KINDS)
    if not rows:
        return []
    query = (
        sa.select(table.row, table.id, table.step, table.data)
        .where(table.key_id.in_([row.id for row in rows]))
        .order_by(table.step.desc(), table.row.desc(), table.id.desc())
    )
    if step is not None:
        query = query.where(table.step <= step)
    found: list[tuple[int, int, Any]] = []
    for row, id_, _, data in connection.execute(query):
        record = _table_in(unpack(data), index)
        if record is None:
            continue
        if isinstance(record, TableRecord) and record.log_mode == "INCREMENTAL":
            found.append((row, id_, record))
            continue
        if not found:
            return [record]
        break
    return [record for _, _, record in sorted(found, key=lambda one: one[:2])]


def _table_in(value: Any, index: int) -> Any:
    if type(value) is list:
        value = value[index] if 0 <= index < len(value) else None
    if isinstance(value, ChartRecord):
        return value.table
    return value if isinstance(value, TableRecord | JoinedTableRecord | PartitionedTableRecord) else None


def check_named(connection: sa.Connection, sha256s: Sequence[str]) -> None:
    """Raises NotFound for blobs that no run names."""
    table = schema.blobs.c
    asked = list(dict.fromkeys(sha256s))
    for first in range(0, len(asked), _NAMES_AT_ONCE):
        some = asked[first : first + _NAMES_AT_ONCE]
        named = set(connection.execute(sa.select(table.sha256).where(table.sha256.in_(some))).scalars())
        for sha256 in some:
            if sha256 not in named:
                raise NotFound(f"no blob {sha256[:80]}")
