"""Projects and runs: lists, one run, and what a person may edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from diorama.errors import BadRequest, NotFound
from diorama.service import filter as filters
from diorama.service import runstate
from diorama.service.documents import own_for_a_person
from diorama.service.flatten import column_text
from diorama.service.jsonable import to_json
from diorama.service.output import check_run
from diorama.service.run_order import RUNTIME, RunOrder
from diorama.service.runstate import STALE_SECS
from diorama.service.summaries import read_shown
from diorama.service.views import (
    ColumnView,
    ProjectList,
    ProjectView,
    RunDetail,
    RunList,
    RunPatch,
    RunView,
    WarningView,
)
from diorama.store import schema
from diorama.store.live_runs import live_runs, newest_uid
from diorama.store.values import unpack
from diorama.store.versions import next_version

LIST_LIMIT = 10_000
COLUMN_LIMIT = 2000
TAG_LIMIT = 200
_RUNS_AT_ONCE = 500
_LOOK_UP_COST = 4
"""How many leaves are read side by side in the time in which one is looked up, in SQLite."""
Row = Mapping[Any, Any]


def list_projects(connection: sa.Connection) -> ProjectList:
    """All projects, the most recently active first."""
    projects, runs = schema.projects.c, live_runs.c
    # Counted before the projects are joined, so that the database reads each run once, from its own table.
    counted = (
        sa.select(
            runs.project_id,
            sa.func.count().label("run_count"),
            sa.func.sum(sa.case((runs.state == "running", 1), else_=0)).label("running_count"),
            sa.func.max(runs.last_activity_at).label("last_activity_at"),
        )
        .group_by(runs.project_id)
        .subquery()
    )
    rows = connection.execute(
        sa.select(
            projects.entity,
            projects.name,
            projects.created_at,
            sa.func.coalesce(counted.c.run_count, 0).label("run_count"),
            sa.func.coalesce(counted.c.running_count, 0).label("running_count"),
            sa.func.coalesce(counted.c.last_activity_at, projects.created_at).label("last_activity_at"),
        ).select_from(schema.projects.outerjoin(counted, counted.c.project_id == projects.id))
    ).all()
    found = [
        ProjectView(
            entity=row.entity,
            name=row.name,
            run_count=row.run_count,
            running_count=row.running_count,
            created_at=row.created_at,
            last_activity_at=row.last_activity_at,
        )
        for row in rows
    ]
    return ProjectList(sorted(found, key=lambda view: (-view.last_activity_at, view.entity, view.name)))


def list_runs(
    connection: sa.Connection,
    entity: str,
    project: str,
    *,
    query: str,
    where: Mapping[str, Any] | None,
    sort: str,
    limit: int,
    offset: int,
    now: float,
) -> RunList:
    """Runs of a project that match `query` and the Mongo-style filter `where`, sorted by a path ("-" before
    it: descending).

    Runs that have no value at the path come last. Raises BadRequest for limits or queries that can't be,
    NotFound for a project that is not there.
    """
    if not 0 <= limit <= LIST_LIMIT or offset < 0:
        raise BadRequest(f"limit must lie between 0 and {LIST_LIMIT}, offset must not be negative")
    runs = live_runs
    project_id = _project_id(connection, entity, project)
    of_project = runs.c.project_id == project_id
    asked = [*filters.parse(query), *([filters.compiled(where)] if where else [])]
    total = connection.execute(sa.select(sa.func.count()).select_from(runs).where(of_project)).scalar_one()
    sweeps = _sweeps(connection, total)
    conditions = [
        filters.condition(filters.narrowed(connection, part), now=now, sweeps=sweeps) for part in asked
    ]
    uids, matched = _page(
        connection, RunOrder.of(connection, sort, now), of_project, conditions, limit, offset
    )
    if not conditions:
        matched = total
    elif matched is None:
        matched = connection.execute(
            sa.select(sa.func.count()).select_from(runs).where(of_project, *conditions)
        ).scalar_one()
    return RunList(
        runs=run_views(connection, uids, now=now),
        matched=matched,
        total=total,
        columns=_columns(connection, project_id),
    )


def _sweeps(connection: sa.Connection, asked_runs: int) -> bool:
    """Whether to read the leaves of all runs rather than to look them up in those that are asked
    (`filter/sql.py`)."""
    return connection.dialect.name == "sqlite" and asked_runs * _LOOK_UP_COST > newest_uid(connection)


def _page(
    connection: sa.Connection,
    order: RunOrder,
    of_project: sa.ColumnElement[bool],
    conditions: list[sa.ColumnElement[bool]],
    limit: int,
    offset: int,
) -> tuple[list[int], int | None]:
    """(the runs of a page, how many match: None where that was not counted with them)."""
    uids = order.page_of_numbers(connection, [of_project, *conditions], limit, offset)
    if uids is not None:
        return uids, None
    select = order.counted_runs([of_project, *conditions]) if conditions else order.runs([of_project])
    rows = connection.execute(select.limit(limit).offset(offset)).all()
    return [int(row[0]) for row in rows], rows[0][1] if conditions and rows else None


def run_views(connection: sa.Connection, uids: list[int], *, now: float) -> list[RunView]:
    """Views of runs in the order of `uids`; runs that are not there are left out."""
    runs, projects, documents = live_runs, schema.projects.c, schema.documents.c
    found: dict[int, RunView] = {}
    for first in range(0, len(uids), _RUNS_AT_ONCE):
        summaries = read_shown(connection, uids[first : first + _RUNS_AT_ONCE])
        rows = connection.execute(
            sa.select(runs, projects.entity, projects.name.label("project"), documents.config)
            .join(schema.projects, projects.id == runs.c.project_id)
            .join(schema.documents, documents.run == runs.c.id)
            .where(runs.c.id.in_(uids[first : first + _RUNS_AT_ONCE]))
        ).mappings()
        for row in rows:
            found[row["id"]] = _view_of(row, summaries[row["id"]], now)
    return [found[uid] for uid in uids if uid in found]


def _view_of(row: Row, summary: dict[str, Any], now: float) -> RunView:
    return RunView(
        uid=row["id"],
        entity=row["entity"],
        project=row["project"],
        id=row["run_id"],
        name=row["name"],
        state=row["state"],
        is_stale=row["state"] == "running" and now - row["seen_at"] > STALE_SECS,
        created_at=row["created_at"],
        last_activity_at=row["last_activity_at"],
        runtime_secs=max(0.0, row["last_activity_at"] - row["created_at"]),
        exit_code=row["exit_code"],
        last_step=row["last_step"],
        notes=row["notes"],
        tags=json.loads(row["tags"]),
        group=row["group_name"],
        job_type=row["job_type"],
        host=row["host"],
        config=to_json(unpack(row["config"])),
        summary=to_json(summary),
        version=row["version"],
    )


def run_detail(connection: sa.Connection, uid: int, *, now: float) -> RunDetail:
    """A run with its environment and warnings. Raises NotFound."""
    view = run_view(connection, uid, now=now)
    documents, warnings = schema.documents.c, schema.warnings.c
    environment = connection.execute(
        sa.select(documents.environment).where(documents.run == uid)
    ).scalar_one()
    rows = connection.execute(
        sa.select(warnings.code, warnings.text, warnings.count, warnings.time)
        .where(warnings.run == uid)
        .order_by(warnings.time, warnings.code, warnings.digest)
    )
    return RunDetail(
        run=view,
        environment=to_json(unpack(environment)),
        warnings=[WarningView(code=row[0], text=row[1], count=row[2], time=row[3]) for row in rows],
    )


def run_view(connection: sa.Connection, uid: int, *, now: float) -> RunView:
    """A run. Raises NotFound."""
    views = run_views(connection, [uid], now=now)
    if not views:
        raise NotFound(f"no run {uid}", hint="`diorama ls` lists the runs")
    return views[0]


def find_uid(connection: sa.Connection, entity: str, project: str, run_id: str) -> int:
    """The uid of a run by its name. Raises NotFound."""
    runs = live_runs.c
    uid = connection.execute(
        sa.select(runs.id).where(
            runs.project_id == _project_id(connection, entity, project), runs.run_id == run_id
        )
    ).scalar()
    if uid is None:
        raise NotFound(f"no run {entity}/{project}/{run_id}", hint="`diorama ls` lists the runs")
    return int(uid)


def documents_of(connection: sa.Connection, uid: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(config, summary) of a run as exact Python values, both nested. Raises NotFound."""
    check_run(connection, uid)
    documents = schema.documents.c
    row = connection.execute(sa.select(documents.config).where(documents.run == uid)).one()
    return unpack(row.config), read_shown(connection, [uid])[uid]


def patch(connection: sa.Connection, uid: int, change: RunPatch) -> None:
    """Change what a person may edit. Raises NotFound, BadRequest."""
    if change.name is not None and not change.name.strip():
        raise BadRequest("a run's name must not be empty")
    if change.tags is not None and len(change.tags) > TAG_LIMIT:
        raise BadRequest(f"a run may have {TAG_LIMIT} tags")
    row = (
        connection.execute(sa.select(live_runs).where(live_runs.c.id == uid).with_for_update())
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound(f"no run {uid}")
    changes = runstate.text_changes({"name": change.name, "notes": change.notes, "tags": change.tags})
    own_for_a_person(connection, uid, changes)
    version = next_version(connection)
    runstate.update_run(connection, dict(row), changes | {"version": version})


def _project_id(connection: sa.Connection, entity: str, project: str) -> int:
    projects = schema.projects.c
    found = connection.execute(
        sa.select(projects.id).where(
            projects.entity == column_text(entity), projects.name == column_text(project)
        )
    ).scalar()
    if found is None:
        raise NotFound(f"no project {entity}/{project}", hint="`diorama ls` lists the projects")
    return int(found)


def is_known_order(sort: str, columns: list[ColumnView]) -> bool:
    """Whether `sort` names a field of runs, or a value among a project's columns. A list of columns that is
    full proves nothing."""
    path = sort.lstrip("+-")
    place = filters.place_of(path)
    if not path or path in RUNTIME or place.column is not None or len(columns) >= COLUMN_LIMIT:
        return True
    return any(column.path in place.paths for column in columns)


def _columns(connection: sa.Connection, project_id: int) -> list[ColumnView]:
    table = schema.run_columns.c
    run_count = sa.func.sum(table.run_count)
    rows = connection.execute(
        sa.select(table.path, table.type, run_count)
        .where(table.project_id == project_id)
        .group_by(table.path, table.type)
        .having(run_count > 0)
        .order_by(table.path, run_count)
        .limit(COLUMN_LIMIT * 2)
    ).all()
    merged: dict[str, ColumnView] = {}
    for path, type_, count in rows:
        before = merged.get(path)
        # Runs may disagree about a path's type: the one that most of them have is told.
        merged[path] = ColumnView(path, type_, int(count) + (before.run_count if before else 0))
    return list(merged.values())[:COLUMN_LIMIT]
