"""Tables: typed columns of values and media."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, get_args

from diorama.errors import UsageError
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.foreign import family_of, is_masked
from diorama.media.table.frames import blocks_of_array, blocks_of_frame, frame_columns, is_frame
from diorama.media.table.record import LogMode, TableRecord, columns_from, plain_columns
from diorama.media.table.rows import Rows, shown
from diorama.media.table.store import TableStore
from diorama.media.table.types import GrowingColumn, TableIndex, TableKey, describe
from diorama.model import clean_text

DEFAULT_COLUMNS = ("Input", "Output", "Expected")


class Table(Media):
    """Rows of values and media, in typed columns.

    Accepts: `columns`, a list of names (text or int; default Input, Output, Expected), and one of
    * `data` (or `rows`): a list of rows, a numpy array (2-D; with more axes the cells are arrays), or a
      DataFrame of pandas or polars, whose column names win,
    * `dataframe`: a DataFrame; nothing: an empty table to be filled by `add_data` and `add_column`.

    Cells: numbers (integers of any size; int and float mix), bools, text, bytes, datetimes, dates, Decimals,
    None, lists, dicts with the same keys, arrays of the same shape, numpy scalars, every media object, lists
    of media, and whatever `log` adopts (PIL images, figures). A column's type is that of its first value.
    `dtype`: one for all columns or a list with one for each: a Python type, a media class, [element], a dict
    of dtypes, a constant. `optional`: whether cells may be None, one bool or one for each column.
    `allow_mixed_types`: no types. `caption`, `sample_id`: text.
    `log_mode`: "IMMUTABLE" and "MUTABLE" store the whole table each time it is logged, "INCREMENTAL" only the
    rows added since it was last logged under that key of that run.

    Values are copied when they come in: changing them afterwards changes nothing. There is no limit on rows
    (MAX_ROWS and MAX_ARTIFACT_ROWS are there for old scripts, without effect).

    Raises: TypeError for a value that its column does not take; ValueError for a row of another length;
    AssertionError, as W&B does, for columns or data that are no list and an unknown log_mode; UsageError for
    a new column of an INCREMENTAL table.

    >>> table = Table(columns=["word", "length"], data=[["one", 3]])
    >>> table.add_data("three", 5)
    >>> table.get_column("length")
    [3, 5]
    """

    KIND = "table"
    MAX_ROWS: ClassVar[int] = 10_000
    MAX_ARTIFACT_ROWS: ClassVar[int] = 200_000

    def __init__(
        self,
        columns: list[str | int] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | list[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: LogMode | None = "IMMUTABLE",
        *,
        caption: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if log_mode is None or log_mode not in get_args(LogMode):
            raise AssertionError(f"Invalid log_mode: {log_mode}. Must be one of {list(get_args(LogMode))}")
        self.log_mode: LogMode = log_mode
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)
        self._logged: dict[Any, tuple[int, int]] = {}
        """Where an INCREMENTAL table was logged -> (rows, parts) that are there."""
        if dataframe is not None and not is_frame(dataframe):
            raise AssertionError(
                f"dataframe must be a DataFrame of pandas or polars, not {type(dataframe).__name__}"
            )
        source = dataframe if dataframe is not None else data if data is not None else rows
        names = frame_columns(source) if is_frame(source) else columns
        self._store = TableStore(_columns_from_names(list(DEFAULT_COLUMNS) if names is None else names))
        self._declare(dtype, optional, is_any=allow_mixed_types)
        if is_frame(source):
            self._add_blocks(blocks_of_frame(source, self._store.columns))
        elif family_of(type(source)) == "array" and source.dtype.kind != "O" and not is_masked(source):
            self._add_blocks(blocks_of_array(source, self._store.columns))
        elif source is not None:
            self._add_rows(source)

    def _declare(self, dtype: Any, optional: bool | list[bool], *, is_any: bool) -> None:
        columns = self._store.columns
        dtypes = dtype if isinstance(dtype, list) else [dtype] * len(columns)
        optionals = optional if isinstance(optional, list) else [optional] * len(columns)
        for subject, given in (("dtype", dtypes), ("optional", optionals)):
            if len(given) != len(columns):
                raise ValueError(f"{subject} has {len(given)} items, but there are {len(columns)} columns")
        for column, each, is_optional in zip(columns, dtypes, optionals, strict=True):
            column.declare(each, is_optional=bool(is_optional))
            if is_any:
                column.set_any()

    def _add_blocks(self, blocks: Iterator[tuple[int, list[Any]]]) -> None:
        for row_count, cells in blocks:
            self._store.extend_raw(row_count, cells)

    def _add_rows(self, rows: Any) -> None:
        if family_of(type(rows)) == "array":
            rows = rows.tolist()
        if not isinstance(rows, (list, tuple, Rows)):
            raise AssertionError(f"data argument expects a `list` object, not {type(rows).__name__}")
        tuples = [row if type(row) in (list, tuple) else tuple(row) for row in rows]
        width = len(self._store.columns)
        if not set(map(len, tuples)) <= {width}:
            number = next(number for number, row in enumerate(tuples) if len(row) != width)
            raise ValueError(self._wrong_length(tuples[number], number))
        if width == 0 or not tuples:
            return
        self._store.extend(list(zip(*tuples, strict=True)))

    def _wrong_length(self, row: Any, number: int) -> str:
        names = self.columns
        return f"This table expects {len(names)} columns: {names}, found {len(row)} (row {number})"

    # Looking -----------------------------------------------------------------------------------------

    @property
    def columns(self) -> list[str | int]:
        """The names of the columns."""
        return [column.name for column in self._store.columns]

    @property
    def data(self) -> Rows:
        """The rows, each a list of cells; read when they are looked at."""
        return Rows(self)

    def __len__(self) -> int:
        return len(self._store)

    def iterrows(self) -> Iterator[tuple[TableIndex, list[Any]]]:
        """(number, row) of each row. The number can go into another table, to refer to the row."""
        for number, row in enumerate(self._rows()):
            yield self._index(number), row

    def get_column(self, name: str | int, convert_to: str | None = None) -> Any:
        """The values of a column as a list, or with convert_to="numpy" as an array.

        Raises AssertionError if there is no such column.
        """
        column = self._column(name)
        if convert_to not in (None, "numpy"):
            raise AssertionError(f"convert_to must be None or 'numpy', not {convert_to!r}")
        frozen = self._store.column_values(self._store.columns.index(column))
        values = [self._shown(column, value) for value in frozen]
        if convert_to is None:
            return values
        import numpy as np

        return np.array([_numbers_of(value) for value in values])

    def get_index(self) -> list[TableIndex]:
        """The numbers of all rows, for another table to refer to them."""
        return [self._index(number) for number in range(len(self))]

    def index_ref(self, index: int) -> TableIndex:
        """The number of one row, for another table to refer to it."""
        if not index < len(self):
            raise AssertionError(f"row {index} of a table of {len(self)} rows")
        return self._index(index)

    def get_dataframe(self) -> Any:
        """The table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame.from_records(list(self._rows()), columns=self.columns)

    def __eq__(self, other: object) -> bool:
        """Same columns with the same types, and the same rows."""
        if not isinstance(other, Table):
            return NotImplemented
        types = [describe(column.type) for column in self._store.columns]
        return (
            self.columns == other.columns
            and types == [describe(column.type) for column in other._store.columns]
            and self.data == other.data
        )

    __hash__ = None  # type: ignore[assignment]  # tables grow

    def __repr__(self) -> str:
        return f"Table(columns={self.columns!r}, {len(self)} rows)"

    def _index(self, number: int) -> TableIndex:
        index = TableIndex(number)
        index.set_table(self)
        return index

    def _column(self, name: str | int) -> GrowingColumn:
        for column in self._store.columns:
            if column.name == name and type(column.name) is type(name):
                return column
        raise AssertionError(f"there is no column {name!r}; the columns are {self.columns}")

    def _row(self, number: int) -> list[Any]:
        return [
            self._shown(column, value)
            for column, value in zip(self._store.columns, self._store.row(number), strict=True)
        ]

    def _rows(self) -> Iterator[list[Any]]:
        columns = self._store.columns
        for row in self._store.iter_rows():
            yield [self._shown(column, value) for column, value in zip(columns, row, strict=True)]

    def _shown(self, column: GrowingColumn, value: Any) -> Any:
        if column.is_key and value is not None:
            key = TableKey(value)
            key.set_table(self, str(column.name))
            return key
        if column.references is not None and column.link is not None and value is not None:
            return _linked(column, value)
        if type(value) is float and value != value and column.type not in ("none", "number", "any"):
            return None
        return shown(value)

    # Changing ----------------------------------------------------------------------------------------

    def add_data(self, *data: Any) -> None:
        """Add a row. Raises ValueError for a wrong number of values, TypeError for unfit ones."""
        if len(data) != len(self._store.columns):
            raise ValueError(self._wrong_length(data, len(self)))
        self._store.append(data)

    def add_row(self, *row: Any) -> None:
        """`add_data`, under its old name."""
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Add a column: a list or array with a value for each row. `optional`: whether None is fine.

        Raises TypeError, AssertionError for a name that is taken or data of another length, UsageError for
        an INCREMENTAL table.
        """
        self._refuse_incremental("add_column")
        if not isinstance(name, str) or name in self.columns:
            raise AssertionError(f"the name of a new column must be text and new, not {name!r}")
        if is_masked(data):
            data = data.tolist()
        elif family_of(type(data)) is not None:
            data = list(data) if data.ndim > 1 or data.dtype.kind in "buif" else data.tolist()
        if not isinstance(data, (list, tuple)):
            raise AssertionError(f"data must be a list or an array, not {type(data).__name__}")
        if self._store.columns and len(data) != len(self):
            raise AssertionError(f"Expected length {len(self)}, found {len(data)}")
        column = GrowingColumn(clean_text(name))
        column.declare(None, is_optional=bool(optional))
        self._store.add_column(column, data)

    def add_computed_columns(self, fn: Callable[[int, dict[str | int, Any]], dict[str, Any]]) -> None:
        """Add columns made from the others: fn(number, row as a dict) returns a dict of new values.

        Raises AssertionError if fn returns anything else or not the same names for every row, UsageError for
        an INCREMENTAL table.
        """
        self._refuse_incremental("add_computed_columns")
        made: dict[str, list[Any]] = {}
        names = self.columns
        for number, row in self.iterrows():
            new = fn(number, dict(zip(names, row, strict=True)))
            if not isinstance(new, dict):
                raise AssertionError(f"fn must return a dict, not {type(new).__name__} (row {number})")
            for name, value in new.items():
                made.setdefault(name, []).append(value)
        for name, values in made.items():
            self.add_column(name, values, optional=True)

    def cast(self, col_name: str | int, dtype: Any, optional: bool = False) -> None:
        """Declare the type of a column, and whether None is fine.

        Raises TypeError if a value that is there does not fit; then nothing changes.
        """
        column = self._column(col_name)
        wanted = GrowingColumn(column.name)
        wanted.declare(dtype, is_optional=bool(optional))
        frozen = self._store.column_values(self._store.columns.index(column))
        for number, value in enumerate(frozen):
            wanted.accept(shown(value), number)
        column.adopt_type(wanted)

    def set_pk(self, col_name: str | int) -> None:
        """Make a column of text the primary key; its values, put into another table, refer to this one.

        Raises TypeError for other values, AssertionError for a second primary key.
        """
        column = self._column(col_name)
        taken = [other.name for other in self._store.columns if other.is_key and other is not column]
        if taken:
            raise AssertionError(
                f"Cannot have multiple primary keys - {taken[0]} is already set as the primary key."
            )
        self.cast(col_name, str)
        column.is_key = True

    def set_fk(self, col_name: str | int, table: Table, table_col: str) -> None:
        """Say that the values of a column are keys of another table.

        Raises AssertionError for columns that are not there or this very table, TypeError for other values.
        """
        column = self._column(col_name)
        if column.is_key or table is self:
            raise AssertionError("Cannot set a foreign table reference to same table.")
        table._column(table_col)
        self.cast(col_name, str)
        column.references, column.link = str(table_col), table

    def _refuse_incremental(self, operation: str) -> None:
        if self.log_mode == "INCREMENTAL":
            raise UsageError(
                f"{operation}() can't be used on a table with log_mode='INCREMENTAL'",
                hint="use MUTABLE or IMMUTABLE",
            )

    # Logging -----------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The whole table."""
        return self._snapshot_from(0, 0)

    def snapshot_for(self, place: Any) -> Snapshot:
        """The table as it is to be logged at `place` (a key of a run): of an INCREMENTAL one the rows that
        are not there yet."""
        first_row, increment = self._logged.get(place, (0, 0))
        return (
            self._snapshot_from(first_row, increment) if self.log_mode == "INCREMENTAL" else self.snapshot()
        )

    def note_logged(self, place: Any, snapshot: Snapshot) -> None:
        """A snapshot for `place` is in the journal."""
        if self.log_mode == "INCREMENTAL":
            header = snapshot.header
            self._logged[place] = (header["first_row"] + header["row_count"], header["increment"] + 1)

    def _snapshot_from(self, first_row: int, increment: int) -> Snapshot:
        blocks = self._store.blocks_from(first_row)
        header = {
            "columns": plain_columns(columns_from(self._store.columns)),
            "blocks": [[block.row_count, [pack.column_count for pack in block.packs]] for block in blocks],
            "row_count": sum(block.row_count for block in blocks),
            "log_mode": self.log_mode,
            "first_row": first_row,
            "increment": increment if self.log_mode == "INCREMENTAL" else None,
            "caption": self.caption,
            "sample_id": self.sample_id,
        }
        packs = [pack for block in blocks for pack in block.packs]
        buffers = [pack.kept for pack in packs]
        if any(pack.others for pack in packs):
            # Media may lie in an earlier pack; of an INCREMENTAL table in one that was logged before.
            places = {id(kept): number for number, kept in enumerate(buffers)}
            for other in (other for pack in packs for other in pack.others):
                if id(other) not in places:
                    places[id(other)] = len(buffers)
                    buffers.append(other)
            header["others"] = [[places[id(other)] for other in pack.others] for pack in packs]
        return Snapshot(self.KIND, header, tuple(buffers))


def _columns_from_names(names: Any) -> list[GrowingColumn]:
    if not isinstance(names, list):
        raise AssertionError(f"columns argument expects a `list` object, not {type(names).__name__}")
    for name in names:
        if type(name) not in (str, int):
            raise AssertionError(
                f"columns argument expects list of strings or ints; {name!r} is a {type(name).__name__}"
            )
    return [GrowingColumn(clean_text(name) if type(name) is str else name) for name in names]


def _linked(column: GrowingColumn, value: Any) -> Any:
    if column.references == "index":
        index = TableIndex(value)
        index.set_table(column.link)
        return index
    key = TableKey(value)
    key.set_table(column.link, str(column.references))
    return key


def _numbers_of(value: Any) -> Any:
    """A picture as its pixels, anything else as it is."""
    if isinstance(value, Media) and hasattr(value, "image"):
        import numpy as np

        return np.asarray(value.image)
    return value


def warnings_of(record: TableRecord) -> list[tuple[str, str, int]]:
    """(code, text, number of cells) of what cells could not keep as it was given."""
    return [(code, text, count) for code, text, count in record.warnings]
