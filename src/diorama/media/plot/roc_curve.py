"""Receiver operating characteristic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diorama.media.chart.media import CustomChart
from diorama.media.core.warn import warn_user
from diorama.media.plot.classes import ClassScores, classes_from, counts_by_threshold, rows_from
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def roc_curve(
    y_true: Any,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """True positive rate over false positive rate, a curve for each class against the rest.

    y_true: the class of each sample. y_probas: scores, a column for each class in the order of the classes
    (or, where y_true lacks some, at their numbers); one score for each sample is of the second class.
    labels: names of the classes 0, 1, ... classes_to_plot: only these. Samples of equal score count together.

    Raises: ValueError for NaN, for shapes that don't fit and for classes that are not there.
    """
    rows: list[list[Any]] = []
    areas: dict[str, float] = {}
    for scores in classes_from(y_true, y_probas, labels, classes_to_plot):
        fpr, tpr = _rates(scores)
        rows += rows_from(scores.label, fpr, tpr)
        area = float((((tpr[1:] + tpr[:-1]) / 2) * (fpr[1:] - fpr[:-1])).sum())
        if area == area:
            areas[str(scores.label)] = area
    return plot_table(
        "wandb/area-under-curve/v0",
        Table(columns=["class", "fpr", "tpr"], data=rows),
        {"x": "fpr", "y": "tpr", "class": "class"},
        {"title": title, "x-axis-title": "False positive rate", "y-axis-title": "True positive rate"},
        split_table,
        areas=areas,
    )


def _rates(scores: ClassScores) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    false_positives, true_positives = counts_by_threshold(scores)
    if len(false_positives) > 2:
        # Points on a straight line between their neighbours say nothing.
        is_corner = np.diff(false_positives, 2).astype(bool) | np.diff(true_positives, 2).astype(bool)
        keep = np.concatenate(([True], is_corner, [True]))
        false_positives, true_positives = false_positives[keep], true_positives[keep]
    false_positives = np.append(0, false_positives)
    true_positives = np.append(0, true_positives)
    for counts, subject in ((false_positives, "other class"), (true_positives, "sample of it")):
        if not counts[-1]:
            warn_user(f"y_true has no {subject} beside {scores.label!r}: its ROC curve is not defined")
    with np.errstate(invalid="ignore"):
        return false_positives / false_positives[-1], true_positives / true_positives[-1]
