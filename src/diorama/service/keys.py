"""Which keys runs have."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from diorama.errors import BadRequest
from diorama.service.definitions import definitions_of
from diorama.service.flatten import METRIC, SYSTEM
from diorama.service.views import KeyList, KeyRun, KeyView
from diorama.store import schema
from diorama.store.live_runs import live_uids
from diorama.summaries.paths import path_from_exact

RUN_LIMIT = 10_000
_AT_ONCE = 500


@dataclass(slots=True)
class KeyRow:
    """A key of a run as it is stored. Never changed; not frozen, because 100,000 of them are made at once."""

    id: int
    run: int
    key: str
    kind: str
    count: int
    first_step: int
    last_step: int
    spans: bytes | None


def list_keys(connection: sa.Connection, runs: Iterable[int]) -> KeyList:
    """All keys of those runs that are there, one view per key and kind, sorted by key."""
    asked = list(dict.fromkeys(runs))
    if len(asked) > RUN_LIMIT:
        raise BadRequest(f"keys of at most {RUN_LIMIT} runs at once")
    uids = live_uids(connection, asked)
    table = schema.keys.c
    views: dict[tuple[str, str], KeyView] = {}
    for first in range(0, len(uids), _AT_ONCE):
        some = uids[first : first + _AT_ONCE]
        definitions = definitions_of(connection, some)
        rows = connection.execute(
            sa.select(
                table.run,
                table.key,
                table.exact,
                table.kind,
                table.count,
                table.first_step,
                table.last_step,
                table.last_value,
            ).where(table.run.in_(some))
        )
        for run, key, exact, kind, count, first_step, last_step, last_value in rows.all():
            view = views.get((key, kind))
            if view is None:
                view = views[key, kind] = KeyView(key=key, kind=kind, runs=[])
            last = last_value if last_value is not None and math.isfinite(last_value) else None
            view.runs.append(KeyRun(run, count, first_step, last_step, last))
            if run not in definitions or kind == SYSTEM:
                continue
            definition = definitions[run].of((key,) if exact is None else path_from_exact(exact))
            if definition is not None:
                view.step_key = view.step_key or definition.step_key
                view.is_hidden = view.is_hidden or bool(definition.is_hidden)
    place = {uid: index for index, uid in enumerate(uids)}
    for view in views.values():
        view.runs.sort(key=lambda key_run: place[key_run.run])
    return KeyList([views[name] for name in sorted(views)])


def key_rows(
    connection: sa.Connection,
    runs: Iterable[int],
    keys: Iterable[str] | None = None,
    *,
    kinds: Iterable[str] | None = None,
    not_kinds: Iterable[str] = (),
) -> list[KeyRow]:
    """Rows of keys, of those runs that are there, of some names and kinds; None: all."""
    table = schema.keys.c
    uids = live_uids(connection, runs)
    names = None if keys is None else list(dict.fromkeys(keys))
    select = sa.select(
        table.id,
        table.run,
        table.key,
        table.kind,
        table.count,
        table.first_step,
        table.last_step,
        table.spans,
    )
    if kinds is not None:
        select = select.where(table.kind.in_(list(kinds)))
    if not_kinds:
        select = select.where(table.kind.not_in(list(not_kinds)))
    found: list[KeyRow] = []
    for first in range(0, len(uids), _AT_ONCE):
        of_runs = select.where(table.run.in_(uids[first : first + _AT_ONCE]))
        if names is None:
            found += [KeyRow(*row) for row in connection.execute(of_runs).all()]
            continue
        for first_name in range(0, len(names), _AT_ONCE):
            of_names = of_runs.where(table.key.in_(names[first_name : first_name + _AT_ONCE]))
            found += [KeyRow(*row) for row in connection.execute(of_names)]
    return found


def metric_rows(
    connection: sa.Connection, runs: Iterable[int], keys: Iterable[str], *, is_system: bool = False
) -> dict[tuple[int, str], KeyRow]:
    """(run, key) -> row of metrics (or system metrics)."""
    rows = key_rows(connection, runs, keys, kinds=[SYSTEM if is_system else METRIC])
    return {(row.run, row.key): row for row in rows}
