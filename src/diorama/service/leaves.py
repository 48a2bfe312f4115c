"""The leaves of config and summary as rows, for filters, sorting and the list of columns."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import sqlalchemy as sa

from diorama.service.flatten import clean_text, short_key
from diorama.service.jsonable import to_json
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.values import kind_of_record

TEXT_LIMIT_CHARS = 4096


class Leaf(NamedTuple):
    """How a value is searched for: type "number", "string", "boolean" or "other"."""

    type: str
    number: float | None
    text: str | None


def flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as dotted paths; an empty dict is a value.

    >>> flat({"optimizer": {"lr": 0.1}, "seed": 1})
    {'optimizer.lr': 0.1, 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in nested.items():
        path = f"{prefix}{name}"
        if type(value) is dict and value:
            found.update(flat(value, f"{path}."))
        else:
            found[path] = value
    return found


def nested(paths: dict[str, Any]) -> dict[str, Any]:
    """Dotted paths as nested dicts; where a path runs into a value it stays as it is.

    >>> nested({"a.b": 1, "a.c": 2, "loss": 0.5, "loss.min": 0.1})
    {'a': {'b': 1, 'c': 2}, 'loss': 0.5, 'loss.min': 0.1}
    """
    found: dict[str, Any] = {}
    for path, value in paths.items():
        parts = path.split(".")
        if any(".".join(parts[:count]) in paths for count in range(1, len(parts))):
            found[path] = value
            continue
        level = found
        for part in parts[:-1]:
            level = level.setdefault(part, {})
        level[parts[-1]] = value
    return found


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
        return Leaf("string", None, clean_text(value[:TEXT_LIMIT_CHARS]))
    if kind_of_record(value) is not None:
        return Leaf("other", None, None)
    return Leaf("other", None, clean_text(json.dumps(to_json(value))[:TEXT_LIMIT_CHARS]))


def store_leaves(
    connection: sa.Connection,
    database: Database,
    *,
    run: int,
    old: dict[str, Any],
    new: dict[str, Any],
) -> dict[tuple[str, str], int]:
    """Write what differs between two sets of leaves (full path -> value) of a run.

    Returns how the number of runs per (path, type) changes; `store_column_counts` keeps those.
    """
    counts: dict[tuple[str, str], int] = {}
    changed: list[dict[str, Any]] = []
    for path, value in new.items():
        leaf = leaf_of(value)
        if path in old:
            before = leaf_of(old[path])
            if before == leaf:
                continue
            if before.type != leaf.type:
                _count(counts, path, before.type, -1)
                _count(counts, path, leaf.type, 1)
        else:
            _count(counts, path, leaf.type, 1)
        folded = leaf.text.casefold() if leaf.text is not None else None
        changed.append({"run": run, "path": short_key(path), "folded": folded, **leaf._asdict()})
    gone = [path for path in old if path not in new]
    if gone:
        for path in gone:
            _count(counts, path, leaf_of(old[path]).type, -1)
        connection.execute(
            sa.delete(schema.run_values).where(
                schema.run_values.c.run == run, schema.run_values.c.path == sa.bindparam("gone")
            ),
            [{"gone": short_key(path)} for path in gone],
        )
    if changed:
        connection.execute(
            database.upsert(
                schema.run_values, index=["run", "path"], update=["type", "number", "text", "folded"]
            ),
            changed,
        )
    return counts


def _count(counts: dict[tuple[str, str], int], path: str, type_: str, change: int) -> None:
    name = (short_key(path), type_)
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
