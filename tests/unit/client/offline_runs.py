"""Runs for tests: kept in the journal alone, without a captured console."""

from __future__ import annotations

from typing import Any

import diorama

QUIET = {"console": "off"}


def start(**arguments: Any) -> Any:
    return diorama.init(**{"project": "p", "mode": "offline", "settings": dict(QUIET), **arguments})
