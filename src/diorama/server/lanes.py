"""Threads for blocking work, in lanes: work of one kind never waits for slow work of another.

Forty pages that each wait half a minute for a table take all threads of their own lane, and none of those in
which runs are taken in, pages are told what is new, and everything else is read. Together the lanes have as
many threads as a database has connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Literal

import anyio

Lane = Literal["reads", "writes", "tables", "live"]

THREADS: dict[Lane, int] = {"reads": 16, "writes": 8, "tables": 6, "live": 2}
"""tables: everything that may take many seconds: whole histories, downloads, what plugins add."""
_END = object()


class Lanes:
    """The threads of one server."""

    def __init__(self) -> None:
        self._limiters = {lane: anyio.CapacityLimiter(count) for lane, count in THREADS.items()}

    async def run(self, lane: Lane, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Do blocking work in a thread of the lane, as soon as one is free."""
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._limiters[lane])

    async def each(self, lane: Lane, items: Iterator[bytes]) -> AsyncIterator[bytes]:
        """What a blocking iterator gives. A thread is only held while it works, not while a client reads."""
        while (item := await self.run(lane, next, items, _END)) is not _END:
            yield item
