"""How often each class was taken for each other one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diorama.media.chart.media import CustomChart
from diorama.media.core.foreign import array_from, without_axes_of_one, without_leading_ones
from diorama.media.plot.plot_table import plot_table
from diorama.media.table.media import Table


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """Counts of (actual, predicted) pairs of classes.

    probs: scores, a column for each class, of which the greatest is the prediction; or preds: the predicted
    classes. y_true: the actual ones. Classes are numbers 0, 1, ... or texts, which may be class_names.
    class_names: a name for each class; without them classes go by the labels themselves.

    Raises: ValueError for both probs and preds or neither, different lengths, more classes than names, a
    class without a name, and NaN in probs.
    """
    if probs is not None and preds is not None:
        raise ValueError("Only one of `probs` or `preds` should be provided, not both.")
    if y_true is None or (probs is None and preds is None):
        raise ValueError("give y_true, and probs or preds")
    predicted = _best_classes(probs) if probs is not None else _classes(preds, "preds")
    actual = _classes(y_true, "y_true")
    if len(predicted) != len(actual):
        raise ValueError("The number of predictions and true labels must be equal.")
    if class_names is not None:
        names = [str(name) for name in class_names]
        for classes, subject in ((predicted, "predicted classes"), (actual, "true labels")):
            if len(set(classes)) > len(names):
                raise ValueError(f"The number of unique {subject} exceeds the number of class names.")
        places = _places_of_names(names, {*actual, *predicted})
    else:
        found = _sorted({*actual, *predicted})
        names = [str(name) for name in found]
        places = {name: number for number, name in enumerate(found)}
    counts = [[0] * len(names) for _ in names]
    for truth, guess in zip(actual, predicted, strict=True):
        counts[places[truth]][places[guess]] += 1
    data = [
        [names[row], names[column], count]
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
    ]
    columns = ("Actual", "Predicted", "nPredictions")
    return plot_table(
        "wandb/confusion_matrix/v1",
        Table(columns=list(columns), data=data),
        {name: name for name in columns},
        {"title": title},
        split_table,
    )


def _best_classes(probs: Any) -> list[Any]:
    import numpy as np

    scores = without_leading_ones(array_from(probs), 2)
    if scores.ndim != 2 or scores.dtype.kind not in "buif":
        raise ValueError(f"probs must be numbers, a row for each sample; its shape is {scores.shape}")
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        raise ValueError(f"probs has {int(np.isnan(scores).sum())} NaN in it; scores must be numbers")
    return scores.argmax(axis=1).tolist() if scores.shape[1] else []


def _classes(values: Any, argument: str) -> list[Any]:
    array = without_axes_of_one(array_from(values), 1)
    if array.ndim != 1:
        raise ValueError(f"{argument} must hold one class for each sample; its shape is {array.shape}")
    classes: list[Any] = array.tolist()
    if array.dtype.kind == "f":
        missing = sum(number != number for number in classes)
        if missing:
            raise ValueError(f"{argument} has {missing} NaN in it, which are no classes")
        return [int(number) if number.is_integer() else number for number in classes]
    return classes


def _places_of_names(names: list[str], found: set[Any]) -> dict[Any, int]:
    if found and all(isinstance(name, str) for name in found):
        places: dict[Any, int] = {name: place for place, name in reversed(list(enumerate(names)))}
    else:
        places = dict(zip(range(len(names)), range(len(names)), strict=True))
    for name in found:
        if name not in places:
            raise ValueError(
                f"the class {name!r} has no name: class_names has {len(names)} names, for the classes "
                f"0 to {len(names) - 1} or for these texts themselves"
            )
    return places


def _sorted(classes: set[Any]) -> list[Any]:
    try:
        return sorted(classes)
    except TypeError:
        return sorted(classes, key=str)
