"""A run that travels: into another process, or into a copy of what holds it.

A copy of a run is the run itself. A pickled run is a few names; unpickled in another process, it logs to the
same run through a journal of its own, which is begun when it first logs. The API key travels only to a
process that is just being started, never into a file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diorama.client import current
from diorama.client.channel import process_token
from diorama.client.environment import host_name
from diorama.client.place import RunPlace
from diorama.client.settings import resolve
from diorama.model import RunKey, StoreDir

if TYPE_CHECKING:
    from diorama.client.run import Run

_PLAIN = (bool, int, float, str, list, dict, type(None))


def state_of(run: Run) -> dict[str, Any]:
    """What another process must know of a run to go on with it: plain values, as pickling it gives."""
    settings = run._place.settings.as_dict()
    if not _is_starting_a_process():
        settings.pop("api_key", None)
    return {
        "key": tuple(run.path.split("/")),
        "settings": settings,
        "store": str(run.settings.store_dir.root),
        "process": _own_process(),
        "is_finished": run._is_finished,
        "session": run._session,
        "step": run.step,
        "config": {name: value for name, value in run.config.items() if isinstance(value, _PLAIN)},
        "summary": dict(run.summary) if run.disabled else {},
    }


def run_from(state: dict[str, Any]) -> Run:
    """The run that was pickled: itself where it is open, else one that logs to the same run."""
    from diorama.client.disabled import DisabledRun
    from diorama.client.run import Run

    key = RunKey(*state["key"])
    for each in current.open_runs():
        if each._place.key == key:
            return each
    # Of the environment only the API key is read, because it is never pickled. All else is as it was set.
    keys = {name: os.environ[name] for name in ("DIORAMA_API_KEY", "WANDB_API_KEY") if name in os.environ}
    settings = resolve(state["settings"], None, keys)
    settings._store_dir = StoreDir(Path(state["store"]))
    place = RunPlace(key, settings, "allow")
    made = (DisabledRun if settings.mode == "disabled" else Run)(
        place,
        environment={"host": host_name()},
        start_step=state["step"],
        session=state["session"],
        allow_val_change=True,
        is_attached=True,
    )
    made.config._load(state["config"])
    if isinstance(made, DisabledRun):
        made.summary.update(state["summary"])
    is_same_process = tuple(state["process"]) == _own_process()
    made._is_finished = state["is_finished"] or (is_same_process and not made.disabled)
    return made


def _own_process() -> tuple[str, int]:
    """Names this process: ids are given out again, and a container often starts with the same ones. Its
    token is random, but shared with forked children."""
    return process_token(), os.getpid()


def _is_starting_a_process() -> bool:
    try:
        from multiprocessing.context import get_spawning_popen
    except ImportError:  # a platform without processes
        return False
    return get_spawning_popen() is not None
