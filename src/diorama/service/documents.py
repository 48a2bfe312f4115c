"""Config, summary, environment and definitions of a run while a batch is applied.

summary: the last value of every key, by dotted path; what define_metric asks for instead; and what was
set by hand, which wins until it is deleted.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from diorama.journal.entry import Define
from diorama.service.definitions import Aggregate, Definition, Definitions, merge_define
from diorama.service.flatten import Gathered, clean_text, short_key
from diorama.service.leaves import flat, store_leaves
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.seal import seal, unseal
from diorama.store.values import pack, unpack

_definition_decoder = msgspec.msgpack.Decoder(Definition)
_definition_encoder = msgspec.msgpack.Encoder()


class Documents:
    """What a run says about itself. Changes are held until `store`."""

    def __init__(self, connection: sa.Connection, database: Database, run: int) -> None:
        self._connection = connection
        self._database = database
        self._run = run
        table = schema.documents.c
        row = connection.execute(
            sa.select(table.config, table.summary, table.summary_state, table.environment).where(
                table.run == run
            )
        ).one()
        self._packed = {
            "config": bytes(row.config),
            "summary": bytes(row.summary),
            "summary_state": bytes(row.summary_state),
            "environment": bytes(row.environment),
        }
        self.config: dict[str, Any] = unpack(self._packed["config"])
        self.summary: dict[str, Any] = unpack(self._packed["summary"])
        self.environment: dict[str, Any] = unpack(self._packed["environment"])
        state: dict[str, Any] = unpack(self._packed["summary_state"])
        self._explicit: set[str] = set(state.get("explicit", ()))
        self._aggregates = {key: Aggregate(*fields) for key, fields in state.get("aggregates", {}).items()}
        self.last_steps: dict[str, Any] = state.get("last_steps", {})
        """step_key -> last value, for the metrics that define_metric ties to it."""
        self._old_leaves = _leaves(self.config, self.summary)
        self._deleted_at: dict[str, int] = {}
        definitions = schema.definitions.c
        self.definitions = Definitions(
            _definition_decoder.decode(unseal(data))
            for (data,) in connection.execute(sa.select(definitions.data).where(definitions.run == run))
        )

    def change_config(self, data: dict[str, Any], deleted: list[str]) -> None:
        """Set top-level config keys to whole values, and remove others."""
        self.config.update(data)
        for key in deleted:
            self.config.pop(key, None)

    def change_environment(self, data: dict[str, Any]) -> None:
        """Set top-level facts about where the run runs."""
        self.environment.update(data)

    def change_summary(self, data: dict[str, Any], deleted: list[str], index: int) -> None:
        """Summary values set by hand, and removed ones, after `index` log calls of the batch."""
        for path, value in data.items():
            self._remove(path)
            leaves = flat(value, f"{path}.") if type(value) is dict and value else {path: value}
            self.summary.update(leaves)
            self._explicit.add(path)
        for path in deleted:
            self._remove(path)
            self._explicit = {
                name for name in self._explicit if name != path and not name.startswith(f"{path}.")
            }
            self._aggregates.pop(path, None)
            self._deleted_at[path] = index

    def define(self, entry: Define, index: int) -> None:
        """A define_metric call after `index` log calls of the batch."""
        definition = merge_define(self.definitions.by_key.get(entry.key), entry, index)
        self.definitions.put(definition)
        self._connection.execute(
            self._database.upsert(schema.definitions, index=["run", "key"], update=["data"]),
            {
                "run": self._run,
                "key": short_key(entry.key),
                "data": seal(_definition_encoder.encode(msgspec.structs.replace(definition, since=0))),
            },
        )

    def last_number(self, key: str) -> float | int | bool | None:
        """The last value of a step key before this batch."""
        value = self.last_steps.get(key, self.summary.get(key))
        return value if isinstance(value, float | int) else None

    def summarize(self, gathered: Gathered) -> None:
        """Take the logged values into the summary."""
        for key, (index, value) in gathered.last_values().items():
            if index < self._deleted_at.get(key, 0):
                continue
            definition = self.definitions.of(key)
            if definition is None or definition.summary is None:
                if not self._is_explicit(key):
                    self.summary[key] = value
                continue
            self._summarize_as(key, definition, gathered, value)

    def _summarize_as(self, key: str, definition: Definition, gathered: Gathered, value: Any) -> None:
        wanted = definition.summary or []
        column = gathered.numbers.get(key)
        if "none" in wanted:
            return
        if "copy" in wanted or column is None:
            if not self._is_explicit(key):
                self.summary[key] = value
            return
        aggregate = self._aggregates.setdefault(key, Aggregate())
        first = self._deleted_at.get(key, 0)
        aggregate.add(
            value for index, value in zip(column.index, column.values, strict=True) if index >= first
        )
        if not self._is_explicit(key):
            self.summary.pop(key, None)
        for name in wanted:
            path = f"{key}.{name}"
            if not self._is_explicit(path):
                found = aggregate.value(name, definition.goal)
                if found is not None:
                    self.summary[path] = found

    def store(self, run_changes: dict[str, Any]) -> dict[tuple[str, str], int]:
        """Write what changed; returns how the run counts of columns change."""
        state = {
            "explicit": sorted(self._explicit),
            "aggregates": {key: msgspec.to_builtins(value) for key, value in self._aggregates.items()},
            "last_steps": self.last_steps,
        }
        packed = {
            "config": pack(self.config),
            "summary": pack(self.summary),
            "summary_state": pack(state),
            "environment": pack(self.environment),
        }
        changes = {name: data for name, data in packed.items() if data != self._packed[name]}
        if changes:
            self._connection.execute(
                sa.update(schema.documents).where(schema.documents.c.run == self._run).values(**changes)
            )
        if "environment" in changes and isinstance(host := self.environment.get("host"), str):
            run_changes["host"] = clean_text(host)
        if "config" not in changes and "summary" not in changes:
            return {}
        return store_leaves(
            self._connection,
            self._database,
            run=self._run,
            old=self._old_leaves,
            new=_leaves(self.config, self.summary),
        )

    def _is_explicit(self, path: str) -> bool:
        if not self._explicit:
            return False
        if path in self._explicit:
            return True
        parts = path.split(".")
        return any(".".join(parts[:count]) in self._explicit for count in range(1, len(parts)))

    def _remove(self, path: str) -> None:
        self.summary.pop(path, None)
        below = f"{path}."
        for name in [name for name in self.summary if name.startswith(below)]:
            del self.summary[name]


def _leaves(config: dict[str, Any], summary: dict[str, Any]) -> dict[str, Any]:
    found = flat(config, "config.")
    for path, value in summary.items():
        found[f"summary.{path}"] = value
    return found
