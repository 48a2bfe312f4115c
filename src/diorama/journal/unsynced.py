"""What was written and is not on disk yet."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

_Item = TypeVar("_Item", bound=Hashable)


class Unsynced(Generic[_Item]):
    """Names of files or folders that have to be synced.

    An item leaves only after a sync that began behind its coming has succeeded: a sync that fails, or that
    is interrupted, forgets nothing, and of two threads that sync at once neither returns too early.
    There is no lock in it, so that nothing waits for a disk under one. Each step is a single call of the
    interpreter's own dict.

    >>> dirty = Unsynced[str]()
    >>> dirty.add("a")
    >>> for name, numbers in dirty.waiting().items():
    ...     dirty.done(numbers)
    >>> dirty.waiting()
    {}
    """

    def __init__(self) -> None:
        self._items: dict[int, _Item] = {}
        self._numbers = itertools.count()

    def add(self, item: _Item) -> None:
        self._items[next(self._numbers)] = item

    def waiting(self) -> dict[_Item, list[int]]:
        """The items that are not synced, each with the numbers to pass to `done` when it is."""
        found: dict[_Item, list[int]] = {}
        for number, item in self._items.copy().items():
            found.setdefault(item, []).append(number)
        return found

    def has(self, numbers: list[int]) -> bool:
        """Whether any of these waits."""
        return any(number in self._items for number in numbers)

    def done(self, numbers: list[int]) -> None:
        """These are on disk; what came meanwhile stays."""
        for number in numbers:
            self._items.pop(number, None)
