"""Config and environment of a run, and who wrote what of it, while a batch is applied.

Their top-level keys, and the run's attributes (name, notes, tags ...), belong to the session that wrote them
last or removed them: an older session, whose entries come later, changes nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from diorama.service import sessions
from diorama.service.flatten import column_text
from diorama.service.leaves import store_leaves
from diorama.store import schema
from diorama.store.statements import Prepared, prepared_update
from diorama.store.values import pack, unpack

_table = schema.documents.c
_READ = Prepared(
    lambda _: sa.select(_table.config, _table.environment, _table.written_by).where(
        _table.run == sa.bindparam("of_run")
    ),
    ["of_run"],
)


class Documents:
    """What `session` says about a run. Read when it is asked for, and held until `store`."""

    def __init__(self, connection: sa.Connection, run: int, session: int) -> None:
        self._connection = connection
        self._run = run
        self._session = session
        self._values: dict[str, dict[str, Any]] | None = None
        self._config_before: dict[str, Any] = {}
        self._changed: set[str] = set()

    def change_config(self, data: dict[str, Any], deleted: Iterable[str]) -> None:
        """Set top-level config keys to whole values, and remove others."""
        config = self._read()["config"]
        config |= {key: data[key] for key in self._claim("config", data)}
        for key in self._claim("config", deleted):
            config.pop(key, None)

    def change_environment(self, data: dict[str, Any]) -> None:
        """Set top-level facts about where the run runs."""
        self._read()["environment"] |= {key: data[key] for key in self._claim("environment", data)}

    def own_attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """The attributes that no newer session has set. This session is noted as the one that wrote them."""
        return {name: attributes[name] for name in self._claim("attributes", attributes)}

    def store(
        self, run_changes: dict[str, Any], summary_before: dict[str, Any], summary_after: dict[str, Any]
    ) -> dict[tuple[str, str], int]:
        """Write what changed, and the leaves of it and of what changed in the summary, by name.

        Returns how the run counts of columns change.
        """
        config = config_before = {}
        if self._values is not None and self._changed:
            config, config_before = self._values["config"], self._config_before
            names = tuple(sorted(self._changed))
            prepared_update(schema.documents, names, ("run",)).execute(
                self._connection, *(pack(self._values[name]) for name in names), self._run
            )
            host = self._values["environment"].get("host")
            if "environment" in self._changed and isinstance(host, str):
                run_changes["host"] = column_text(host)
        changed = {key for key in (config | config_before) if config.get(key) is not config_before.get(key)}
        changed |= config.keys() ^ config_before.keys()
        return store_leaves(
            self._connection,
            run=self._run,
            before={"config": _some(config_before, changed), "summary": summary_before},
            after={"config": _some(config, changed), "summary": summary_after},
        )

    def _read(self) -> dict[str, dict[str, Any]]:
        if self._values is None:
            [row] = _READ.read(self._connection, self._run)
            self._values = {name: unpack(data) for name, data in row._mapping.items()}
            self._config_before = dict(self._values["config"])
        return self._values

    def _claim(self, subject: str, keys: Iterable[str]) -> list[str]:
        """The keys that no newer session has written. This session is noted as the one that wrote them."""
        written_by = self._read()["written_by"]
        owners: dict[str, int] = written_by.setdefault(subject, {})
        others: int = written_by.get("others", 0)
        found = [key for key in keys if owners.get(key, others) <= self._session]
        if found:
            self._changed |= {subject, "written_by"} - {"attributes"}
            owners |= dict.fromkeys(found, self._session)
        return found


def _some(values: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


def own_for_a_person(connection: sa.Connection, run: int, attributes: Iterable[str]) -> None:
    """A person has changed attributes of a run by hand: as if the newest session had said so."""
    table = schema.documents.c
    written_by = unpack(connection.execute(sa.select(table.written_by).where(table.run == run)).scalar_one())
    newest = sessions.newest_session(connection, run)
    written_by.setdefault("attributes", {}).update(dict.fromkeys(attributes, newest))
    connection.execute(
        sa.update(schema.documents).where(table.run == run).values(written_by=pack(written_by))
    )
