"""HTTP/1.1 on the socket, with patience for slow networks and none for stalled ones.

uvicorn waits for ever for a request's head. Here a connection that has not sent a whole one in time is
closed, so that a thousand half-open connections cost nothing but their sockets.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from diorama.server.settings import Limits


class PatientProtocol(H11Protocol):
    """uvicorn's protocol plus a deadline for every request's head."""

    header_secs = Limits.header_secs

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        """Start the clock when a head is awaited, stop it when one has come. Drips do not restart it."""
        is_awaited = self.conn.their_state is h11.IDLE
        if not is_awaited:
            self._forget_head()
        elif self._head_deadline is None:
            self._head_deadline = self.loop.call_later(self.header_secs, self._on_head_late)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _on_head_late(self) -> None:
        self._head_deadline = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
