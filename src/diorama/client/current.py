"""The runs of this process, and `diorama.run`, `diorama.log` and their like, which mean the newest one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diorama.client.exit import ExitHooks
from diorama.client.sidecar_start import let_all_go
from diorama.errors import UsageError
from diorama.journal.entry import RunState

if TYPE_CHECKING:
    from diorama.client.define import Metric
    from diorama.client.run import Run

_open: list[Run] = []
_current: Run | None = None
_hooks: ExitHooks | None = None
_is_exiting = False


def remember(opened: Run, *, is_current: bool = True) -> None:
    """Note a run that has begun. It becomes `diorama.run`, unless it was made with reinit="create_new"."""
    global _current
    _open.append(opened)
    if is_current:
        _current = opened
    _install_hooks()


def forget(ended: Run) -> None:
    """A run has ended. The current run becomes none, as in W&B, unless another one is current."""
    global _current
    if ended in _open:
        _open.remove(ended)
    if _current is ended:
        _current = None


def newest_open_run() -> Run | None:
    """The run that was opened last and is not finished, current or not."""
    return _open[-1] if _open else None


def open_runs() -> list[Run]:
    """Runs of this process that are not finished, oldest first."""
    return list(_open)


def why_over() -> str:
    """What to tell somebody who uses a finished run: a sentence if the end of the program has ended it, else
    an empty text."""
    if not _is_exiting:
        return ""
    return (
        "the program is exiting, and Diorama has ended its runs; what is registered with atexit after "
        "`import diorama` can still log"
    )


def __getattr__(name: str) -> Any:
    if name == "run":
        return _current
    if name in ("config", "summary"):
        return _Unready(name) if _current is None else getattr(_current, name)
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


def _needed(doing: str) -> Run:
    if _current is None:
        if _is_exiting:
            raise UsageError(f"diorama.{doing} without a run", hint=why_over())
        raise UsageError(f"call diorama.init() before diorama.{doing}")
    return _current


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
    if _current is not None:
        _current.finish(exit_code, quiet)


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


def end_at_exit() -> None:
    """The process ends: so do its runs. Called by the package itself, which registers it when it is imported,
    so that it runs after what a script registers later."""
    if _hooks is not None:
        _hooks.end_at_exit()


def _end_all(exit_code: int, state: RunState) -> None:
    global _is_exiting
    _is_exiting = True
    for each in reversed(open_runs()):
        each._end(exit_code, state)
    let_all_go()


def _install_hooks() -> None:
    global _hooks
    if _hooks is None:
        _hooks = ExitHooks(_end_all)
        _hooks.install()


def _after_fork() -> None:
    for each in _open:
        each._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
