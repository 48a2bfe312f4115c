"""Live updates: one server-sent event stream per page.

One watcher asks the store for everybody whether there is news; a stream that hears of some asks what changed
since the event that *it* sent last. So nothing is queued, a slow reader costs no memory, and nothing is ever
skipped: the event's id is a version of the store, and a browser that reconnects with `Last-Event-ID` gets
everything after it. A stream remembers what it told beyond that version (`store.versions.Seen`), and tells it
once; only a browser that reconnects may hear it twice.

A stream asks as its actor: what one actor was told is remembered for streams of that actor only.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import anyio
import msgspec

from diorama.errors import DioramaError
from diorama.lru import Lru
from diorama.server.lanes import Lanes
from diorama.server.problem import Refusal
from diorama.service.views import LiveEvent
from diorama.store.versions import Seen

if TYPE_CHECKING:
    from diorama.model import Actor
    from diorama.service import Access

log = logging.getLogger("diorama.server")

POLL_SECS = 0.12
RETRY_SECS = 1.0
"""How long to leave alone a store that could not be read."""
KEEP_ALIVE_SECS = 15.0
_CHANGES_REMEMBERED = 64


class _Message(NamedTuple):
    has_news: bool
    data: bytes


@dataclass
class _Change:
    """What changed until `seen`, and the message about it for the streams of each project. projects: those of
    the event's runs."""

    seen: Seen
    event: LiveEvent
    projects: dict[int, str]
    messages: dict[str | None, _Message] = field(default_factory=dict)


class LiveHub:
    """All streams of one server. `watch()`, which asks as the owner, must run for them to hear anything."""

    def __init__(self, owner: Access, lanes: Lanes, *, limit: int) -> None:
        self._owner = owner
        self._lanes = lanes
        self._limit = limit
        self._stream_count = 0
        self._has_streams = anyio.Event()
        self._has_changed = anyio.Event()
        self._is_closed = False
        self._newest: Seen | None = None
        """What the watcher has found last."""
        self._changes: Lru[tuple[Actor, Seen, Seen], _Change] = Lru(_CHANGES_REMEMBERED)

    async def watch(self) -> None:
        """Look for news while somebody listens; runs until cancelled.

        A store that can't be read now is asked again: the streams wait, and hear of everything afterwards.
        """
        is_well = True
        while True:
            await self._has_streams.wait()
            try:
                newest = await self._look()
            except DioramaError as error:
                if is_well:
                    log.error("live updates wait for the store: %s", ascii(str(error)))
                is_well = False
                await anyio.sleep(RETRY_SECS)
                continue
            is_well = True
            if newest != self._newest:
                self._newest = newest
                self._wake()
            await anyio.sleep(POLL_SECS)

    async def _look(self) -> Seen:
        """All that there is to be seen now."""
        version, last = await self._version(), self._newest
        if last is None:
            return Seen(version)
        if version < last.version:
            self._changes.clear()  # the store may have been removed and made anew: this is other news
        if version == last.version and self._owner.commits_in_order:
            return last
        return (await self._compute(self._owner, last, None)).seen

    async def _version(self) -> int:
        version: int = await self._lanes.run("live", self._owner.version)
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
        self, service: Access, since: int | None, project: str | None, is_welcome: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Events after version `since` (None: from now on) of the runs of `project` (None: of all) that the
        actor of `service` may see.

        Ends when `is_welcome` says no, so that a new key also ends the streams of the old one.

        The first event comes at once and tells the version, so that a page that loads its data after
        it has opened the stream misses nothing.
        """
        self._stream_count += 1
        self._has_streams.set()
        try:
            sent: Seen | None = None
            while not self._is_closed and is_welcome():
                # Before the store is asked: what comes in the meantime wakes us again.
                changed = self._has_changed
                try:
                    if sent is None:
                        change: _Change | None = await self._first_change(service, since)
                    else:
                        change = await self._change(service, sent)
                except DioramaError:
                    yield b": the store can't be read now\n\n"
                    await anyio.sleep(RETRY_SECS)
                    continue
                if change is not None:
                    message = self._message(change, project)
                    # Other projects' changes move the version, but are no news here.
                    if (message.has_news or sent is None) and is_welcome():
                        yield message.data
                    sent = change.seen
                with anyio.move_on_after(KEEP_ALIVE_SECS) as waiting:
                    await changed.wait()
                if waiting.cancelled_caught:
                    yield b": keep-alive\n\n"
        finally:
            self._stream_count -= 1
            if not self._stream_count:
                self._has_streams = anyio.Event()

    async def _first_change(self, service: Access, since: int | None) -> _Change:
        """The first message of a stream: all changes after `since`, or only the present version."""
        version = await self._version()
        if since is None or since > version:
            return _Change(Seen(version), LiveEvent(version, []), {})
        return await self._compute(service, Seen(since), None)

    async def _change(self, service: Access, since: Seen) -> _Change | None:
        """What changed since then; None if the watcher has seen nothing new."""
        newest = self._newest
        if newest is None or newest == since:
            return None
        # Most streams were sent the same as the watcher has seen: one thread reads for all of them.
        known = self._changes.get((service.actor, since, newest))
        return known or await self._compute(service, since, newest)

    async def _compute(self, service: Access, since: Seen, newest: Seen | None) -> _Change:
        change: _Change = await self._lanes.run("live", self._read, service, since, newest)
        return change

    def _read(self, service: Access, since: Seen, newest: Seen | None) -> _Change:
        """What changed until `newest` or later, read once for all streams of an actor that have told the
        same. newest: None: read it anew."""
        remembered = None if newest is None else self._changes.get((service.actor, since, newest))
        if remembered is not None:
            return remembered
        seen, event = service.news(since)
        uids = {run.uid for run in event.runs}.union(event.deleted)
        # Not remembered: where a store was removed and made anew, the number is another run's.
        change = _Change(seen, event, service.projects_of(uids) if uids else {})
        if newest is not None or change.seen != since:
            self._changes.put((service.actor, since, newest or change.seen), change)
        return change

    def _message(self, change: _Change, project: str | None) -> _Message:
        """A change as the streams of a project hear it, encoded once for all of them."""
        found = change.messages.get(project)
        if found is None:
            event = change.event
            if project is not None:
                event = LiveEvent(
                    event.version,
                    [run for run in event.runs if change.projects.get(run.uid) == project],
                    [uid for uid in event.deleted if change.projects.get(uid) == project],
                )
            data = b"id: %d\ndata: %b\n\n" % (event.version, msgspec.json.encode(event))
            found = change.messages[project] = _Message(bool(event.runs or event.deleted), data)
        return found
