"""Live updates: one server-sent event stream per page.

One watcher asks the store for its version for everybody; a stream that hears of a new one asks what
changed since the event that *it* sent last. So nothing is queued, a slow reader costs no memory, and
nothing is ever skipped: the event's id is the store's version, and a browser that reconnects with
`Last-Event-ID` gets everything after it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import anyio
import msgspec

from diorama.errors import DioramaError
from diorama.server.lanes import Lanes
from diorama.server.problem import Refusal
from diorama.service.views import LiveEvent, LiveRun

if TYPE_CHECKING:
    from diorama.service import Service

log = logging.getLogger("diorama.server")

POLL_SECS = 0.12
RETRY_SECS = 1.0
"""How long to leave alone a store that could not be read."""
KEEP_ALIVE_SECS = 15.0
_ANSWERS_REMEMBERED = 64


class LiveHub:
    """All streams of one server. `watch()` must run for them to hear anything."""

    def __init__(self, service: Service, lanes: Lanes, *, limit: int) -> None:
        self._service = service
        self._lanes = lanes
        self._limit = limit
        self._stream_count = 0
        self._has_streams = anyio.Event()
        self._has_changed = anyio.Event()
        self._is_closed = False
        self._answers: OrderedDict[tuple[int, int], LiveEvent] = OrderedDict()
        self._projects: dict[int, str] = {}

    async def watch(self) -> None:
        """Poll the store's version while somebody listens; runs until cancelled.

        A store that can't be read now is asked again: the streams wait, and hear of everything afterwards.
        """
        version = -1
        is_well = True
        while True:
            await self._has_streams.wait()
            try:
                newest = await self._version()
            except DioramaError as error:
                if is_well:
                    log.error("live updates wait for the store: %s", ascii(str(error)))
                is_well = False
                await anyio.sleep(RETRY_SECS)
                continue
            is_well = True
            if newest != version:
                version = newest
                self._wake()
            await anyio.sleep(POLL_SECS)

    async def _version(self) -> int:
        version: int = await self._lanes.run("live", self._service.version)
        return version

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._has_changed.set()
        self._has_changed = anyio.Event()

    def check_room(self) -> None:
        """Refusal 503 when there are as many streams as allowed."""
        if self._stream_count >= self._limit:
            raise Refusal(503, f"there are already {self._limit} live streams", headers={"retry-after": "5"})

    async def stream(
        self, since: int | None, project: str | None, is_welcome: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Events after version `since` (None: from now on) of the runs of `project` (None: of all).

        Ends when `is_welcome` says no, so that a new key also ends the streams of the old one.

        The first event comes at once and tells the version, so that a page that loads its data after
        it has opened the stream misses nothing.
        """
        self._stream_count += 1
        self._has_streams.set()
        try:
            sent = since
            is_first = True
            while not self._is_closed and is_welcome():
                changed = self._has_changed
                try:
                    event = await self._event(sent, project, is_first=is_first)
                except DioramaError:
                    yield b": the store can't be read now\n\n"
                    await anyio.sleep(RETRY_SECS)
                    continue
                has_news = is_first or event.version > (sent or 0)
                sent = event.version
                # Other projects' changes move the version, but are no news here.
                if (is_first or event.runs) and is_welcome():
                    yield _message(event)
                is_first = False
                if has_news:
                    continue
                with anyio.move_on_after(KEEP_ALIVE_SECS) as waiting:
                    await changed.wait()
                if waiting.cancelled_caught:
                    yield b": keep-alive\n\n"
        finally:
            self._stream_count -= 1
            if not self._stream_count:
                self._has_streams = anyio.Event()

    async def _event(self, since: int | None, project: str | None, *, is_first: bool) -> LiveEvent:
        if is_first:
            newest = await self._version()
            if since is None or since > newest:
                return LiveEvent(newest, [])
        assert since is not None
        event: LiveEvent = await self._lanes.run("live", self._changes, since)
        if project is None or not event.runs:
            return event
        runs = [run for run in event.runs if self._projects.get(run.uid) == project]
        return LiveEvent(event.version, runs)

    def _changes(self, since: int) -> LiveEvent:
        """What changed, computed once for all streams that stand at the same version."""
        newest = self._service.version()
        if newest <= since:
            return LiveEvent(since, [])
        remembered = self._answers.get((since, newest))
        if remembered is not None:
            return remembered
        event = self._service.changes(since, runs=None)
        for run in event.runs:
            self._remember_project(run)
        self._answers[since, newest] = event
        while len(self._answers) > _ANSWERS_REMEMBERED:
            self._answers.popitem(last=False)
        return event

    def _remember_project(self, run: LiveRun) -> None:
        if run.uid not in self._projects:
            found = self._service.run(run.uid).run
            self._projects[run.uid] = f"{found.entity}/{found.project}"


def _message(event: LiveEvent) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (event.version, msgspec.json.encode(event))
