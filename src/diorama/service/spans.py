"""For each key: which steps each session logged, and which of them a later session logged again.

After a resume from a checkpoint a session logs steps that an earlier one had logged already. All of it is
kept; a chart follows the later session there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diorama.store.columns import ROW_BITS, Points
from diorama.store.history import Chunk
from diorama.store.values import unpack


class Span(NamedTuple):
    """The steps that a session logged of a key, the first and the last included."""

    session: int
    first_step: int
    last_step: int


def read_spans(data: bytes | None) -> list[Span]:
    """The spans of a row of keys, the oldest session first; none where nothing is known of sessions."""
    return [] if data is None else [Span(*span) for span in unpack(data)]


def spans_with(row: Mapping[str, Any], session: int, first_step: int, last_step: int) -> list[Span]:
    """The spans of a row of keys after more points of a session. What a store without sessions has already is
    of one before all."""
    spans = {span.session: span for span in read_spans(row["spans"])}
    if not spans and row["count"]:
        spans[0] = Span(0, row["first_step"], row["last_step"])
    own = spans.get(session, Span(session, first_step, last_step))
    spans[session] = Span(session, min(own.first_step, first_step), max(own.last_step, last_step))
    return [spans[one] for one in sorted(spans)]


class Repeats:
    """What sessions logged again of a key. session_of_writer: of the numbers of the run's writers.

    ranges: of steps that more than one session logged.
    """

    def __init__(self, spans: list[Span], session_of_writer: Mapping[int, int]) -> None:
        self._spans = spans
        self._session_of_writer = session_of_writer
        self.ranges = [
            (max(older.first_step, newer.first_step), min(older.last_step, newer.last_step))
            for index, newer in enumerate(spans)
            for older in spans[:index]
            if older.first_step <= newer.last_step and newer.first_step <= older.last_step
        ]

    def touch(self, chunk: Chunk) -> bool:
        """Whether a chunk may hold steps that more than one session logged."""
        return any(first <= chunk.step_max and chunk.step_min <= last for first, last in self.ranges)

    def without_superseded(self, points: Points) -> Points:
        """The points that no later session logged again."""
        return points.take(~self.are_superseded(points)) if self.ranges else points

    def are_superseded(self, points: Points) -> npt.NDArray[np.bool_]:
        """Which of the points lie at steps between a later session's first and last one."""
        numbers = points.rows >> ROW_BITS
        found = np.zeros(len(points), bool)
        for writer in np.unique(numbers).tolist():
            session = self._session_of_writer.get(writer, 0)
            for span in self._spans:
                if span.session > session:
                    is_inside = (points.steps >= span.first_step) & (points.steps <= span.last_step)
                    found |= is_inside & (numbers == writer)
        return found
