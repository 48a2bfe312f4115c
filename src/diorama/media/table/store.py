"""The rows of a table that is being filled: sealed blocks of packs, and the newest rows as they came.

A block is sealed when some thousand rows or some megabytes have come together; its packs go through
`keep()`, so that they wait in the spool of a running run, not in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from diorama.media.core.base import Media
from diorama.media.table.pack import (
    PACK_BYTES,
    PACK_ROWS,
    MediaPlaces,
    Pack,
    PackReader,
    RawColumn,
    pack_columns,
)
from diorama.media.table.thaw import thaw
from diorama.media.table.types import NONE_TYPE, SCALARS, ArrayCell, GrowingColumn

Cells = Sequence[Any]


class Block(NamedTuple):
    """Some rows: packs beside one another, each of some columns."""

    row_count: int
    packs: tuple[Pack, ...]


class TableStore:
    """Columns, and what they hold. All values in it are frozen."""

    def __init__(self, columns: list[GrowingColumn]) -> None:
        self.columns = columns
        self.blocks: list[Block] = []
        self.sealed_count = 0
        self._places = MediaPlaces()
        self._tail: list[tuple[Any, ...]] = []
        self._tail_bytes = 0
        self._tail_pack: tuple[int, int, Block] | None = None
        self._opened: tuple[int, list[Cells]] | None = None
        self._lock = threading.RLock()
        """Rows may be added in one thread while another logs the table."""

    def __len__(self) -> int:
        return self.sealed_count + len(self._tail)

    def append(self, row: tuple[Any, ...]) -> None:
        """Add a row. Raises TypeError for a value that its column does not take; nothing is added then."""
        size = 0
        changed: list[Any] | None = None
        states: list[tuple[GrowingColumn, Any]] = []
        for index, (cell, column) in enumerate(zip(row, self.columns, strict=True)):
            cls = cell.__class__
            if cls in column.ok:
                if cls is str or cls is bytes:
                    size += len(cell)
                continue
            states.append((column, column.state()))
            try:
                frozen, cell_bytes = column.accept(cell, len(self))
            except (TypeError, ValueError):
                for accepted, state in states:
                    accepted.restore(state)
                raise
            size += cell_bytes
            if frozen is not cell:
                changed = list(row) if changed is None else changed
                changed[index] = frozen
        with self._lock:
            self._tail.append(row if changed is None else tuple(changed))
            self._tail_bytes += size + 16 * len(row)
            if self._tail_bytes >= PACK_BYTES or len(self._tail) >= PACK_ROWS:
                self.seal()

    def extend(self, columns: Sequence[Cells]) -> None:
        """Add many rows, given column by column. Raises TypeError."""
        row_count = len(columns[0]) if columns else 0
        first = 0
        while first < row_count:
            # Media are frozen block by block, so that only one block's buffers are read at a time.
            count = min(_rows_at_once(columns, first, self._places), row_count - first)
            block = [values[first : first + count] for values in columns]
            frozen = [
                self._accepted(column, values, len(self))
                for column, values in zip(self.columns, block, strict=True)
            ]
            if (
                count < PACK_ROWS
                and first + count == row_count
                and sum(size for _, size in frozen) < PACK_BYTES
            ):
                self._tail += zip(*(values for values, _ in frozen), strict=True)
                self._tail_bytes += sum(size for _, size in frozen) + 16 * count * len(frozen)
                if len(self._tail) >= PACK_ROWS or self._tail_bytes >= PACK_BYTES:
                    self.seal()
            else:
                self.seal()
                self._add_block(count, [values for values, _ in frozen])
            first += count

    def extend_raw(self, row_count: int, columns: Sequence[Cells | RawColumn]) -> None:
        """Add rows of which some columns are raw numbers already."""
        self.seal()
        frozen = [
            values if isinstance(values, RawColumn) else self._accepted(column, values, len(self))[0]
            for column, values in zip(self.columns, columns, strict=True)
        ]
        self._add_block(row_count, frozen)

    def _add_block(self, row_count: int, columns: Sequence[Cells | RawColumn]) -> None:
        pack = pack_columns(self.columns, columns, self._places)
        self.blocks.append(Block(row_count, (pack,)))
        self.sealed_count += row_count

    def _accepted(self, column: GrowingColumn, values: Cells, first_row: int) -> tuple[Cells, int]:
        """(frozen values, about how many bytes more than usual they take)."""
        types = dict.fromkeys(map(type, values))
        new = [cls for cls in types if cls not in column.ok]
        if all(cls in SCALARS or cls is NONE_TYPE or cls.__module__ == "numpy" for cls in new):
            # One value speaks for all of its class.
            for cls in new:
                row, value = next((row, value) for row, value in enumerate(values) if type(value) is cls)
                column.accept(value, first_row + row)
        if types.keys() <= column.ok:
            is_sized = str in types or bytes in types
            is_plain = types.keys() <= {str, bytes, NONE_TYPE}
            if not is_plain:
                return values, sum(map(_size_of, values)) if is_sized else 0
            return values, sum(map(len, filter(None, values)))
        size = 0
        frozen: list[Any] = []
        accepted: dict[int, Any] = {}
        """By id: the same object in many cells is frozen, and written, once."""
        for row, value in enumerate(values, first_row):
            if type(value) in column.ok:
                frozen.append(value)
                continue
            if id(value) in accepted:
                frozen.append(accepted[id(value)])
                continue
            accepted[id(value)], cell_bytes = column.accept(value, row)
            frozen.append(accepted[id(value)])
            size += cell_bytes
        return frozen, size

    def add_column(self, column: GrowingColumn, values: Sequence[Any]) -> None:
        """Add a column with a value for each row there is. Raises TypeError; nothing is added then."""
        frozen, _ = self._accepted(column, values, 0)
        first = 0
        blocks = []
        for block in self.blocks:
            pack = pack_columns([column], [frozen[first : first + block.row_count]], self._places)
            blocks.append(Block(block.row_count, (*block.packs, pack)))
            first += block.row_count
        self.blocks = blocks
        if self.columns:
            self._tail = [(*row, value) for row, value in zip(self._tail, frozen[first:], strict=True)]
        else:
            self._tail = [(value,) for value in frozen]
        self.columns.append(column)
        self._tail_pack = self._opened = None
        if len(self._tail) >= PACK_ROWS:
            self.seal()

    def seal(self) -> None:
        """Pack the newest rows."""
        with self._lock:
            if self._tail:
                self._add_block(len(self._tail), list(zip(*self._tail, strict=True)))
                self._tail = []
                self._tail_bytes = 0
                self._tail_pack = None

    def blocks_from(self, first_row: int) -> list[Block]:
        """All rows from `first_row` on, as blocks."""
        with self._lock:
            return self._blocks_from(first_row)

    def _blocks_from(self, first_row: int) -> list[Block]:
        found: list[Block] = []
        start = 0
        for number, block in enumerate(self.blocks):
            if start >= first_row:
                found.append(block)
            elif start + block.row_count > first_row:
                skipped = first_row - start
                cells = [values[skipped:] for values in self._read_block(number)]
                found.append(self._loose_block(cells))
            start += block.row_count
        skipped = max(first_row - self.sealed_count, 0)
        if len(self._tail) > skipped:
            made = self._tail_pack
            if made is None or made[:2] != (skipped, len(self._tail)):
                cells = list(zip(*self._tail[skipped:], strict=True))
                made = self._tail_pack = (skipped, len(self._tail), self._loose_block(cells))
            found.append(made[2])
        return found

    def _loose_block(self, cells: Sequence[Cells]) -> Block:
        row_count = len(cells[0]) if cells else 0
        return Block(row_count, (pack_columns(self.columns, cells, self._places, is_lasting=False),))

    # Reading back ----------------------------------------------------------------------------------

    def row(self, index: int) -> tuple[Any, ...]:
        """The frozen cells of a row."""
        if index >= self.sealed_count:
            return self._tail[index - self.sealed_count]
        start = 0
        for number, block in enumerate(self.blocks):
            if index < start + block.row_count:
                return tuple(values[index - start] for values in self._read_block(number))
            start += block.row_count
        raise IndexError(index)

    def iter_rows(self, first: int = 0) -> Iterator[tuple[Any, ...]]:
        """The frozen cells of each row from `first` on."""
        start = 0
        for number, block in enumerate(self.blocks):
            if start + block.row_count > first:
                columns = self._read_block(number)
                skipped = max(first - start, 0)
                yield from zip(*(values[skipped:] for values in columns), strict=True)
            start += block.row_count
        yield from self._tail[max(first - self.sealed_count, 0) :]

    def column_values(self, index: int) -> list[Any]:
        """The frozen cells of a column."""
        values: list[Any] = []
        for block in self.blocks:
            first = 0
            for pack in block.packs:
                if first <= index < first + pack.column_count:
                    reader = PackReader(pack.kept, thaw, is_lazy=True, others=pack.others)
                    values += _values(reader.column(index - first))
                first += pack.column_count
        return values + [row[index] for row in self._tail]

    def _read_block(self, number: int) -> list[Cells]:
        """The cells of a block, column by column; the last one read stays at hand."""
        if self._opened is None or self._opened[0] != number:
            columns: list[Cells] = []
            for pack in self.blocks[number].packs:
                reader = PackReader(pack.kept, thaw, is_lazy=True, others=pack.others)
                columns += [_values(reader.column(index)) for index in range(pack.column_count)]
            self._opened = (number, columns)
        return self._opened[1]


def _rows_at_once(columns: Sequence[Cells], first: int, places: MediaPlaces) -> int:
    """How many rows make a pack, going by the sizes of some of the next ones; media count once, however often
    they come."""
    plain_bytes = 0
    of_media: list[Cells] = []
    for values in columns:
        some = values[first : first + 16]
        if any(isinstance(value, Media) for value in some):
            of_media.append(values)
        else:
            plain_bytes += max(map(_size_of, some), default=0)
    most = min(PACK_BYTES // max(plain_bytes, 1), PACK_ROWS)
    seen: set[int] = set()
    size = 0
    for row in range(most if of_media else 0):
        size += plain_bytes
        for values in of_media:
            value = values[first + row] if first + row < len(values) else None
            if id(value) not in seen:
                seen.add(id(value))
                size += 0 if isinstance(value, Media) and places.knows(value) else _size_of(value)
        if size > PACK_BYTES:
            return max(row, 1)
    return max(most, 1)


def _size_of(value: Any) -> int:
    if value is None or isinstance(value, (int, float)):
        return 16
    if isinstance(value, (str, bytes, list)):
        return 16 + len(value)
    size = getattr(value, "nbytes", None)
    if isinstance(size, int):
        return size
    snapshot = getattr(value, "snapshot", None)
    if callable(snapshot):
        buffers: int = sum(kept.size_bytes for kept in snapshot().buffers)
        return 512 + buffers
    return 256


def _values(column: RawColumn | list[Any]) -> list[Any]:
    """A column as frozen cells."""
    if not isinstance(column, RawColumn):
        return column
    import numpy as np

    if column.shape:
        cell_bytes = int(np.dtype(column.dtype).itemsize * np.prod(column.shape))
        data = bytes(column.data)
        shape = tuple(column.shape)
        return [
            ArrayCell(column.dtype, shape, data[start : start + cell_bytes])
            for start in range(0, len(data), cell_bytes)
        ]
    numbers = np.frombuffer(column.data, column.dtype)
    values: list[Any] = (
        numbers.astype("datetime64[us]").tolist() if numbers.dtype.kind == "M" else numbers.tolist()
    )
    if column.validity is not None:
        return [value if is_there else None for value, is_there in zip(values, column.validity, strict=True)]
    return values
