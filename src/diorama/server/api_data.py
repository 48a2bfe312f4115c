"""What panels draw: keys, series, tracks, media records and histograms.

The four that are POST change nothing; their questions are too long for a query string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from diorama.errors import BadRequest
from diorama.server.endpoint import COLUMNS, endpoint
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Access

RUNS_LIMIT = 10_000
BUCKETS_LIMIT = 20_000
CELLS_LIMIT = 5_000


class KeysQuery(msgspec.Struct, forbid_unknown_fields=True):
    """runs: uids, separated by commas."""

    runs: str


@endpoint("GET", "/api/keys")
def keys(service: Access, query: KeysQuery) -> views.KeyList:
    """What the runs have logged: every key with its kind and its steps."""
    return service.keys(_uids(query.runs))


@endpoint("POST", "/api/series", reply_mime=COLUMNS, reply=views.SeriesReply)
def series(service: Access, body: views.SeriesRequest) -> bytes:
    """Metrics as buckets (or as exact points when they are few): a JSON head, then float64 columns."""
    _check_count("runs x keys", len(body.runs) * len(body.keys), RUNS_LIMIT)
    if not 1 <= body.buckets <= BUCKETS_LIMIT:
        raise BadRequest(f"buckets must be from 1 to {BUCKETS_LIMIT}")
    _check_uids(body.runs)
    return service.series(body)


@endpoint("POST", "/api/tracks", reply_mime=COLUMNS, reply=views.TrackReply)
def tracks(service: Access, body: views.TrackRequest) -> bytes:
    """At which steps media exist: a JSON head, then float64 columns."""
    _check_count("runs x keys", len(body.runs) * len(body.keys), RUNS_LIMIT)
    _check_uids(body.runs)
    return service.tracks(body)


@endpoint("POST", "/api/media")
def media(service: Access, body: views.MediaRequest) -> views.MediaReply:
    """The records at exact steps."""
    _check_count("cells", len(body.wanted), CELLS_LIMIT)
    _check_uids([cell.run for cell in body.wanted])
    if any(abs(cell.step) > 2**62 for cell in body.wanted):
        raise BadRequest("a step is beyond 2^62")
    return service.media(body)


@endpoint("POST", "/api/histograms")
def histograms(service: Access, body: views.HistogramRequest) -> views.HistogramReply:
    """A histogram over steps."""
    if not 1 <= body.limit <= 10_000:
        raise BadRequest("limit must be from 1 to 10000")
    if any(abs(step) > 2**62 for step in (body.step_min, body.step_max) if step is not None):
        raise BadRequest("a step is beyond 2^62")
    _check_uids([body.run])
    return service.histograms(body)


def _uids(text: str) -> list[int]:
    if not text:
        return []
    parts = text.split(",")
    _check_count("runs", len(parts), RUNS_LIMIT)
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise BadRequest("runs must be uids separated by commas", hint="such as runs=1,2,3")
    return [int(part) for part in parts]


def _check_uids(uids: list[int]) -> None:
    if any(not 0 < uid <= 2**62 for uid in uids):
        raise BadRequest("a run's uid is a positive number")


def _check_count(subject: str, count: int, limit: int) -> None:
    if count > limit:
        raise BadRequest(
            f"{count} {subject} in one request; the limit is {limit}", hint="ask in several requests"
        )
