"""The leaves of config and summary as rows, for filters, sorting and the list of columns."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import sqlalchemy as sa

from diorama.service.flatten import column_text, short_key
from diorama.service.jsonable import to_json
from diorama.service.naming import Naming
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.values import kind_of_record
from diorama.summaries.paths import Path, exact_text, leaves

TEXT_LIMIT_CHARS = 4096
_TEXTS_AT_ONCE = 500


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
    database: Database,
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
        rows = _read_rows(connection, run, texts)
        stored.update((text, type_) for text, _, type_ in rows)
        return [(text, exact) for text, exact, _ in rows]

    naming = Naming(read, [*changed, *gone])
    counts: dict[tuple[str, str], int] = {}
    gone_texts = [text for path in gone if (text := naming.remove(path)) is not None]
    for path in changed:
        naming.name(path)
    rows = [_row_of(run, naming.find(path), path, new[path]) for path in changed]
    table = schema.run_values.c
    of_path = sa.and_(table.run == run, table.path == sa.bindparam("the_path"))
    if gone_texts:
        connection.execute(
            sa.delete(schema.run_values).where(of_path), [{"the_path": text} for text in gone_texts]
        )
        for text in gone_texts:
            _count(counts, text, stored.pop(text), -1)
    for text, other in naming.renamed.items():
        if text in stored:
            connection.execute(
                sa.update(schema.run_values).where(of_path).values(path=other), {"the_path": text}
            )
            stored[other] = stored.pop(text)
            _count(counts, text, stored[other], -1)
            _count(counts, other, stored[other], 1)
    for row in rows:
        text, type_ = row["path"], row["type"]
        if text in stored:
            _count(counts, text, stored[text], -1)
        _count(counts, text, type_, 1)
    if rows:
        connection.execute(
            database.upsert(
                schema.run_values, index=["run", "path"], update=["type", "number", "text", "folded", "exact"]
            ),
            rows,
        )
    return counts


def _row_of(run: int, text: str | None, path: Path, leaf: Leaf) -> dict[str, Any]:
    folded = leaf.text.casefold() if leaf.text is not None else None
    exact = short_key(exact_text(path))
    return {"run": run, "path": text, "folded": folded, "exact": exact, **leaf._asdict()}


def _read_rows(connection: sa.Connection, run: int, texts: list[str]) -> list[tuple[str, str | None, str]]:
    """(path, exact, type) of the leaves that are called by some texts."""
    table = schema.run_values.c
    found: list[tuple[str, str | None, str]] = []
    for first in range(0, len(texts), _TEXTS_AT_ONCE):
        rows = connection.execute(
            sa.select(table.path, table.exact, table.type).where(
                table.run == run, table.path.in_(texts[first : first + _TEXTS_AT_ONCE])
            )
        )
        found += [(text, exact, type_) for text, exact, type_ in rows]
    return found


def _count(counts: dict[tuple[str, str], int], path: str, type_: str, change: int) -> None:
    name = (path, type_)
    counts[name] = counts.get(name, 0) + change


def store_column_counts(
    connection: sa.Connection, database: Database, project_id: int, counts: dict[tuple[str, str], int]
) -> None:
    """Apply changes of run counts. The caller holds the version's lock, so no two do this at once."""
    rows = [
        {"project_id": project_id, "path": path, "type": type_, "run_count": change}
        for (path, type_), change in sorted(counts.items())
        if change
    ]
    if rows:
        connection.execute(
            database.upsert_adding(schema.run_columns, index=["project_id", "path", "type"], add="run_count"),
            rows,
        )
