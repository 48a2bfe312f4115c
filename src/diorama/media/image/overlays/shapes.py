"""What boxes, polygons and keypoints have in common: numbers, class, caption, scores and other keys."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from diorama.media.core.foreign import array_from, family_of
from diorama.model import clean_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

ID_LIMIT = 2**53
"""What a number in a browser can hold."""


def check_layer(val: Any, where: str, data_key: str, subject: str) -> list[Any]:
    """The list of shapes of a layer's dict. Raises TypeError or KeyError."""
    if not isinstance(val, Mapping):
        raise TypeError(f"{where} must be a dict with {data_key!r}, not {type(val).__name__}")
    if data_key not in val:
        raise KeyError(f"{data_key!r}: {where} needs {data_key!r}, a list of {subject}")
    if not isinstance(val[data_key], (list, tuple)):
        raise TypeError(f"{where}[{data_key!r}] must be a list, not {type(val[data_key]).__name__}")
    return list(val[data_key])


def number_of(value: Any, where: str, part: str, name: str) -> float:
    if type(value) is float:
        return value
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        try:
            # A tensor with gradient gives its number without complaint through item() only.
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise TypeError(f"{where}[{part!r}][{name!r}] must be one number, not {value!r}") from error
    raise TypeError(f"{where}[{part!r}][{name!r}] must be a number, not {value!r}")


def numbers_of(value: Any, where: str, part: str) -> list[float]:
    """A flat list of numbers. Raises TypeError."""
    if family_of(type(value)) is not None:
        array = array_from(value)
        if array.dtype.kind not in "buif":
            raise TypeError(f"{where}[{part!r}] must hold numbers, not {array.dtype}")
        return [float(number) for number in array.reshape(-1).tolist()]
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{where}[{part!r}] must be a list of numbers, not {type(value).__name__}")
    return [number_of(number, where, part, str(at)) for at, number in enumerate(value)]


def rows_of(value: Any, where: str, part: str, widths: tuple[int, ...]) -> tuple[list[float], int]:
    """(numbers row after row, numbers in a row) of [[x, y], ...]; where rows have but one width, a flat list
    [x, y, x, y] will do.

    Raises TypeError for anything else.
    """
    if family_of(type(value)) is not None:
        array = array_from(value)
        # OpenCV's contours are (N, 1, 2), a batch of one is (1, N, 2).
        value = (array.reshape(-1, array.shape[-1]) if _is_one_list(array) else array).tolist()
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{where}[{part!r}] must be a list of points [x, y], not {type(value).__name__}")
    rows = [
        array_from(row).tolist() if family_of(type(row)) not in (None, "scalar") else row for row in value
    ]
    if rows and len(widths) == 1 and not any(isinstance(row, (list, tuple)) for row in rows):
        flat = [number_of(number, where, part, str(at)) for at, number in enumerate(rows)]
        if len(flat) % 2:
            raise TypeError(f"{where}[{part!r}] has {len(flat)} numbers, which are no pairs of x and y")
        return flat, 2
    found: list[float] = []
    width = 0
    for at, row in enumerate(rows):
        if not isinstance(row, (list, tuple)) or len(row) not in widths or (width and len(row) != width):
            shape = " or ".join("[x, y]" if size == 2 else "[x, y, v]" for size in widths)
            raise TypeError(f"{where}[{part!r}][{at}] must be {shape}, not {row!r}")
        width = len(row)
        found += [number_of(number, where, part, str(at)) for number in row]
    return found, width or 2


def _is_one_list(array: NDArray[Any]) -> bool:
    """Whether the points of an array are counted by one axis only."""
    return array.ndim > 2 and sum(side != 1 for side in array.shape[:-1]) <= 1


def domain_of(shape: Mapping[str, Any], where: str) -> Literal["fraction", "pixel"]:
    domain = shape.get("domain")
    if domain not in (None, "fraction", "pixel"):
        raise ValueError(f"{where}['domain'] must be 'pixel' or 'fraction', not {domain!r}")
    return "pixel" if domain == "pixel" else "fraction"


def caption_of(shape: Mapping[str, Any], where: str, key: str) -> str | None:
    caption = shape.get(key)
    if caption is not None and not isinstance(caption, str):
        raise TypeError(f"{where}[{key!r}] must be text, not {type(caption).__name__}")
    return None if caption is None else clean_text(caption)


def class_of(shape: Mapping[str, Any], where: str, *, has_labels: bool) -> int | None:
    value = shape.get("class_id")
    if value is None:
        if not has_labels:
            raise KeyError(f"'class_id': {where} needs a 'class_id' when there are no 'class_labels'")
        return None
    try:
        class_id = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{where}['class_id'] must be an integer, not {value!r}") from error
    if abs(class_id) > ID_LIMIT:
        raise ValueError(f"{where}['class_id'] is {class_id}; class ids go up to {ID_LIMIT}")
    return class_id


def scores_of(shape: Mapping[str, Any], where: str) -> dict[str, float]:
    scores = shape.get("scores")
    if scores is None:
        return {}
    if not isinstance(scores, Mapping) or not all(isinstance(name, str) for name in scores):
        raise TypeError(f"{where}['scores'] must be a dict of text to numbers, not {scores!r}")
    return {clean_text(name): number_of(score, where, "scores", name) for name, score in scores.items()}


def extra_of(shape: Mapping[str, Any], where: str, known: frozenset[str]) -> dict[str, Any]:
    """Other keys, which are kept beside what is known."""
    extra = {key: value for key, value in shape.items() if key not in known}
    if not extra:
        return {}
    try:
        plain: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(extra), type=dict[str, Any])
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{where} has other keys that hold no plain values: {error}") from error
    return plain


def labels_for(
    user_labels: Mapping[int, str], classes: Mapping[int, str], class_ids: list[int | None]
) -> dict[int, str]:
    """A label for every class id: the layer's own, that of `classes`, or class_<id>."""
    labels = dict(user_labels)
    for class_id in class_ids:
        if class_id is not None:
            labels.setdefault(class_id, classes.get(class_id, f"class_{class_id}"))
    return labels


def labels_as_given(layer: Any) -> dict[int, str] | list[dict[str, Any]]:
    """The class labels of a layer in the form in which they are logged: with colours a list, as `Classes`."""
    if not layer.class_colors:
        return dict(layer.class_labels)
    return [
        {"id": class_id, "name": name}
        | ({"color": layer.class_colors[class_id]} if class_id in layer.class_colors else {})
        for class_id, name in layer.class_labels.items()
    ]


def given_of(shape: Any, caption_key: str) -> dict[str, Any]:
    """What all shapes have, in the form in which it is logged."""
    given: dict[str, Any] = {}
    if shape.domain == "pixel":
        given["domain"] = "pixel"
    if shape.class_id is not None:
        given["class_id"] = shape.class_id
    if shape.caption is not None:
        given[caption_key] = shape.caption
    if shape.scores:
        given["scores"] = dict(shape.scores)
    return given
