"""The runs that are not deleted: whoever answers a question asks these, never `schema.runs`.

The row of a deleted run stays (see `store.schema`). Only what must still find it there asks for all rows:
where a batch belongs, deleting and restoring, and telling pages what was deleted.
`tests/unit/service/test_service_live_runs.py` names those modules.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from diorama.model import BlobRef
from diorama.store import schema

NOT_DELETED = 0
"""`deleted_at` of a run that is there."""
_RUNS_AT_ONCE = 500

live_runs = (
    sa.select(schema.runs)
    .where(schema.runs.c.deleted_at == sa.literal_column(str(NOT_DELETED)))
    .subquery("live_runs")
)
"""To be selected from as from a table, with the columns of `schema.runs`."""


def live_uids(connection: sa.Connection, uids: Iterable[int]) -> list[int]:
    """Those runs that are there, each once, in the order of `uids`: to be asked before rows that hang on a
    run are read by its number."""
    asked = list(dict.fromkeys(uids))
    found: set[int] = set()
    for first in range(0, len(asked), _RUNS_AT_ONCE):
        some = asked[first : first + _RUNS_AT_ONCE]
        found.update(connection.execute(sa.select(live_runs.c.id).where(live_runs.c.id.in_(some))).scalars())
    return [uid for uid in asked if uid in found]


def newest_uid(connection: sa.Connection) -> int:
    """The number of the newest run, deleted or not: about how many there are in all projects. 0: none."""
    return connection.execute(sa.select(sa.func.max(schema.runs.c.id))).scalar_one() or 0


def live_blobs(connection: sa.Connection, sha256s: Iterable[str]) -> dict[str, BlobRef]:
    """Those blobs that a run which is there names, by SHA-256. (Other owners than runs do not exist yet.)"""
    blobs, uses = schema.blobs.c, schema.blob_uses.c
    is_used = sa.exists(
        sa.select(uses.sha256)
        .join(live_runs, live_runs.c.id == uses.owner)
        .where(uses.sha256 == blobs.sha256, uses.owner_kind == "run")
        .correlate(schema.blobs)
    )
    asked = list(dict.fromkeys(sha256s))
    found: dict[str, BlobRef] = {}
    for first in range(0, len(asked), _RUNS_AT_ONCE):
        rows = connection.execute(
            sa.select(blobs.sha256, blobs.size_bytes, blobs.mime).where(
                blobs.sha256.in_(asked[first : first + _RUNS_AT_ONCE]), is_used
            )
        )
        found.update((row[0], BlobRef(*row)) for row in rows)
    return found
