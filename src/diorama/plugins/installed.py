"""Which plugins are installed. Finding them reads the metadata of packages and imports none of them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diorama.errors import DioramaError, is_interruption
from diorama.plugins.contract import NAME, Plugin, trouble_with

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "diorama.plugins"
REMEMBERED_SECS = 5.0
"""For how long a look at the installed packages is believed."""


class PluginError(DioramaError):
    """A plugin is not installed, or can't be used."""

    code = "plugin"


@dataclass(frozen=True)
class Installed:
    """A plugin that a package offers. trouble: why the plugin can't be used; empty if it can."""

    name: str
    package: str
    version: str
    entry: EntryPoint
    trouble: str = ""


_lock = threading.Lock()
_looked_at = -REMEMBERED_SECS
_found: dict[str, Installed] = {}


def installed_plugins() -> dict[str, Installed]:
    """All plugins by name, sorted. If two packages use the same plugin name, neither can be used."""
    global _looked_at, _found
    with _lock:
        if time.monotonic() - _looked_at >= REMEMBERED_SECS:
            _found = _look()
            _looked_at = time.monotonic()
        return _found


def _look() -> dict[str, Installed]:
    from importlib import metadata  # the training process, which has the class of media, never needs it

    by_name: defaultdict[str, list[Installed]] = defaultdict(list)
    for entry in metadata.entry_points(group=GROUP):
        package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
        trouble = "" if NAME.fullmatch(entry.name) else f"{entry.name!r} is no name for a plugin"
        by_name[entry.name].append(Installed(entry.name, package, version, entry, trouble))
    return {name: _one_of(offers) for name, offers in sorted(by_name.items())}


def _one_of(offers: list[Installed]) -> Installed:
    if len(offers) == 1:
        return offers[0]
    packages = sorted({offer.package for offer in offers})
    trouble = (
        f"{len(offers)} plugins have this name, and none of them is used; they are in {', '.join(packages)}"
    )
    return Installed(offers[0].name, ", ".join(packages), offers[0].version, offers[0].entry, trouble)


def load_plugin(name: str) -> Plugin:
    """Import a plugin into this process. Raises PluginError with a sentence that names it."""
    found = installed_plugins().get(name)
    if found is None:
        raise PluginError(
            f"the plugin {name!r} is not installed", hint="`diorama doctor` lists those that are"
        )
    if found.trouble:
        raise PluginError(f"the plugin {name!r} can't be used: {found.trouble}")
    try:
        plugin = found.entry.load()
        trouble = trouble_with(plugin)
    except (Exception, SystemExit) as error:  # whatever other people's code raises when it is imported
        if is_interruption(error):
            raise
        text = f"the plugin {name!r} ({found.package} {found.version}) can't be imported"
        raise PluginError(f"{text}: {type(error).__name__}: {error}") from error
    if trouble:
        raise PluginError(f"the plugin {name!r} ({found.package} {found.version}) can't be used: {trouble}")
    assert isinstance(plugin, Plugin)
    return plugin
