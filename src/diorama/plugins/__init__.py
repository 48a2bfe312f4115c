"""What a package imports that adds a kind of media or an importer; docs/plugins.md has an example.

It offers one `Plugin` under the entry-point group `diorama.plugins`; its name there is the plugin's name.
A plugin is only imported in a process with limits (`media.plugin`), by `diorama import`, and where a script
reads media of its kind.
"""

from __future__ import annotations

from diorama.plugins.contract import API, ImportedRun, Importer, ImportRow, Kind, Plugin

__all__ = ["API", "ImportRow", "ImportedRun", "Importer", "Kind", "Plugin"]
