"""A run that travels: into another process, or into a copy of what holds it.

A copy of a run is the run itself. A pickled run is a few names; unpickled in another process, it logs to the
same run through a journal of its own, which is begun when it first logs. The API key travels only to a
process that is just being started, never into a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diorama.client import open_runs
from diorama.client.channel import process_token
from diorama.client.facts import RunFacts
from diorama.client.place import RunPlace
from diorama.client.settings import resolve
from diorama.model import RunKey, StoreDir

_PLAIN = (bool, int, float, str, list, dict, type(None))


class TravellingRun(RunFacts):
    """The part of `Run` that is copied and pickled."""

    _session: int
    _is_finished: bool

    def __copy__(self) -> TravellingRun:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TravellingRun:
        return self

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], RunFacts], tuple[dict[str, Any]]]:
        return type(self)._from_state, (self._state(),)

    def _state(self) -> dict[str, Any]:
        """What another process must know of a run to go on with it: plain values, as pickling it gives."""
        return {
            **_state_from_place(self._place),
            "process": _own_process(),
            "is_finished": self._is_finished,
            "session": self._session,
            "step": self.step,
            "config": {name: value for name, value in self.config.items() if isinstance(value, _PLAIN)},
        }

    @classmethod
    def _from_state(cls, state: dict[str, Any]) -> RunFacts:
        """The run that was pickled: itself where it is open, else one that logs to the same run."""
        key = RunKey(*state["key"])
        for each in open_runs.listed():
            if each._place.key == key:
                return each
        made = cls._attached(_place_from_state(key, state), state)
        made.config._load(state["config"])
        is_same_process = tuple(state["process"]) == _own_process()
        made._is_finished = state["is_finished"] or (is_same_process and not made.disabled)
        return made

    @classmethod
    def _attached(cls, place: RunPlace, state: dict[str, Any]) -> TravellingRun:
        """A run of this class that was started by another process."""
        raise NotImplementedError


def _state_from_place(place: RunPlace) -> dict[str, Any]:
    """Where the run belongs, as plain values."""
    settings = place.settings.as_dict()
    if not _is_starting_a_process():
        settings.pop("api_key", None)
    key = place.key
    return {
        "key": (key.entity, key.project, key.id),
        "settings": settings,
        "store": str(place.settings.store_dir.root),
    }


def _place_from_state(key: RunKey, state: dict[str, Any]) -> RunPlace:
    # Of the environment only the API key is read, because it is never pickled. All else is as it was set.
    keys = {name: os.environ[name] for name in ("DIORAMA_API_KEY", "WANDB_API_KEY") if name in os.environ}
    settings = resolve(state["settings"], None, keys)
    settings._store_dir = StoreDir(Path(state["store"]))
    return RunPlace(key, settings, "allow")


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
