"""What the installed plugins add, as they say themselves: asked in workers, so that no plugin is imported
into a server or a command."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from diorama.media.core.limited import DecodeError, run_limited
from diorama.media.plugin.codec import worker_name
from diorama.plugins.installed import REMEMBERED_SECS, Installed, installed_plugins


@dataclass(frozen=True)
class DescribedKind:
    """view: the text of the ES module that draws it; sha256: of its bytes."""

    name: str
    title: str
    view: str
    sha256: str


@dataclass(frozen=True)
class DescribedPlugin:
    """trouble: why it can't be used, as a sentence; then it adds nothing. importers: (name, summary)."""

    name: str
    package: str
    version: str
    trouble: str = ""
    kinds: tuple[DescribedKind, ...] = ()
    importers: tuple[tuple[str, str], ...] = ()


_BELIEVED_TIMES = 5
"""An answer is believed for so many times as long as it took: a plugin that hangs is asked seldom."""
_AT_ONCE = 4

_lock = threading.Lock()
_described: list[DescribedPlugin] = []
_believed_until = 0.0


def describe_plugins() -> list[DescribedPlugin]:
    """All installed plugins, those that can't be used included. An answer is believed for a few seconds."""
    global _described, _believed_until
    with _lock:
        began = time.monotonic()
        if began >= _believed_until:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="diorama-plugins") as threads:
                _described = list(threads.map(_describe, installed_plugins().values()))
            ended = time.monotonic()
            _believed_until = ended + max(REMEMBERED_SECS, _BELIEVED_TIMES * (ended - began))
        return _described


def _describe(found: Installed) -> DescribedPlugin:
    answer: dict[str, Any]
    if found.trouble:
        answer = {"trouble": found.trouble}
    else:
        try:
            answer = run_limited(
                "diorama.media.plugin.facts:describe", {"name": found.name}, apart=worker_name(found.name)
            )
        except DecodeError as error:
            answer = {"trouble": f"it can't be imported: {error}"}
    return DescribedPlugin(
        found.name,
        found.package,
        found.version,
        answer.get("trouble", ""),
        tuple(
            DescribedKind(name, title, view, hashlib.sha256(view.encode()).hexdigest())
            for name, title, view in answer.get("kinds", ())
        ),
        tuple((name, summary) for name, summary in answer.get("importers", ())),
    )
