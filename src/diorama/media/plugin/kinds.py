"""The kinds that plugins add. Asking for one imports its plugin into this process."""

from __future__ import annotations

from diorama.media.core.registry import KINDS_BY_NAME
from diorama.plugins.contract import Kind, Plugin
from diorama.plugins.installed import PluginError, load_plugin

_TAKEN = frozenset({"failed", "metric", "system", "value"})
"""Words that stand beside the names of kinds in the store and on the page."""


def checked_kinds(name: str) -> Plugin:
    """A plugin, imported. Raises PluginError, also if one of its kinds has the name of one of ours."""
    plugin = load_plugin(name)
    for kind in plugin.kinds:
        if kind.name in KINDS_BY_NAME or kind.name in _TAKEN:
            text = f"its kind {kind.name!r} has the name of one of Diorama's own"
            raise PluginError(f"the plugin {name!r} can't be used: {text}")
    return plugin


def kind_of(plugin_and_kind: str) -> Kind:
    """The kind that "<plugin>:<kind>" names. Raises PluginError with a sentence that names it."""
    plugin_name, _, kind_name = plugin_and_kind.partition(":")
    for kind in checked_kinds(plugin_name).kinds:
        if kind.name == kind_name:
            return kind
    raise PluginError(f"the plugin {plugin_name!r} has no kind {kind_name!r}")
