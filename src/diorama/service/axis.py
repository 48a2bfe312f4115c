"""Positions of points on an x axis.

"step", "time" (Unix seconds), "relative" (seconds since the run began), or a metric's key. For a key, a
point lies where the metric was in the same history row; where that row has none, at the metric's last
value at or before the point's step; before its first value the point has no position (NaN).
"""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from diorama.service.keys import metric_rows
from diorama.store import history
from diorama.store.columns import Floats, Points
from diorama.store.live_runs import live_runs

PLAIN_AXES = ("step", "time", "relative")


class Axis:
    """An x axis for some runs."""

    def __init__(
        self, connection: sa.Connection, reader: history.ChunkReader, name: str, runs: list[int]
    ) -> None:
        self.name = name
        self.is_key = name not in PLAIN_AXES
        self._connection = connection
        self._reader = reader
        self._chunks: dict[int, list[history.Chunk]] = {}
        self._metric: tuple[int, Points] | None = None
        self._began: dict[int, float] = {}
        if name == "relative":
            table = live_runs.c
            for first in range(0, len(runs), 500):
                rows = connection.execute(
                    sa.select(table.id, table.created_at).where(table.id.in_(runs[first : first + 500]))
                )
                self._began.update((uid, began) for uid, began in rows)
        elif self.is_key:
            found = metric_rows(connection, runs, [name])
            chunks = history.chunks_of(connection, [row.id for row in found.values()])
            self._chunks = {run: chunks[row.id] for (run, _), row in found.items()}

    def offset(self, run: int) -> float:
        """What to subtract from times of a run ("relative"), else 0."""
        return self._began.get(run, 0.0)

    def chunks(self, run: int) -> list[history.Chunk]:
        """What is read of a run's metric; nothing for the other axes."""
        return self._chunks.get(run, [])

    def _metric_of(self, run: int) -> Points:
        """The metric of one run; callers go through run after run, and no two are in memory at once."""
        if self._metric is None or self._metric[0] != run:
            self._metric = None
            self._metric = (run, self._reader.all_points(self._connection, self.chunks(run)))
        return self._metric[1]

    def positions(self, run: int, points: Points) -> Floats:
        """Where the points of a run lie."""
        if self.name == "step":
            return points.steps.astype(np.float64)
        if not self.is_key:
            return points.times - self.offset(run)
        metric = self._metric_of(run)
        if not len(metric):
            return np.full(len(points), np.nan)
        numbers = metric.numbers()
        before = np.searchsorted(metric.steps, points.steps, "right") - 1
        positions = np.where(before >= 0, numbers[np.maximum(before, 0)], np.nan)
        by_row = np.argsort(metric.rows, kind="stable")
        sorted_rows = metric.rows[by_row]
        place = np.minimum(np.searchsorted(sorted_rows, points.rows, "right") - 1, len(sorted_rows) - 1)
        is_same_row = (place >= 0) & (sorted_rows[np.maximum(place, 0)] == points.rows)
        same_row: Floats = np.where(is_same_row, numbers[by_row[np.maximum(place, 0)]], positions)
        return same_row
