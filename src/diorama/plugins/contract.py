"""The contract between Diorama and a plugin. It only grows while `API` stays the same."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

API = 1
"""The version of this contract. A plugin says which one it was written for."""

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""What plugins, kinds and importers may be called, for `fullmatch`."""

Parts = Mapping[str, "bytes | tuple[bytes, str]"]
"""Bytes by name, or (bytes, MIME type) by name."""


@dataclass(frozen=True)
class Kind:
    """A kind of media. Its records say `plugin: "<name of the plugin>:<name of the kind>"`.

    name: as in `NAME`, and not the name of one of Diorama's own kinds.
    view: the file of the ES module that draws it.
    title: as people say it ("colour palette"); the name without it.
    encode: `encode(body, blobs) -> (body, blobs)` for media that were logged with `is_raw=True`. It runs in a
        process with limits of memory and time, without network.
    decode: `decode(body, blobs) -> anything` for those who read it back, in their own process.
    """

    name: str
    view: Path
    title: str = ""
    encode: Callable[[dict[str, Any], Mapping[str, memoryview]], tuple[dict[str, Any], Parts]] | None = None
    decode: Callable[[dict[str, Any], Mapping[str, bytes]], Any] | None = None


@dataclass(frozen=True)
class ImportRow:
    """What was logged together. data: as for `run.log`, media included. time: Unix seconds."""

    step: int
    data: Mapping[str, Any]
    time: float | None = None


@dataclass(frozen=True)
class ImportedRun:
    """A run that an importer has found.

    id: names the run in its project. The same source must give the same id, and the same rows in the same
        order, perhaps with more behind them: what is stored already is passed over by its place.
    rows: read once, one after another; they need not fit into memory together.
    created_at: Unix seconds.
    """

    id: str
    rows: Iterable[ImportRow]
    name: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    notes: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    created_at: float | None = None
    state: Literal["finished", "failed", "crashed"] = "finished"


@dataclass(frozen=True)
class Importer:
    """Reads what another program wrote. summary: one line for `diorama import`. read: the runs at a path."""

    name: str
    summary: str
    read: Callable[[Path], Iterable[ImportedRun]]


@dataclass(frozen=True)
class Plugin:
    """All that a package adds. api: the `API` that it was written for."""

    api: int
    kinds: tuple[Kind, ...] = ()
    importers: tuple[Importer, ...] = ()


def trouble_with(plugin: object) -> str:
    """What is wrong with what an entry point gave, as a sentence; empty if all is well."""
    if not isinstance(plugin, Plugin):
        return f"its entry point gives a {type(plugin).__name__}, and not a diorama.plugins.Plugin"
    trouble = _wrong_type(plugin)
    if trouble:
        return trouble
    if plugin.api != API:
        older = "the plugin" if plugin.api < API else "Diorama"
        return (
            f"it was written for API {plugin.api} of plugins, and this Diorama has API {API}: update {older}"
        )
    for what, names in (
        ("kind", [kind.name for kind in plugin.kinds]),
        ("importer", [importer.name for importer in plugin.importers]),
    ):
        for name in names:
            if not NAME.fullmatch(name):
                return f"{name!r} is no name for a {what}: letters a-z first, then also digits, '-' and '_'"
            if names.count(name) > 1:
                return f"it has two {what}s named {name!r}"
    return ""


def _wrong_type(plugin: Plugin) -> str:
    """Which part of a plugin is not what the contract says it is."""
    if type(plugin.api) is not int:
        return f"its api is a {type(plugin.api).__name__}, and not a number"
    for what, cls, parts in (("kinds", Kind, plugin.kinds), ("importers", Importer, plugin.importers)):
        if not isinstance(parts, (tuple, list)) or not all(isinstance(part, cls) for part in parts):
            return f"its {what} are not a tuple of diorama.plugins.{cls.__name__}"
    for kind in plugin.kinds:
        checks: list[tuple[str, object, bool, str]] = [
            ("name", kind.name, isinstance(kind.name, str), "text"),
            ("title", kind.title, isinstance(kind.title, str), "text"),
            ("view", kind.view, isinstance(kind.view, (str, os.PathLike)), "the path of a file"),
            ("encode", kind.encode, kind.encode is None or callable(kind.encode), "a function"),
            ("decode", kind.decode, kind.decode is None or callable(kind.decode), "a function"),
        ]
        for name, value, is_right, right in checks:
            if not is_right:
                return f"the {name} of its kind {kind.name!r} is a {type(value).__name__}, and not {right}"
    for one in plugin.importers:
        checks = [
            ("name", one.name, isinstance(one.name, str), "text"),
            ("summary", one.summary, isinstance(one.summary, str), "text"),
            ("read", one.read, callable(one.read), "a function"),
        ]
        for name, value, is_right, right in checks:
            if not is_right:
                return f"the {name} of its importer {one.name!r} is a {type(value).__name__}, and not {right}"
    return ""
