"""Values for metrics that are charted over another key (a step metric): a row without a value of that key
gets the last one that was logged in the session."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from diorama.service import sessions
from diorama.service.flatten import Gathered, LoggedColumn, short_path
from diorama.store import schema
from diorama.store.columns import Ints
from diorama.store.values import unpack
from diorama.summaries.paths import Path, path_from_exact
from diorama.summaries.rules import Definitions, is_number


class StepKeys:
    """The step keys of a run while a batch of `session` is applied."""

    def __init__(self, connection: sa.Connection, run: int, session: int, definitions: Definitions) -> None:
        self._connection = connection
        self._run = run
        self._session = session
        self._definitions = definitions

    def join(self, gathered: Gathered, rows: Ints) -> None:
        """Add values of step keys to the rows that lack them; remember the last ones."""
        texts = {
            definition.synced_step_key
            for definition in self._definitions.by_key.values()
            if definition.synced_step_key is not None
        }
        if not texts or not gathered.steps:
            return
        before = sessions.read_step_values(self._connection, self._run, self._session)
        values = dict(before)
        wanted = self._wanted(gathered)
        for text in texts:
            path, last = values.get(text) or self._last_of_summary(text)
            path = next((one for one in _paths(text) if one in gathered.numbers), tuple(path))
            own = gathered.numbers.get(path, LoggedColumn())
            if text in wanted:
                joined = _joined(own, last, wanted[text], rows)
                if joined.index:
                    gathered.numbers[path] = joined
            if own.values:
                values[text] = [list(path), own.values[-1]]
        if values != before:
            sessions.write_step_values(self._connection, self._run, self._session, values)

    def _wanted(self, gathered: Gathered) -> dict[str, set[int]]:
        """Step key -> the calls that logged something that is charted over it."""
        wanted: dict[str, set[int]] = {}
        columns = [
            *gathered.numbers.items(),
            *((path, column) for (path, _), column in gathered.objects.items()),
        ]
        for path, column in columns:
            definition = self._definitions.of(path)
            step_key = None if definition is None else definition.synced_step_key
            if definition is not None and step_key is not None and path not in _paths(step_key):
                calls = (index for index in column.index if index >= definition.since)
                wanted.setdefault(step_key, set()).update(calls)
        return wanted

    def _last_of_summary(self, text: str) -> tuple[Path, Any]:
        """The last value, from the summary, of a key that was logged before define_metric made it a step."""
        table = schema.summaries.c
        paths = _paths(text)
        for path in paths:
            data = self._connection.execute(
                sa.select(table.value).where(
                    table.run == self._run, table.session == self._session, table.name == path[0]
                )
            ).scalar()
            value = None if data is None else unpack(data)
            for name in path[1:]:
                value = value.get(name) if type(value) is dict else None
            if is_number(value):
                return path, value
        return paths[0], None


def _paths(text: str) -> list[Path]:
    """The paths that the text of a key may stand for: a single name, or nested names."""
    return list(dict.fromkeys([short_path((text,)), short_path(path_from_exact(text))]))


def _joined(own: LoggedColumn, last: Any, calls: set[int], rows: Ints) -> LoggedColumn:
    """The column with a value in the rows of all `calls`; `last`: the one before the batch."""
    own_rows = {int(rows[index]) for index in own.index}
    pairs = list(zip(own.index, own.values, strict=True))
    position = 0
    for index in sorted(calls):
        while position < len(own.index) and own.index[position] <= index:
            last = own.values[position]
            position += 1
        if last is not None and int(rows[index]) not in own_rows:
            pairs.append((index, last))
    pairs.sort(key=lambda pair: pair[0])
    return LoggedColumn([index for index, _ in pairs], [value for _, value in pairs])
