"""Tells while a run goes on that its server takes nothing: no server there, a wrong key, a wrong address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from diorama.client.settings import say
from diorama.journal.folder import parked_reason

if TYPE_CHECKING:
    from diorama.client.channel import Channel
    from diorama.client.place import RunPlace

LOOK_EVERY_SECS = 1.0
TELL_AFTER_SECS = 3.0
"""A server that is being restarted is no standstill yet."""


class Standstill:
    """Looks at the note that the sidecar leaves while a run's server takes nothing, and tells of it once."""

    def __init__(self) -> None:
        self._look_at = 0.0
        self._since: float | None = None
        self._is_told = False

    def look(self, channel: Channel, place: RunPlace) -> None:
        """Called in the background, often; looks once a second, and only for runs that go to a server."""
        now = time.monotonic()
        if self._is_told or now < self._look_at or not place.settings.is_remote:
            return
        self._look_at = now + LOOK_EVERY_SECS
        reason = parked_reason(channel.writer.directory)
        if not reason:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since < TELL_AFTER_SECS:
            return
        self._is_told = True
        say(
            f"nothing of this run is stored at present: {reason}. The run goes on; what it logs is kept in "
            f"{place.journal_root}, and this is tried again in the background",
            is_silent=False,
        )
