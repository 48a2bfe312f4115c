"""What curves of classifiers have in common: checked truths and scores, class by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diorama.media.core.foreign import array_from, without_axes_of_one, without_leading_ones
from diorama.media.core.warn import warn_user

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECIMALS = 3
"""Curves are kept as exactly as W&B keeps them."""
_ROWS_WITHOUT_THINNING = 10_000


@dataclass(frozen=True)
class ClassScores:
    """One class against the rest. is_true: whether each sample is of it. label: what the legend says."""

    label: Any
    is_true: NDArray[Any]
    scores: NDArray[Any]


def classes_from(
    y_true: Any, y_probas: Any, labels: Sequence[str] | None, classes_to_plot: Any
) -> list[ClassScores]:
    """The classes to plot, in their order. Raises ValueError for what can't be plotted."""
    import numpy as np

    if y_true is None or y_probas is None:
        raise ValueError(f"{'y_true' if y_true is None else 'y_probas'} is missing")
    truths = without_axes_of_one(array_from(y_true), 1)
    scores = without_leading_ones(array_from(y_probas), 2)
    if scores.dtype.kind not in "buif":
        raise ValueError(f"y_probas must be numbers, not an array of dtype {scores.dtype}")
    scores = scores.astype(np.float64)
    if truths.ndim != 1:
        raise ValueError(f"y_true must hold one class for each sample; its shape is {truths.shape}")
    if scores.ndim not in (1, 2) or len(scores) != len(truths):
        raise ValueError(
            f"y_probas must have a row for each of the {len(truths)} samples of y_true; "
            f"its shape is {scores.shape}"
        )
    if not len(truths):
        raise ValueError("y_true has no samples")
    if truths.dtype.kind == "f" and np.isnan(truths).any():
        raise ValueError(f"y_true has {int(np.isnan(truths).sum())} NaN in it")
    if np.isnan(scores).any():
        raise ValueError(f"y_probas has {int(np.isnan(scores).sum())} NaN in it; scores must be numbers")
    classes = np.unique(truths)
    if scores.ndim == 1 or scores.shape[1] == 1:
        columns = {_binary_class(classes): scores.reshape(-1)}
    else:
        columns = {
            name: scores[:, column]
            for name, column in zip(classes.tolist(), _columns_of(classes, scores.shape[1]), strict=True)
        }
    chosen = _chosen(list(columns), classes_to_plot)
    return [
        ClassScores(_label_of(name, labels), np.asarray(truths == name), columns[name]) for name in chosen
    ]


def _binary_class(classes: NDArray[Any]) -> Any:
    """The class that one score for each sample speaks of: the later one of two."""
    if len(classes) > 2:
        raise ValueError(
            f"y_probas has one score for each sample, but y_true has {len(classes)} classes: "
            "give a column for each class"
        )
    return classes[-1].item()


def _columns_of(classes: NDArray[Any], count: int) -> list[int]:
    """The column of each class: they are in the classes' order, or at the classes' own numbers."""
    if len(classes) == count:
        return list(range(count))
    if classes.dtype.kind in "biu" and int(classes[0]) >= 0 and int(classes[-1]) < count:
        return [int(name) for name in classes]
    raise ValueError(
        f"y_probas has {count} columns, but y_true has {len(classes)} classes: "
        f"{', '.join(map(repr, classes[:10].tolist()))}{', ...' if len(classes) > 10 else ''}"
    )


def _chosen(classes: list[Any], wanted: Any) -> list[Any]:
    if wanted is None:
        return classes
    asked = [name.item() if hasattr(name, "item") else name for name in wanted]
    chosen = [name for name in classes if name in asked]
    missing = [name for name in asked if name not in classes]
    if not chosen:
        raise ValueError(
            f"none of classes_to_plot ({', '.join(map(repr, missing))}) is in y_true, "
            f"which has {', '.join(map(repr, classes))}"
        )
    if missing:
        warn_user(f"classes_to_plot names {', '.join(map(repr, missing))}, which y_true does not have")
    return chosen


def _label_of(name: Any, labels: Sequence[str] | None) -> Any:
    if labels is None or isinstance(name, (str, float)):
        return name
    if not 0 <= int(name) < len(labels):
        raise ValueError(f"labels has {len(labels)} names, none for the class {name!r}")
    return str(labels[int(name)])


def counts_by_threshold(scores: ClassScores) -> tuple[NDArray[Any], NDArray[Any]]:
    """(false positives, true positives) at each distinct score, from the highest to the lowest.

    Samples of the same score count together, so that their order says nothing.
    """
    import numpy as np

    order = np.argsort(-scores.scores, kind="stable")
    ranked = scores.scores[order]
    last_of_score = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    true_positives = np.cumsum(scores.is_true[order])[last_of_score]
    return last_of_score + 1 - true_positives, true_positives


def rows_from(label: Any, first: NDArray[Any], second: NDArray[Any]) -> Iterator[list[Any]]:
    """[label, first, second] rounded; in long curves, points that rounding made equal are one."""
    import numpy as np

    first, second = np.round(first, DECIMALS) + 0.0, np.round(second, DECIMALS) + 0.0
    if len(first) > _ROWS_WITHOUT_THINNING:
        is_new = np.append(True, (first[1:] != first[:-1]) | (second[1:] != second[:-1]))
        first, second = first[is_new], second[is_new]
    for x, y in zip(first.tolist(), second.tolist(), strict=True):
        yield [label, x, y]
