"""Charts: series cut to what a screen shows.

Few points travel as they are; many as buckets of equal width with min, max, mean, last and count, read
from the coarsest level of the pyramid that still has as many buckets as were asked for. Only chunks
that overlap the asked range are read, and one neighbour on each side, so that lines reach the edges.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from diorama.errors import BadRequest
from diorama.service.axis import Axis
from diorama.service.columns import ColumnBody
from diorama.service.keys import metric_rows
from diorama.service.sessions import sessions_of_writers
from diorama.service.spans import Repeats, read_spans
from diorama.service.views import SeriesHead, SeriesReply, SeriesRequest
from diorama.store import history, pyramid
from diorama.store.columns import Floats, Points
from diorama.store.history import Chunk, ChunkReader
from diorama.store.pyramid import LEVELS, Buckets

SERIES_LIMIT = 20_000
BUCKET_LIMIT = 100_000


def series(connection: sa.Connection, reader: ChunkReader, request: SeriesRequest) -> bytes:
    """The binary reply to a request. Raises BadRequest for limits that can't be."""
    _check(request)
    rows = metric_rows(connection, request.runs, request.keys, is_system=request.is_system)
    chunks = history.chunks_of(connection, [row.id for row in rows.values()])
    spans = {row.id: found for row in rows.values() if len(found := read_spans(row.spans)) > 1}
    writers = sessions_of_writers(connection, {row.run for row in rows.values() if row.id in spans})
    axis = Axis(connection, reader, request.x, request.runs)
    wanted = [
        (run, key, row) for run in request.runs for key in request.keys if (row := rows.get((run, key)))
    ]
    # Of a range of steps or times, many chunks are not looked at.
    is_whole = axis.is_key or (request.x_min is None and request.x_max is None)
    used: list[list[Chunk]] = [chunks[row.id] if is_whole else [] for _, _, row in wanted]
    for place, (run, _, _) in enumerate(wanted):
        if place == 0 or wanted[place - 1][0] != run:
            used[place] = [*axis.chunks(run), *used[place]]
    body = ColumnBody()
    heads: list[SeriesHead] = []
    for (run, key, row), _ in zip(wanted, reader.ahead(connection, used), strict=True):
        one = _Series(connection, reader, axis, request, run, key, body)
        repeats = Repeats(spans.get(row.id, []), writers.get(run, {}))
        with reader.turn(chunks[row.id]):
            heads.append(one.cut(chunks[row.id], repeats))
            if request.with_superseded and repeats.ranges:
                faint = one.superseded(chunks[row.id], repeats)
                heads += [] if faint is None else [faint]
    return body.with_head(SeriesReply(heads))


def _check(request: SeriesRequest) -> None:
    if not 1 <= request.buckets <= BUCKET_LIMIT:
        raise BadRequest(f"buckets must lie between 1 and {BUCKET_LIMIT}")
    if len(request.runs) * len(request.keys) > SERIES_LIMIT:
        raise BadRequest(f"at most {SERIES_LIMIT} series at once")
    for bound in (request.x_min, request.x_max):
        if bound is not None and bound != bound:
            raise BadRequest("a bound of the range is NaN")


class _Series:
    """One run and key of a request."""

    def __init__(
        self,
        connection: sa.Connection,
        reader: ChunkReader,
        axis: Axis,
        request: SeriesRequest,
        run: int,
        key: str,
        body: ColumnBody,
    ) -> None:
        self.connection = connection
        self.reader = reader
        self.axis = axis
        self.request = request
        self.run = run
        self.key = key
        self.body = body
        self.low = -np.inf if request.x_min is None else request.x_min
        self.high = np.inf if request.x_max is None else request.x_max

    def cut(self, chunks: list[Chunk], repeats: Repeats) -> SeriesHead:
        """The points that are shown: those that no later session logged again."""
        if not self.axis.is_key:
            chunks, expected = self._overlapping(chunks, repeats)
            level = _level_for(expected, self.request.buckets)
            if level is not None:
                return self._from_pyramid(chunks, level, repeats)
        points = self.reader.all_points(self.connection, chunks)
        return self._from_points(repeats.without_superseded(points))

    def superseded(self, chunks: list[Chunk], repeats: Repeats) -> SeriesHead | None:
        """The points that a later session logged again; None if there are none."""
        points = self.reader.all_points(self.connection, [one for one in chunks if repeats.touch(one)])
        points = points.take(repeats.are_superseded(points))
        return self._from_points(points, is_superseded=True) if len(points) else None

    def _from_points(self, points: Points, *, is_superseded: bool = False) -> SeriesHead:
        axis, run = self.axis, self.run
        x = axis.positions(run, points)
        if not axis.is_key and axis.name == "step":
            order = None  # chunks are read in order of steps
        else:
            has_position = ~np.isnan(x)
            if not has_position.all():
                points, x = points.take(has_position), x[has_position]
            order = None if (x[1:] >= x[:-1]).all() else np.argsort(x, kind="stable")
        if order is not None:
            points, x = points.take(order), x[order]
        first, last = int(np.searchsorted(x, self.low, "left")), int(np.searchsorted(x, self.high, "right"))
        shown = slice(max(first - 1, 0), min(last + 1, len(x)))
        points, x = points.take(shown), x[shown]
        total = last - first
        if len(x) <= self.request.buckets:
            columns = {"x": self.body.add(x), "last": self.body.add(points.numbers())}
            head = SeriesHead(run=run, key=self.key, total=total, is_exact=True, columns=columns)
        else:
            starts = _bucket_starts(x, *_bounds(self.request, x, x), self.request.buckets)
            head = _head(run, self.key, pyramid.merge_points(points, starts), x, x, starts, total, self.body)
        head.is_superseded = is_superseded
        return head

    def _from_pyramid(self, chunks: list[Chunk], level: int, repeats: Repeats) -> SeriesHead:
        """Buckets of the chunks that have some, and the points of the others and of those in which sessions
        overlap."""
        axis, request = self.axis, self.request
        coarse = [chunk for chunk in history.with_buckets(chunks) if not repeats.touch(chunk)]
        found = self.reader.buckets(self.connection, coarse, level)
        if axis.name != "step":
            width = self._width(chunks)
            found = {id_: buckets for id_, buckets in found.items() if buckets.time_overlap() <= width}
        parts = list(found.values())
        others = [chunk for chunk in chunks if chunk.id not in found]
        points: Points = repeats.without_superseded(self.reader.all_points(self.connection, others))
        if len(points):
            parts.append(pyramid.buckets_from_points(points))
        buckets = pyramid.join(parts)
        if not len(buckets):
            return self._from_points(points)
        if axis.name == "step":
            start, end = buckets.step_min, buckets.step_max
        else:
            offset = axis.offset(self.run)
            start, end = buckets.time_min - offset, buckets.time_max - offset
        order = np.argsort(start + end, kind="stable")
        buckets, start, end = buckets.take(order), start[order], end[order]
        low = start[0] if request.x_min is None else request.x_min
        high = end.max() if request.x_max is None else request.x_max
        inside = np.flatnonzero((end >= low) & (start <= high))
        if len(inside):
            shown = np.arange(max(inside[0] - 1, 0), min(inside[-1] + 2, len(start)))
            total = int(buckets.count[inside].sum())
            buckets, start, end = buckets.take(shown), start[shown], end[shown]
        else:
            total = 0
        starts = _bucket_starts((start + end) / 2, *_bounds(request, start, end), request.buckets)
        merged = pyramid.merge(buckets, starts)
        return _head(self.run, self.key, merged, start, end, starts, total, self.body)

    def _overlapping(self, chunks: list[Chunk], repeats: Repeats) -> tuple[list[Chunk], float]:
        """Chunks that overlap the range, those that hold its neighbour on each side, and how many points to
        expect in the range."""
        low, high = self.low, self.high
        if low == -np.inf and high == np.inf:
            return chunks, float(sum(chunk.count for chunk in chunks))
        is_step = self.axis.name == "step"
        offset = 0.0 if is_step else self.axis.offset(self.run)
        found: list[Chunk] = []
        below: list[tuple[float, Chunk]] = []
        above: list[tuple[float, Chunk]] = []
        known_below = known_above = np.inf
        expected = 0.0
        for chunk in chunks:
            start = float(chunk.step_min) if is_step else chunk.time_min - offset
            end = float(chunk.step_max) if is_step else chunk.time_max - offset
            if end < low:
                below.append((low - end, chunk))
            elif start > high:
                above.append((start - high, chunk))
            else:
                found.append(chunk)
                if start < low and not repeats.touch(chunk):
                    known_below = min(known_below, low - start)
                if end > high and not repeats.touch(chunk):
                    known_above = min(known_above, end - high)
                width = end - start
                share = (min(end, high) - max(start, low)) / width if width > 0 else 1.0
                expected += chunk.count * share
        found += _nearest(below, known_below, repeats)
        found += _nearest(above, known_above, repeats)
        return sorted(found, key=lambda chunk: chunk.id), expected

    def _width(self, chunks: list[Chunk]) -> float:
        """Seconds that a bucket of the reply covers."""
        offset = self.axis.offset(self.run)
        low = max(self.low, min(chunk.time_min for chunk in chunks) - offset)
        high = min(self.high, max(chunk.time_max for chunk in chunks) - offset)
        return max(high - low, 0.0) / self.request.buckets


def _nearest(candidates: list[tuple[float, Chunk]], known: float, repeats: Repeats) -> Iterator[Chunk]:
    """Of chunks on one side of a range, with their distance from it: those that may hold the nearest point
    that is shown. known: there is a point as near as this."""
    for distance, chunk in sorted(candidates, key=lambda candidate: candidate[0]):
        if distance > known:
            return
        yield chunk
        if not repeats.touch(chunk):
            known = distance


def _level_for(expected: float, buckets: int) -> int | None:
    """The coarsest level with enough buckets; None: the points themselves."""
    fitting = [level for level in LEVELS if expected / level >= buckets]
    return max(fitting, default=None)


def _bounds(request: SeriesRequest, start: Floats, end: Floats) -> tuple[float, float]:
    low = float(start.min()) if request.x_min is None else request.x_min
    high = float(end.max()) if request.x_max is None else request.x_max
    return low, high


def _head(
    run: int,
    key: str,
    merged: Buckets,
    start: Floats,
    end: Floats,
    starts: npt.NDArray[np.intp],
    total: int,
    body: ColumnBody,
) -> SeriesHead:
    columns = {
        "x_min": body.add(np.minimum.reduceat(start, starts)),
        "x_max": body.add(np.maximum.reduceat(end, starts)),
        "min": body.add(merged.low),
        "max": body.add(merged.high),
        "mean": body.add(merged.mean()),
        "last": body.add(merged.last),
        "count": body.add(merged.count),
        "finite": body.add(merged.finite),
    }
    return SeriesHead(run=run, key=key, total=total, is_exact=False, columns=columns)


def _bucket_starts(x: Floats, low: float, high: float, count: int) -> npt.NDArray[np.intp]:
    """Where buckets of equal width over low..high begin in `x`, which rises. Empty buckets are left out."""
    width = high - low
    if not np.isfinite(width) or width <= 0:
        # No width to share out: buckets of equal numbers of points instead.
        return np.unique(np.linspace(0, len(x) - 1, min(count, len(x))).astype(np.intp))
    bucket = np.clip(((x - low) / width * count).astype(np.int64), 0, count - 1)
    return np.flatnonzero(np.diff(bucket, prepend=-1))
