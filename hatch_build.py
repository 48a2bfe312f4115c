"""Hatchling's build hook: a wheel carries the built UI, wherever it is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

import build_ui


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is private to hatchling
    """Builds the UI before a wheel (also an editable one) is packed."""

    def dependencies(self) -> list[str]:
        """Node from PyPI, where the machine has none and the UI is not built yet."""
        return [] if build_ui.is_fresh() or build_ui.system_npm() else [build_ui.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            build_ui.build()
            build_data["artifacts"].append("src/diorama/server/static/**")
