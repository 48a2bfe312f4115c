"""`diorama.run`, `diorama.log` and their like, which mean the current run of this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from diorama.client import open_runs as opened
from diorama.errors import UsageError

if TYPE_CHECKING:
    from diorama.client.define import Metric
    from diorama.client.run import Run


def newest_open_run() -> Run | None:
    """The run that was opened last and is not finished, current or not."""
    found = open_runs()
    return found[-1] if found else None


def open_runs() -> list[Run]:
    """Runs of this process that are not finished, oldest first."""
    return cast("list[Run]", opened.listed())


def __getattr__(name: str) -> Any:
    run = opened.current()
    if name == "run":
        return run
    if name in ("config", "summary"):
        return _Unready(name) if run is None else getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Unready:
    """Stands for `diorama.config` and `diorama.summary` before `init()`: any use says what is missing."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *args: Any) -> Any:
        raise UsageError(f"call diorama.init() before using diorama.{object.__getattribute__(self, '_name')}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __setattr__ = __getitem__ = __setitem__ = __delitem__ = __contains__ = __iter__ = __len__ = _refuse

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<diorama.{object.__getattribute__(self, '_name')}, before diorama.init()>"


def _current() -> Run | None:
    return cast("Run | None", opened.current())


def _needed(doing: str) -> Run:
    run = _current()
    if run is None:
        why_over = opened.why_over()
        if why_over:
            raise UsageError(f"diorama.{doing} without a run", hint=why_over)
        raise UsageError(f"call diorama.init() before diorama.{doing}")
    return run


def log(
    data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, sync: bool | None = None
) -> None:
    """`Run.log` of the current run. Raises UsageError before `init()`."""
    _needed("log()").log(data, step, commit, sync)


def define_metric(name: str, *args: Any, **kwargs: Any) -> Metric:
    """`Run.define_metric` of the current run."""
    return _needed("define_metric()").define_metric(name, *args, **kwargs)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """`Run.finish` of the current run; nothing if there is none."""
    run = _current()
    if run is not None:
        run.finish(exit_code, quiet)


def login(*args: Any, key: str | None = None, host: str | None = None, **kwargs: Any) -> bool:
    """For scripts that call it. A store on this machine needs no login; a key that is given is used for
    the server (DIORAMA_URL or `host`) from now on."""
    if key is not None:
        os.environ["DIORAMA_API_KEY"] = key
    if host is not None:
        os.environ["DIORAMA_URL"] = host
    return True


def setup(*args: Any, **kwargs: Any) -> None:
    """For scripts that call it; there is nothing to set up."""
