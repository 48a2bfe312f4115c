"""A store as tests have it: they play its owner, and look into it as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diorama.service
from diorama.model import OWNER


class Service(diorama.service.Service):
    """An open store that answers what its owner asks, and closes as any does.

    >>> service = Service.open(store_dir)
    >>> service.projects() == service.for_(OWNER).projects()
    True
    """

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._face = self.for_(OWNER)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._face, name)


OpenStore = Callable[[], Service]
"""Opens a test's store; as often as the test likes."""
