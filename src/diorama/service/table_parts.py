"""Which Parquet blobs make a table that a run logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.media import ChartRecord, JoinedTableRecord, PartitionedTableRecord, TableRecord
from diorama.service.keys import key_rows
from diorama.service.sessions import sessions_of_writers
from diorama.service.views import TableJoin
from diorama.store import schema
from diorama.store.columns import ROW_BITS
from diorama.store.live_runs import live_blobs
from diorama.store.values import unpack

KINDS = ("table", "joined_table", "partitioned_table", "chart", "value")
_RECORDS_AT_ONCE = 200


def tables_of(
    connection: sa.Connection, run: int, key: str, step: int | None, index: int = 0
) -> tuple[list[str], TableJoin | None]:
    """The blobs of the table that is shown at a step, and the table that it is joined with.

    An INCREMENTAL table has all its parts up to the step; other tables are what was last logged at or before
    it. Raises NotFound if there is none.
    """
    if not 0 < run < 2**62 or (step is not None and abs(step) > 2**62):
        raise BadRequest("a run's uid is a positive number, and a step is not beyond 2^62")
    found = _blobs_of(connection, run, key, step, index)
    if found is None:
        raise NotFound(f"run {run} has no table {key[:200]!r} at that step")
    return found


def _blobs_of(
    connection: sa.Connection, run: int, key: str, step: int | None, index: int
) -> tuple[list[str], TableJoin | None] | None:
    """The blobs of one table, or of all parts of an INCREMENTAL one in the order of logging."""
    parts: list[tuple[int, int, int, str]] = []
    for session, row, id_, data in _newest_first(connection, run, key, step):
        record = _table_in(unpack(data), index)
        if record is None:
            continue
        if isinstance(record, TableRecord) and record.log_mode == "INCREMENTAL":
            parts.append((session, row, id_, record.blob.sha256))
        elif parts:
            break
        elif isinstance(record, JoinedTableRecord):
            join = TableJoin([record.right.blob.sha256], record.join_key[0], record.join_key[1])
            return [record.left.blob.sha256], join
        elif isinstance(record, PartitionedTableRecord):
            return [part.blob.sha256 for part in record.parts], None
        else:
            return [record.blob.sha256], None
    return ([sha256 for *_, sha256 in sorted(parts)], None) if parts else None


def _newest_first(
    connection: sa.Connection, run: int, key: str, step: int | None
) -> Iterator[tuple[int, int, int, bytes]]:
    """(session, row, id, data) of what was logged, by step, then by session, the newest first."""
    sessions = sessions_of_writers(connection, [run])[run]
    records = _records_backwards(connection, run, key, step)
    if len(set(sessions.values())) < 2:
        yield from ((0, *record) for _, *record in records)  # type: ignore[misc]  # mypy loses the lengths
        return
    for _, of_step in groupby(records, key=itemgetter(0)):
        found = [(sessions.get(row >> ROW_BITS, 0), row, id_, data) for _, row, id_, data in of_step]
        yield from sorted(found, key=itemgetter(0, 1, 2), reverse=True)


def _records_backwards(
    connection: sa.Connection, run: int, key: str, step: int | None
) -> Iterator[tuple[int, int, int, bytes]]:
    """(step, row, id, data) of what was logged, the last step first; a few in memory at a time, because a
    table that does not grow needs only the first."""
    table = schema.records.c
    ids = [row.id for row in key_rows(connection, [run], [key], kinds=KINDS)]
    place = sa.tuple_(table.step, table.row, table.id)
    after: tuple[int, int, int] | None = None
    count = 1
    while ids:
        query = (
            sa.select(table.step, table.row, table.id, table.data)
            .where(table.key_id.in_(ids))
            .order_by(table.step.desc(), table.row.desc(), table.id.desc())
            .limit(count)
        )
        if step is not None:
            query = query.where(table.step <= step)
        if after is not None:
            query = query.where(place < sa.tuple_(*after))
        records = connection.execute(query).all()
        yield from map(tuple, records)
        if len(records) < count:
            return
        after = (records[-1].step, records[-1].row, records[-1].id)
        count = _RECORDS_AT_ONCE


def _table_in(value: Any, index: int) -> Any:
    if type(value) is list:
        value = value[index] if 0 <= index < len(value) else None
    if isinstance(value, ChartRecord):
        return value.table
    return value if isinstance(value, TableRecord | JoinedTableRecord | PartitionedTableRecord) else None


def check_named(connection: sa.Connection, sha256s: Sequence[str]) -> None:
    """Raises NotFound for blobs that no run names."""
    named = live_blobs(connection, sha256s)
    for sha256 in sha256s:
        if sha256 not in named:
            raise NotFound(f"no blob {sha256[:80]}")
