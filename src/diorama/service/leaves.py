"""The leaves of config and summary as rows, for filters, sorting and the list of columns."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import sqlalchemy as sa

from diorama.service.flatten import column_text
from diorama.service.jsonable import to_json
from diorama.service.naming import Naming
from diorama.store import schema
from diorama.store.statements import Among, Prepared, prepared_upsert
from diorama.store.values import kind_of_record
from diorama.summaries.paths import leaves

TEXT_LIMIT_CHARS = 4096
SLOTS = 16
"""How many transactions may count the columns of one project side by side. A list adds their rows up."""

_table = schema.run_values.c
_OF_PATH = sa.and_(_table.run == sa.bindparam("of_run"), _table.path == sa.bindparam("of_path"))
_READ = Among(
    sa.select(_table.path, _table.exact, _table.type).where(_table.run == sa.bindparam("of_run")),
    _table.path,
    ["of_run"],
)
_DELETE = Prepared(lambda _: sa.delete(schema.run_values).where(_OF_PATH), ["of_run", "of_path"])
_UPSERT = prepared_upsert(
    schema.run_values,
    ("run", "path", "type", "number", "text", "folded", "exact"),
    index=("run", "path"),
    update=("type", "number", "text", "folded", "exact"),
)
_ADD_COUNT = prepared_upsert(
    schema.run_columns,
    ("project_id", "path", "type", "slot", "run_count"),
    index=("project_id", "path", "type", "slot"),
    add="run_count",
)


class Leaf(NamedTuple):
    """How a value is searched for: type "number", "string", "boolean" or "other"."""

    type: str
    number: float | None
    text: str | None


def leaf_of(value: Any) -> Leaf:
    """How a value is searched for."""
    kind = type(value)
    if kind is bool:
        return Leaf("boolean", float(value), "true" if value else "false")
    if kind is float or kind is int:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        return Leaf("number", None if math.isnan(number) else number, repr(value)[:TEXT_LIMIT_CHARS])
    if kind is str:
        return Leaf("string", None, column_text(value[:TEXT_LIMIT_CHARS]))
    if kind_of_record(value) is not None:
        return Leaf("other", None, None)
    return Leaf("other", None, column_text(json.dumps(to_json(value))[:TEXT_LIMIT_CHARS]))


def store_leaves(
    connection: sa.Connection,
    *,
    run: int,
    before: dict[str, Any],
    after: dict[str, Any],
) -> dict[tuple[str, str], int]:
    """Write what differs between two states of a part of a run's config and summary: {"config": {...},
    "summary": {...}}, nested.

    Returns how the number of runs per (path, type) changes; `store_column_counts` keeps those.
    """
    old = {path: leaf_of(value) for path, value in leaves(before) if len(path) > 1}
    new = {path: leaf_of(value) for path, value in leaves(after) if len(path) > 1}
    changed = [path for path, leaf in new.items() if old.get(path) != leaf]
    gone = [path for path in old if path not in new]
    if not changed and not gone:
        return {}
    stored: dict[str, str] = {}

    def read(texts: list[str]) -> list[tuple[str, str | None]]:
        rows = _READ.read(connection, texts, run)
        stored.update((text, type_) for text, _, type_ in rows)
        return [(text, exact) for text, exact, _ in rows]

    naming = Naming(read, [*changed, *gone])
    counts: dict[tuple[str, str], int] = {}
    gone_texts = [text for path in gone if (text := naming.remove(path)) is not None]
    for path in changed:
        naming.name(path)
    _DELETE.execute_many(connection, [(run, text) for text in gone_texts])
    for text in gone_texts:
        _count(counts, text, stored.pop(text), -1)
    for text, other in naming.renamed.items():
        if text in stored:
            connection.execute(
                sa.update(schema.run_values).where(_table.run == run, _table.path == text).values(path=other)
            )
            stored[other] = stored.pop(text)
            _count(counts, text, stored[other], -1)
            _count(counts, other, stored[other], 1)
    rows: list[tuple[Any, ...]] = []
    for path in changed:
        leaf, text = new[path], str(naming.find(path))
        before_type = stored.get(text)
        if before_type != leaf.type:
            if before_type is not None:
                _count(counts, text, before_type, -1)
            _count(counts, text, leaf.type, 1)
        folded = leaf.text.casefold() if leaf.text is not None else None
        rows.append((run, text, *leaf, folded, naming.exact_of(path)))
    _UPSERT.execute_many(connection, sorted(rows, key=_path_of))
    return counts


def _path_of(row: tuple[Any, ...]) -> str:
    return str(row[1])


def _count(counts: dict[tuple[str, str], int], path: str, type_: str, change: int) -> None:
    name = (path, type_)
    counts[name] = counts.get(name, 0) + change


def slot_of(run: int, *, has_one_writer: bool) -> int:
    """The slot of `run_columns` in which a run is counted. Runs that are made at the same time have numbers
    that are near each other, so none of them waits for another's row."""
    return 0 if has_one_writer else run % SLOTS


def store_column_counts(
    connection: sa.Connection, project_id: int, counts: dict[tuple[str, str], int], *, slot: int
) -> None:
    """Apply changes of run counts. Rows are locked in one order by all who write, until the transaction ends:
    do it last."""
    rows = [(project_id, *name, slot, change) for name, change in sorted(counts.items()) if change]
    _ADD_COUNT.execute_many(connection, rows)
