"""Deleting runs and bringing them back.

A deleted run is none of `store.live_runs`, so that no question finds it, and its columns are not counted any
more. Nothing of it is removed: what comes late for it is stored beside the rest (`runstate.lock_run`), and
restoring it makes it whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest
from diorama.service import runstate
from diorama.service.leaves import slot_of, store_column_counts
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.live_runs import NOT_DELETED
from diorama.store.versions import next_version

_AT_ONCE = 500
_runs = schema.runs.c


def delete_runs(
    connection: sa.Connection, database: Database, uids: Iterable[int], *, now: float
) -> list[int]:
    """Delete runs; returns those that were there."""
    rows = [row for row in _locked(connection, uids) if row["deleted_at"] == NOT_DELETED]
    if not rows:
        return []
    version = next_version(connection)
    for row in rows:
        # Never twice the same, whatever the clock does.
        deleted_at = max(now, math.nextafter(max(_deletions_of_name(connection, row)), math.inf))
        runstate.update_run(connection, row, {"deleted_at": deleted_at, "version": version})
    _count_columns(connection, database, rows, -1)
    return [row["id"] for row in rows]


def restore_runs(connection: sa.Connection, database: Database, uids: Iterable[int]) -> list[int]:
    """Bring deleted runs back as they are; returns those that were deleted.

    Raises BadRequest if there is another run of the same name now.
    """
    rows = [row for row in _locked(connection, uids) if row["deleted_at"] != NOT_DELETED]
    if not rows:
        return []
    version = next_version(connection)
    for row in rows:
        if NOT_DELETED in _deletions_of_name(connection, row):
            raise BadRequest(
                f"there is another run {row['run_id']} now", hint="delete that one first, to restore this one"
            )
        runstate.update_run(connection, row, {"deleted_at": NOT_DELETED, "version": version})
    _count_columns(connection, database, rows, 1)
    return [row["id"] for row in rows]


def _locked(connection: sa.Connection, uids: Iterable[int]) -> list[runstate.Row]:
    """Rows of runs in the order of their numbers, locked until the transaction ends."""
    asked = sorted(set(uids))
    rows: list[runstate.Row] = []
    for first in range(0, len(asked), _AT_ONCE):
        found = connection.execute(
            sa.select(schema.runs)
            .where(_runs.id.in_(asked[first : first + _AT_ONCE]))
            .order_by(_runs.id)
            .with_for_update()
        )
        rows += [dict(row) for row in found.mappings()]
    return rows


def _deletions_of_name(connection: sa.Connection, row: runstate.Row) -> list[float]:
    """`deleted_at` of all runs that have the name of this one."""
    of_name = sa.and_(_runs.project_id == row["project_id"], _runs.run_id == row["run_id"])
    return list(connection.execute(sa.select(_runs.deleted_at).where(of_name)).scalars())


def _count_columns(
    connection: sa.Connection, database: Database, rows: list[runstate.Row], sign: int
) -> None:
    """Subtract these runs' values from the counts of columns (sign -1), or add them again (1)."""
    values = schema.run_values.c
    counted_in: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        slot = slot_of(row["id"], has_one_writer=database.has_one_writer)
        counted_in.setdefault((row["project_id"], slot), []).append(row["id"])
    for (project_id, slot), uids in sorted(counted_in.items()):
        counts: dict[tuple[str, str], int] = {}
        for first in range(0, len(uids), _AT_ONCE):
            found: Any = connection.execute(
                sa.select(values.path, values.type, sa.func.count())
                .where(values.run.in_(uids[first : first + _AT_ONCE]))
                .group_by(values.path, values.type)
            )
            for path, type_, count in found:
                counts[path, type_] = counts.get((path, type_), 0) + sign * count
        store_column_counts(connection, project_id, counts, slot=slot)
