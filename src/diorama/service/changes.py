"""What changed since a version, deleted runs included: what open pages are told.

Deleted runs are rows like others here: their version says since when they are gone. What comes late for them
is no change that anybody can see, and leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from diorama.service.views import LiveEvent, LiveRun
from diorama.store import schema
from diorama.store.live_runs import NOT_DELETED
from diorama.store.versions import Seen, settled_version

_AT_ONCE = 500


def changes(connection: sa.Connection, since: Seen, runs: set[int] | None) -> tuple[Seen, LiveEvent]:
    """The runs (of `runs`, None: of all) that changed or were deleted after `since`, and the new `Seen`."""
    run_table, key_table = schema.runs.c, schema.keys.c
    settled = settled_version(connection)
    newer = connection.execute(
        sa.select(run_table.id, run_table.state, run_table.last_step, run_table.version, run_table.deleted_at)
        .where(run_table.version > min(since.version, settled))
        .order_by(run_table.version, run_table.id)
    ).all()
    seen = Seen(settled, frozenset(row.version for row in newer if row.version > settled))
    news = [row for row in newer if not since.knows(row.version) and (runs is None or row.id in runs)]
    found = [row for row in news if row.deleted_at == NOT_DELETED]
    keys: dict[int, list[str]] = {row.id: [] for row in found}
    uids = list(keys)
    for first in range(0, len(uids), _AT_ONCE):
        rows = connection.execute(
            sa.select(key_table.run, key_table.key)
            .where(key_table.run.in_(uids[first : first + _AT_ONCE]), key_table.version > since.version)
            .order_by(key_table.key)
            .distinct()
        )
        for run, key in rows:
            keys[run].append(key)
    changed = [
        LiveRun(uid=row.id, state=row.state, last_step=row.last_step, keys=keys[row.id]) for row in found
    ]
    deleted = [row.id for row in news if row.deleted_at != NOT_DELETED]
    return seen, LiveEvent(settled, changed, deleted)


def projects_of(connection: sa.Connection, uids: Iterable[int]) -> dict[int, str]:
    """uid -> "entity/project" of runs, also of deleted ones: whose pages are to hear of them."""
    runs, projects = schema.runs.c, schema.projects.c
    asked = list(uids)
    found: dict[int, str] = {}
    for first in range(0, len(asked), _AT_ONCE):
        rows = connection.execute(
            sa.select(runs.id, projects.entity, projects.name)
            .join(schema.projects, projects.id == runs.project_id)
            .where(runs.id.in_(asked[first : first + _AT_ONCE]))
        )
        found.update((uid, f"{entity}/{name}") for uid, entity, name in rows)
    return found
