"""Charts of tables, computed here: `diorama.plot.line`, `roc_curve`, `confusion_matrix` and their like."""

from __future__ import annotations

from typing import Any


def plot_table(*arguments: Any, **options: Any) -> Any:
    raise NotImplementedError
