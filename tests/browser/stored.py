"""For the scripts that fill a store: wait until all of it is there."""

from __future__ import annotations

import time

from diorama.model import OWNER, StoreDir
from diorama.service import Service


def wait_until_stored(entity: str, project: str, *, wait_secs: float = 120) -> None:
    """Until no run of the project is running any more; a SystemExit after `wait_secs`."""
    opened = Service.open(StoreDir.from_environ())
    service = opened.for_(OWNER)
    deadline = time.monotonic() + wait_secs
    while any(run.state == "running" for run in service.runs(entity, project).runs):
        if time.monotonic() > deadline:
            raise SystemExit(f"the runs of {entity}/{project} were not stored within {wait_secs:.0f} seconds")
        time.sleep(0.1)
    opened.close()
