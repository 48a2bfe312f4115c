"""The runs of this process that are not finished, and which of them is the current one."""

from __future__ import annotations

import os

from diorama.client.exit import ExitHooks
from diorama.client.facts import RunFacts
from diorama.client.sidecar_start import let_all_go
from diorama.journal.entry import RunState

_open: list[RunFacts] = []
_current: RunFacts | None = None
_hooks: ExitHooks | None = None
_is_exiting = False


def add(opened: RunFacts, *, is_current: bool = True) -> None:
    """Note a run that has begun. It becomes `diorama.run`, unless it was made with reinit="create_new"."""
    global _current
    _open.append(opened)
    if is_current:
        _current = opened
    _install_hooks()


def remove(ended: RunFacts) -> None:
    """A run has ended. The current run becomes none, as in W&B, unless another one is current."""
    global _current
    if ended in _open:
        _open.remove(ended)
    if _current is ended:
        _current = None


def current() -> RunFacts | None:
    """The run that `diorama.log` means."""
    return _current


def listed() -> list[RunFacts]:
    """All of them, oldest first."""
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


def end_at_exit() -> None:
    """The process ends: so do its runs. Called by the package itself, which registers it when it is imported,
    so that it runs after what a script registers later."""
    if _hooks is not None:
        _hooks.end_at_exit()


def _end_all(exit_code: int, state: RunState) -> None:
    global _is_exiting
    _is_exiting = True
    for each in reversed(listed()):
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
