"""Names of values inside nested dicts.

A path is the names from the outside in: `log({"acc": {"top": 1}})` logs the path ("acc", "top"). Its text
joins the names by dots, "acc.top", which is also the text of the single name "acc.top". So a dot that belongs
to a name may be written as a backslash and a dot, a backslash as two: "acc\\.top" is only the single name.

People see and write the plain text, keys as they were logged. Only where several values of one run would have
the same plain text do they get their exact ones; a path without a dot in its names has the same text in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def plain_text(path: Path) -> str:
    """The names joined by dots, as they were logged.

    >>> plain_text(("acc", "top")), plain_text(("m@0.5",))
    ('acc.top', 'm@0.5')
    """
    return path[0] if len(path) == 1 else ".".join(path)


def exact_text(path: Path) -> str:
    r"""The text that stands for this path alone.

    >>> print(exact_text(("acc", "top")), exact_text(("m@0.5",)))
    acc.top m@0\.5
    """
    text = ".".join(path)
    if "\\" not in text and (len(path) == 1) >= ("." in text):
        return text if "." not in text else text.replace(".", "\\.")
    return ".".join(name.replace("\\", "\\\\").replace(".", "\\.") for name in path)


def path_from_exact(text: str) -> Path:
    r"""Undo `exact_text`.

    >>> path_from_exact(r"a.b\.c")
    ('a', 'b.c')
    """
    if "\\" not in text:
        return tuple(text.split("."))
    names = [""]
    characters = iter(text)
    for character in characters:
        if character == "\\":
            names[-1] += next(characters, "\\")
        elif character == ".":
            names.append("")
        else:
            names[-1] += character
    return tuple(names)


def leaves(nested: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The values in nested dicts with their paths; an empty dict is a value.

    >>> list(leaves({"optimizer": {"lr": 0.1}, "seed": 1}))
    [(('optimizer', 'lr'), 0.1), (('seed',), 1)]
    """
    for name, value in nested.items():
        if type(value) is dict and value:
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def value_at(nested: Any, text: str) -> Any:
    r"""The value that a text names in nested dicts; KeyError if there is none.

    Read exactly first; where that leads nowhere, dots may belong to names without a backslash.

    >>> value_at({"acc": {"top": 1}, "acc.top": 7}, "acc.top")
    1
    >>> value_at({"acc": {"top": 1}, "acc.top": 7}, r"acc\.top")
    7
    >>> value_at({"m@0.5": 3}, "m@0.5")
    3
    """
    level = nested
    for name in path_from_exact(text):
        if type(level) is not dict or name not in level:
            return _loose_value_at(nested, text)
        level = level[name]
    return level


def _loose_value_at(nested: Any, text: str) -> Any:
    if type(nested) is dict:
        if text in nested:
            return nested[text]
        head, dot, rest = text.partition(".")
        while dot:
            if head in nested:
                try:
                    return _loose_value_at(nested[head], rest)
                except KeyError:
                    pass
            more, dot, rest = rest.partition(".")
            head = f"{head}.{more}"
    raise KeyError(text)
