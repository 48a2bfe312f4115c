"""What was used last, up to a limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Remembers values by key. Beyond the limit it forgets those that were not used for longest. Safe for
    threads.

    limit: how many values; with `size_of`, how large they may be together.
    size_of: the size of a value, in bytes for instance. One that is larger than the limit is not remembered.

    >>> known = Lru[str, bytes](100, size_of=len)
    >>> known.put("a", bytes(60))
    >>> known.put("b", bytes(60))
    >>> known.get("a") is None
    True
    """

    def __init__(self, limit: int, *, size_of: Callable[[V], int] | None = None) -> None:
        self._limit = limit
        self._size_of = size_of
        self._size = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None if it is not (or no more) known."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: K, value: V) -> None:
        """Remember a value, in the place of an earlier one of the same key."""
        size = 1 if self._size_of is None else self._size_of(value)
        with self._lock:
            _, size_before = self._entries.pop(key, (None, 0))
            self._entries[key] = (value, size)
            self._size += size - size_before
            while self._size > self._limit:
                _, (_, size_gone) = self._entries.popitem(last=False)
                self._size -= size_gone

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def __contains__(self, key: K) -> bool:
        """Whether the value is known. It does not count as used by that."""
        with self._lock:
            return key in self._entries

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)
