"""Precision over recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diorama.media.chart.media import CustomChart
from diorama.media.plot.classes import ClassScores, classes_from, counts_by_threshold, rows_from
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SLACK = 1e-9
"""Recall is a quotient of counts; 3 / 20 and 0.15 must meet."""


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """Precision at `interp_size` fixed values of recall, a curve for each class against the rest.

    The precision at a recall is the best one at that recall or a higher one, so that curves never rise.
    The other arguments, and what is raised, are those of `roc_curve`; ValueError also for an interp_size
    below 2.
    """
    import numpy as np

    if interp_size < 2:
        raise ValueError(f"interp_size must be at least 2, not {interp_size}")
    recalls = np.linspace(0, 1, interp_size)[::-1]
    rows: list[list[Any]] = []
    areas: dict[str, float] = {}
    for scores in classes_from(y_true, y_probas, labels, classes_to_plot):
        precision, recall = _curve(scores)
        areas[str(scores.label)] = float((np.diff(recall) * precision[1:]).sum())
        best = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, recalls - _SLACK, side="left")
        rows += rows_from(scores.label, best[np.minimum(at, len(best) - 1)], recalls)
    return plot_table(
        "wandb/area-under-curve/v0",
        Table(columns=["class", "precision", "recall"], data=rows),
        {"x": "recall", "y": "precision", "class": "class"},
        {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"},
        split_table,
        areas=areas,
    )


def _curve(scores: ClassScores) -> tuple[NDArray[Any], NDArray[Any]]:
    """(precision, recall) from recall 0, where precision is 1 by convention, upwards."""
    import numpy as np

    false_positives, true_positives = counts_by_threshold(scores)
    precision = true_positives / (true_positives + false_positives)
    recall = true_positives / true_positives[-1]
    return np.append(1.0, precision), np.append(0.0, recall)
