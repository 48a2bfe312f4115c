"""The rows of a table, as a list that is read when it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, overload

from diorama.media.table.types import ArrayCell


class _Table(Protocol):
    """What of a table its rows are read from and added to."""

    def __len__(self) -> int: ...

    def _row(self, number: int) -> list[Any]: ...

    def _rows(self) -> Iterator[list[Any]]: ...

    def add_data(self, *row: Any) -> None: ...


class Rows(Sequence[list[Any]]):
    """`table.data`: a list of rows, each a list of cells. Changing a row changes nothing in the table;
    `append` and `extend` are `add_data`.
    """

    def __init__(self, table: _Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> list[Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[Any]]: ...

    def __getitem__(self, index: int | slice) -> list[Any] | list[list[Any]]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"row {index} of a table of {len(self)} rows")
        return self._table._row(place)

    def __iter__(self) -> Iterator[list[Any]]:
        return self._table._rows()

    def append(self, row: Iterable[Any]) -> None:
        """Add a row."""
        self._table.add_data(*row)

    def extend(self, rows: Iterable[Iterable[Any]]) -> None:
        """Add rows."""
        for row in rows:
            self._table.add_data(*row)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Rows, list)):
            return NotImplemented
        return len(self) == len(other) and all(
            same_rows(mine, theirs) for mine, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # the table may grow

    def __repr__(self) -> str:
        return repr(list(self)) if len(self) <= 20 else f"<{len(self)} rows>"


def same_rows(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Whether two rows are equal, arrays in them by their numbers."""
    return len(mine) == len(theirs) and all(
        _same(left, right) for left, right in zip(mine, theirs, strict=True)
    )


def _same(left: Any, right: Any) -> bool:
    if hasattr(left, "shape") or hasattr(right, "shape"):
        import numpy as np

        return bool(np.array_equal(np.asarray(left), np.asarray(right)))
    return bool(left == right) or (left != left and right != right)


def shown(value: Any) -> Any:
    """A frozen cell as users see it."""
    if type(value) is ArrayCell:
        return value.array()
    if type(value) is list:
        return [shown(item) for item in value]
    if type(value) is dict:
        return {key: shown(item) for key, item in value.items()}
    return value
