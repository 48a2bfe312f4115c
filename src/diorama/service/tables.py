"""Pages of tables: which rows (filtered, searched, sorted, joined), then what is in them.

The numbers of the rows that match are found once and remembered, so that turning pages is cheap.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from diorama.errors import BadRequest, DioramaError
from diorama.lru import Lru
from diorama.service.table_cells import (
    cells_as_json,
    cells_as_text,
    csv_lines,
    cut_for,
    plain_for_spreadsheets,
)
from diorama.service.table_sql import Cut, Query, Side, file_query, files_query, is_cuttable, size_query
from diorama.service.views import TableJoin, TablePage, TableRequest
from diorama.store.blobs import Blobs
from diorama.store.tables import NeedsMoreMemory, TableEngine, TableFile, TableFiles

LIMIT_ROWS = 1_000
PARTS_LIMIT = 20_000
CONDITIONS_LIMIT = 100
REMEMBERED_BYTES = 128 << 20
_ENTRY_BYTES = 1_000
CELLS_LIMIT = 1_000_000
CSV_ROWS = 4_096
CSV_PIECE_BYTES = 16 << 20
SMALL_ROWS = 2_000
SMALL_AT_ONCE = 100


class Tables:
    """Reads pages of tables. Methods may be called from several threads at once."""

    def __init__(self, blobs: Blobs) -> None:
        self._files = TableFiles(blobs)
        self._lock = threading.Lock()
        self._engine: TableEngine | None = None
        self._found: Lru[bytes, list[Any]] = Lru(
            REMEMBERED_BYTES, size_of=lambda found: sum(side.nbytes for side in found) + _ENTRY_BYTES
        )

    def page(self, request: TableRequest, tables: Sequence[str], join: TableJoin | None) -> TablePage:
        """A page of the table that is made of Parquet blobs, one below another."""
        _check(request, tables, join)
        sides = [Side([self._files.open(sha256) for sha256 in tables], "l")]
        if join is not None:
            sides.append(Side([self._files.open(sha256) for sha256 in join.tables], "r"))
        query = Query(sides, join)
        shown = query.wanted(request.columns)
        numbers, total, matched = self._numbers(request, query, tables, join)
        if len(shown) * len(numbers[0]) > CELLS_LIMIT:
            raise BadRequest(
                f"{len(shown)} columns of {len(numbers[0])} rows are more than {CELLS_LIMIT:,} cells",
                hint="ask for fewer rows, or name the columns",
            )
        cut = cut_for(
            len(numbers[0])
            * sum(is_cuttable(query.side_of(place).files[0], query.place_in_side(place)) for place in shown)
        )
        cells: list[list[Any]] = [[] for _ in query.columns]
        for side, rows in zip(sides, numbers, strict=True):
            places = [place for place in shown if query.side_of(place) is side]
            for place, values in zip(
                places,
                self._cells(side, rows, [query.place_in_side(place) for place in places], cut),
                strict=True,
            ):
                cells[place] = values
        page_rows = [list(row) for row in zip(*(cells[place] for place in shown), strict=True)]
        count = len(numbers[0])
        return TablePage(
            columns=[query.columns[place] for place in shown],
            total=total,
            matched=matched,
            offset=request.offset,
            rows=page_rows if shown else [[] for _ in range(count)],
            numbers=[int(number) for number in numbers[0]]
            if join is None
            else list(range(request.offset, request.offset + count)),
        )

    def csv(self, tables: Sequence[str]) -> Iterator[bytes]:
        """All rows of the table that is made of Parquet blobs, as CSV, piece by piece; every value in full.

        What can't be read is told before the first piece, or in the last line: then the error follows.
        """
        if not 1 <= len(tables) <= PARTS_LIMIT:
            raise BadRequest(f"a table has from 1 to {PARTS_LIMIT} parts")
        side = Side([self._files.open(sha256) for sha256 in tables], "l")
        head = csv_lines([[plain_for_spreadsheets(column.name) for column in side.columns]])
        pieces = (
            piece
            for file in side.files
            for first in range(0, file.row_count, CSV_ROWS)
            for piece in self._csv_rows(file, first, min(CSV_ROWS, file.row_count - first))
        )
        return _with_last_words(head + next(pieces, b""), pieces)

    def _csv_rows(self, file: TableFile, first: int, count: int) -> Iterator[bytes]:
        """Some rows of a file; as many at once as fit into memory."""
        half = count // 2
        try:
            if half and self._size_bytes(file, first, count) > CSV_PIECE_BYTES:
                piece = None
            else:
                places = list(range(len(file.columns)))
                order, answer = self._rows_of(file, np.arange(first, first + count), places, None)
                columns = [
                    cells_as_text(file.columns[place], answer.column(3 * place + 1)) for place in places
                ]
                piece = csv_lines([[values[row] for values in columns] for row in order])
        except NeedsMoreMemory:
            if not half:
                raise
            piece = None
        if piece is not None:
            yield piece
            return
        yield from self._csv_rows(file, first, half)
        yield from self._csv_rows(file, first + half, count - half)

    def _size_bytes(self, file: TableFile, first: int, count: int) -> int:
        query = size_query(file, first, count)
        return 0 if query is None else int(self._query(*query).column(0)[0].as_py())

    def close(self) -> None:
        """Let go of memory and of fetched files."""
        if self._engine is not None:
            self._engine.close()
        self._files.close()

    def _numbers(
        self, request: TableRequest, query: Query, tables: Sequence[str], join: TableJoin | None
    ) -> tuple[list[Any], int, int]:
        """(row numbers of the page, one array per side; rows of the table; rows that match)."""
        first, last = request.offset, request.offset + request.limit
        if query.is_plain(request):
            total = query.sides[0].row_count
            return [np.arange(min(first, total), min(last, total))], total, total
        total = query.sides[0].row_count
        if join is not None:
            total = len(self._found_for(TableRequest(), query, tables, join)[0])
        found = self._found_for(request, query, tables, join)
        return [side[first:last] for side in found], total, len(found[0])

    def _found_for(
        self, request: TableRequest, query: Query, tables: Sequence[str], join: TableJoin | None
    ) -> list[Any]:
        key = msgspec.json.encode([list(tables), join, request.search, request.filters, request.sort])
        known = self._found.get(key)
        if known is not None:
            return known
        sql, parameters = query.numbers(request)
        answer = self._query(sql, parameters)
        found = [_row_numbers(answer.column(index)) for index in range(len(query.sides))]
        self._found.put(key, found)
        return found

    def _cells(self, side: Side, numbers: Any, places: list[int], cut: Cut) -> list[list[Any]]:
        """The cells of some rows of a side, column by column, in the order of `numbers`; -1 is no row."""
        cells: list[list[Any]] = [[None] * len(numbers) for _ in places]
        if not places or not len(numbers):
            return cells
        starts = np.array(side.starts)
        parts = np.searchsorted(starts, numbers, side="right") - 1
        for group in _small_together(side.files, np.unique(parts[numbers >= 0]).tolist()):
            where = np.flatnonzero(np.isin(parts, group) & (numbers >= 0))
            files = [side.files[part] for part in group]
            wanted = numbers[where] - starts[parts[where]]
            if len(files) == 1:
                order, answer = self._rows_of(files[0], wanted, places, cut)
            else:
                order, answer = self._rows_of_many(
                    files, [group.index(part) for part in parts[where]], wanted, places, cut
                )
            for column, place in enumerate(places):
                first = 3 * column + 1
                values = cells_as_json(
                    files[0].columns[place],
                    answer.column(first),
                    answer.column(first + 1),
                    answer.column(first + 2),
                )
                for at, row in zip(where, order, strict=True):
                    cells[column][at] = values[row]
        return cells

    def _rows_of_many(
        self, files: list[TableFile], whose: list[int], wanted: Any, places: list[int], cut: Cut | None
    ) -> tuple[Any, Any]:
        """As `_rows_of`, of several small files at once; whose: the file of each wanted row."""
        sql, parameters = files_query(files, places, whose, wanted, cut)
        answer = self._query(sql, parameters)
        if answer.num_rows != len(wanted):
            raise BadRequest("the table can't be read: rows are missing")
        return np.argsort(answer.column(0).to_numpy(), kind="stable"), answer

    def _rows_of(self, file: TableFile, wanted: Any, places: list[int], cut: Cut | None) -> tuple[Any, Any]:
        """(where in the answer each wanted row is, the answer)."""
        sql, parameters = file_query(file, places, np.unique(wanted), cut)
        answer = self._query(sql, parameters)
        numbers = answer.column(0).to_numpy()
        by_number = np.argsort(numbers, kind="stable")
        at = np.searchsorted(numbers, wanted, sorter=by_number)
        if len(numbers) == 0 or at.max(initial=0) >= len(numbers):
            raise BadRequest("the table can't be read: rows are missing")
        return by_number[at], answer

    def _query(self, sql: str, parameters: dict[str, Any]) -> Any:
        folder = self._files.folder
        with self._lock:
            if self._engine is None or self._engine.is_broken:
                self._engine = TableEngine(folder)
            engine = self._engine
        return engine.query(sql, parameters)


def _with_last_words(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """All pieces; if one can't be made, a line that says so before the error."""
    yield first
    try:
        yield from pieces
    except DioramaError as error:
        yield csv_lines([[f"This file is not complete: {error}"]])
        raise


def _small_together(files: Sequence[TableFile], parts: list[int]) -> list[list[int]]:
    """The parts that are read with one question each: many small ones of the same make, or a single one."""
    groups: dict[Any, list[int]] = {}
    for part in parts:
        file = files[part]
        is_small = file.row_count <= SMALL_ROWS
        groups.setdefault(file.make if is_small else part, []).append(part)
    return [
        group[first : first + SMALL_AT_ONCE]
        for group in groups.values()
        for first in range(0, len(group), SMALL_AT_ONCE)
    ]


def _row_numbers(column: Any) -> Any:
    return column.fill_null(-1).to_numpy().astype(np.int64)


def _check(request: TableRequest, tables: Sequence[str], join: TableJoin | None) -> None:
    if not tables:
        raise BadRequest("no table is named", hint="give tables, or run, key and step")
    if len(tables) + (len(join.tables) if join else 0) > PARTS_LIMIT:
        raise BadRequest(f"a table of more than {PARTS_LIMIT} parts")
    if join is not None and not join.tables:
        raise BadRequest("a join needs a second table")
    if not 1 <= request.limit <= LIMIT_ROWS:
        raise BadRequest(f"limit must be from 1 to {LIMIT_ROWS}")
    if not 0 <= request.offset <= 2**53:
        raise BadRequest("offset must not be negative")
    if len(request.filters) + len(request.sort) > CONDITIONS_LIMIT:
        raise BadRequest(f"at most {CONDITIONS_LIMIT} filters and sorts")
    if len(request.search) > 1000:
        raise BadRequest("the search text is longer than 1000 characters")
