"""What define_metric said about the keys of a run, session by session.

A session's own definitions decide about its summary, as they do in its process. For charts, and for step
metrics: if newer sessions say nothing about a key, an older session's definition is used.
"""

from __future__ import annotations

from functools import reduce

import msgspec
import sqlalchemy as sa

from diorama.journal.entry import Define
from diorama.service.flatten import short_key
from diorama.store import schema
from diorama.store.database import Database
from diorama.store.seal import seal, unseal
from diorama.store.statements import Prepared
from diorama.summaries.rules import Definition, Definitions, over

_decoder = msgspec.msgpack.Decoder(list[tuple[int, Definition]])
_encode = msgspec.msgpack.Encoder().encode
_READ = Prepared(
    lambda _: sa.select(schema.definitions.c.data).where(schema.definitions.c.run == sa.bindparam("of_run")),
    ["of_run"],
)


class RunDefinitions:
    """The definitions of a run while a batch of `session` is applied."""

    def __init__(self, connection: sa.Connection, database: Database, run: int, session: int) -> None:
        self._connection = connection
        self._database = database
        self._run = run
        self._session = session
        self._said: dict[str, dict[int, Definition]] = {}
        for (data,) in _READ.read(connection, run):
            said = dict(_decoder.decode(unseal(data)))
            self._said[next(iter(said.values())).key] = said
        self.of_session = Definitions(said[session] for said in self._said.values() if session in said)
        """What this session said."""
        self.until_session = Definitions(
            definition
            for said in self._said.values()
            if (definition := _laid_over(said, until=session)) is not None
        )
        """What older sessions said about keys that this session has not defined."""

    def copy_of_session(self) -> Definitions:
        """What this session has said until now."""
        return Definitions(self.of_session.by_key.values())

    def define(self, entry: Define, index: int) -> None:
        """A define_metric call after `index` log calls of the batch."""
        said = self._said.setdefault(entry.key, {})
        said[self._session] = self.of_session.define(entry, index)
        definition = _laid_over(said, until=self._session)
        assert definition is not None
        self.until_session.put(definition)
        stored = [(session, msgspec.structs.replace(one, since=0)) for session, one in sorted(said.items())]
        self._connection.execute(
            self._database.upsert(schema.definitions, index=["run", "key"], update=["data"]),
            {"run": self._run, "key": short_key(entry.key), "data": seal(_encode(stored))},
        )


def definitions_of(connection: sa.Connection, runs: list[int]) -> dict[int, Definitions]:
    """The definitions of those runs that have any, of all their sessions."""
    table = schema.definitions.c
    found: dict[int, Definitions] = {}
    for run, data in connection.execute(sa.select(table.run, table.data).where(table.run.in_(runs))):
        definition = _laid_over(dict(_decoder.decode(unseal(data))))
        if definition is not None:
            found.setdefault(run, Definitions()).put(definition)
    return found


def _laid_over(said: dict[int, Definition], until: int | None = None) -> Definition | None:
    sessions = [session for session in sorted(said) if until is None or session <= until]
    if not sessions:
        return None
    return reduce(lambda older, session: over(older, said[session]), sessions[1:], said[sessions[0]])
