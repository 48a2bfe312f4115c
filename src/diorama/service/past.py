"""What a process that resumes a run has to know of it."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from diorama.service import runs
from diorama.service.jsonable import to_json
from diorama.service.runstate import STALE_SECS
from diorama.service.sessions import newest_session
from diorama.service.summaries import read_aggregates
from diorama.service.views import PastRunView
from diorama.store import schema


def past_run(connection: sa.Connection, uid: int, *, now: float) -> PastRunView:
    """A run as it was left. Raises NotFound."""
    view = runs.run_view(connection, uid, now=now)
    keys, writers = schema.sessions.c, schema.writers.c
    last_step = connection.execute(sa.select(sa.func.max(keys.last_step)).where(keys.run == uid)).scalar()
    found = connection.execute(
        sa.select(
            writers.writer,
            writers.stored_seq,
            writers.is_secondary,
            writers.state,
            writers.ended_at,
            writers.seen_at,
        ).where(writers.run == uid)
    ).all()
    return PastRunView(
        name=view.name,
        notes=view.notes,
        tags=view.tags,
        group=view.group,
        job_type=view.job_type,
        config=view.config,
        summary=view.summary,
        aggregates=[
            (list(path), to_json(msgspec.to_builtins(aggregate)))
            for path, aggregate in read_aggregates(connection, uid).items()
        ],
        session=str(newest_session(connection, uid)),
        last_step=last_step,
        stored={row.writer: row.stored_seq for row in found},
        ends={
            row.writer: _end(row.state, row.ended_at, row.seen_at, now)
            for row in found
            if not row.is_secondary
        },
    )


def _end(state: str, ended_at: float | None, seen_at: float, now: float) -> float | None:
    if state == "running":
        return seen_at if now - seen_at > STALE_SECS else None
    return seen_at if ended_at is None else ended_at
