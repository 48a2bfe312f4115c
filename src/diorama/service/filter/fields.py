"""What a run has beside config and summary, for filters and sorting: one row for each field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from diorama.service.runstate import STALE_SECS
from diorama.store import schema
from diorama.store.live_runs import live_runs

_run = live_runs.c


@dataclass(frozen=True)
class Field:
    """kind: how it is compared; "list" is JSON text of a list, "words" what free text looks into.

    of: its SQL over `live_runs`; takes the time now.
    """

    kind: Literal["text", "number", "time", "list", "words"]
    of: Callable[[float], sa.ColumnElement[Any]]


def _project(column: sa.Column[str]) -> sa.ScalarSelect[str]:
    return sa.select(column).where(schema.projects.c.id == _run.project_id).scalar_subquery()


def _is_stale(now: float) -> sa.ColumnElement[int]:
    is_silent = sa.and_(_run.state == "running", _run.seen_at < now - STALE_SECS)
    return sa.case((is_silent, 1), else_=0)


def _runtime(_: float) -> sa.ColumnElement[float]:
    runtime = _run.last_activity_at - _run.created_at
    return sa.case((runtime > 0, runtime), else_=0.0)


FIELDS: dict[str, Field] = {
    "name": Field("text", lambda _: _run.name),
    "id": Field("text", lambda _: _run.run_id),
    "state": Field("text", lambda _: _run.state),
    "group": Field("text", lambda _: _run.group_name),
    "job_type": Field("text", lambda _: _run.job_type),
    "host": Field("text", lambda _: _run.host),
    "notes": Field("text", lambda _: _run.notes),
    "created_at": Field("time", lambda _: _run.created_at),
    "last_activity_at": Field("time", lambda _: _run.last_activity_at),
    "last_step": Field("number", lambda _: _run.last_step),
    "exit_code": Field("number", lambda _: _run.exit_code),
    "tags": Field("list", lambda _: _run.tags),
    "entity": Field("text", lambda _: _project(schema.projects.c.entity)),
    "project": Field("text", lambda _: _project(schema.projects.c.name)),
    "runtime_secs": Field("number", _runtime),
    "is_stale": Field("number", _is_stale),
    "search": Field("words", lambda _: _run.search),
}
