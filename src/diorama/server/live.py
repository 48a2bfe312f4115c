"""Live updates: one server-sent event stream per page.

One watcher asks the store for its version for everybody; a stream that hears of a new one asks what
changed since the event that *it* sent last. So nothing is queued, a slow reader costs no memory, and
nothing is ever skipped: the event's id is the store's version, and a browser that reconnects with
`Last-Event-ID` gets everything after it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import anyio
import msgspec

from diorama.server.problem import Refusal
from diorama.service.views import LiveEvent, LiveRun

if TYPE_CHECKING:
    from diorama.service import Service

POLL_SECS = 0.12
KEEP_ALIVE_SECS = 15.0
_ANSWERS_REMEMBERED = 64


class LiveHub:
    """All streams of one server. `watch()` must run for them to hear anything."""

    def __init__(self, service: Service, *, limit: int) -> None:
        self._service = service
        self._limit = limit
        self._stream_count = 0
        self._has_streams = anyio.Event()
        self._has_changed = anyio.Event()
        self._is_closed = False
        self._answers: OrderedDict[tuple[int, int], LiveEvent] = OrderedDict()
        self._projects: dict[int, str] = {}

    async def watch(self) -> None:
        """Poll the store's version while somebody listens; runs until cancelled."""
        version = -1
        while True:
            await self._has_streams.wait()
            newest = await anyio.to_thread.run_sync(self._service.version)
            if newest != version:
                version = newest
                self._wake()
            await anyio.sleep(POLL_SECS)

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
            newest = await anyio.to_thread.run_sync(self._service.version)
            is_resuming = since is not None and since <= newest
            sent = since if is_resuming and since is not None else newest
            event = await self._event(sent, project) if is_resuming else LiveEvent(newest, [])
            yield _message(event)
            sent = event.version
            while not self._is_closed and is_welcome():
                changed = self._has_changed
                event = await self._event(sent, project)
                if event.version > sent:
                    sent = event.version
                    # Other projects' changes move the version, but are no news here.
                    if event.runs and is_welcome():
                        yield _message(event)
                    continue
                with anyio.move_on_after(KEEP_ALIVE_SECS) as waiting:
                    await changed.wait()
                if waiting.cancelled_caught:
                    yield b": keep-alive\n\n"
        finally:
            self._stream_count -= 1
            if not self._stream_count:
                self._has_streams = anyio.Event()

    async def _event(self, since: int, project: str | None) -> LiveEvent:
        event = await anyio.to_thread.run_sync(self._changes, since)
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
