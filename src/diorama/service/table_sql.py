"""Questions about tables as SQL. Columns are called by their places, values are parameters: no text of a user
is ever part of a statement."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from diorama.errors import BadRequest
from diorama.media import KINDS_BY_NAME
from diorama.media.table.record import TableColumn, unified_column
from diorama.service.views import TableFilter, TableJoin, TableRequest
from diorama.store.tables import TableFile

_MEDIA = frozenset(KINDS_BY_NAME) | {"failed"}
_OPERATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ROW = "file_row_number"
_NUMBER_PART = re.compile(r"[-+.0-9einfaEINFA]+")
_MEDIA_TEXTS = "['$.caption', '$.sample_id', '$.name', '$.text', '$.reason']"


class Side:
    """One of the tables of a question: Parquet files, one below another. `alias` begins its names in SQL."""

    def __init__(self, files: Sequence[TableFile], alias: str) -> None:
        self.files = list(files)
        self.alias = alias
        names = [column.name for column in files[0].columns]
        for file in files:
            if [column.name for column in file.columns] != names:
                raise BadRequest("the parts of the table have different columns")
        self.columns = [
            unified_column([file.columns[place] for file in files]) for place in range(len(names))
        ]
        self.starts: list[int] = []
        self.row_count = 0
        for file in files:
            self.starts.append(self.row_count)
            self.row_count += file.row_count

    def select(self, parameters: dict[str, Any], places: set[int], search: str) -> str:
        """A SELECT of row numbers (ln), comparable columns (l0, l1, ...) and, with `search`, hits (lx)."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        seen: Counter[str] = Counter()
        for number, file in enumerate(self.files):
            seen[file.sha256] += 1
            groups.setdefault((file.make, seen[file.sha256]), []).append(number)
        selects = [self._select_group(group, parameters, places, search) for group in groups.values()]
        return " UNION ALL ".join(selects)

    def _select_group(
        self, group: list[int], parameters: dict[str, Any], places: set[int], search: str
    ) -> str:
        a, first = self.alias, self.files[group[0]]
        terms = []
        for place in sorted(places):
            common = compared_as(self.columns[place])
            own = _comparable(first.columns[place], f"c{place}")
            if common != compared_as(first.columns[place]):
                own = f"CAST({own} AS {_SQL_TYPES[common]})"
            terms.append(f"{own} AS {a}{place}")
        if search:
            hits = [
                f"contains(lower({text}), lower($search))"
                for place, column in enumerate(first.columns)
                if (text := _searched(column, f"c{place}", search)) is not None
            ]
            if hits:
                parameters["search"] = search
            terms.append(f"{' OR '.join(f'coalesce({hit}, false)' for hit in hits) or 'false'} AS {a}x")
        names = ", ".join(f"c{place}" for place in range(len(first.columns)))
        name = f"{a}f{group[0]}"
        if len(group) == 1:
            parameters[name] = [str(first.path)]
            source = f"read_parquet(${name}, file_row_number=true) AS t({names})"
            start = self.starts[group[0]]
            return f"SELECT {_ROW} + {start} AS {a}n{''.join(f', {term}' for term in terms)} FROM {source}"
        parameters[name] = [str(self.files[number].path) for number in group]
        parameters[f"{name}s"] = [self.starts[number] for number in group]
        source = (
            f"read_parquet(${name}, filename=true, file_row_number=true) AS t({names}) "
            f"JOIN (SELECT unnest(${name}) AS p, unnest(${name}s) AS s) ON filename = p"
        )
        return f"SELECT {_ROW} + s AS {a}n{''.join(f', {term}' for term in terms)} FROM {source}"


class Query:
    """Which rows of one table, or of two that are joined, and in which order."""

    def __init__(self, sides: Sequence[Side], join: TableJoin | None) -> None:
        self.sides = list(sides)
        self.join = join
        self.columns: list[TableColumn] = []
        taken: set[str] = set()
        for side in sides:
            for column in side.columns:
                name, number = column.name, 2
                while name in taken:
                    name, number = f"{column.name} ({number})", number + 1
                taken.add(name)
                self.columns.append(msgspec.structs.replace(column, name=name))
        self._places = {column.name: place for place, column in enumerate(self.columns)}

    def place_of(self, name: str) -> int:
        """Where a column is. Raises BadRequest if there is none of that name."""
        if name not in self._places:
            raise BadRequest(f"the table has no column {name[:200]!r}")
        return self._places[name]

    def wanted(self, names: list[str] | None) -> list[int]:
        """The places of the asked columns; of all without."""
        return list(range(len(self.columns))) if names is None else [self.place_of(name) for name in names]

    def side_of(self, place: int) -> Side:
        return self.sides[0] if place < len(self.sides[0].columns) else self.sides[1]

    def place_in_side(self, place: int) -> int:
        first = len(self.sides[0].columns)
        return place if place < first else place - first

    def is_plain(self, request: TableRequest) -> bool:
        """Whether all rows are asked for, as they were logged."""
        return not (self.join or request.search or request.filters or request.sort)

    def numbers(self, request: TableRequest) -> tuple[str, dict[str, Any]]:
        """SQL for the numbers of the rows that match, in order; one column for each side."""
        parameters: dict[str, Any] = {}
        conditions = [self._condition(number, one, parameters) for number, one in enumerate(request.filters)]
        if request.search:
            conditions.append(
                "(" + " OR ".join(f"coalesce({side.alias}x, false)" for side in self.sides) + ")"
            )
        orders = []
        for one in request.sort:
            orders.append(f"{self._name(one.column)} {'DESC' if one.is_descending else 'ASC'} NULLS LAST")
        needed: dict[str, set[int]] = {side.alias: set() for side in self.sides}
        for name in [*(one.column for one in request.filters), *(one.column for one in request.sort)]:
            place = self.place_of(name)
            needed[self.side_of(place).alias].add(self.place_in_side(place))
        source = self._source(needed, parameters, request.search)
        numbers = ", ".join(f"{side.alias}n" for side in self.sides)
        orders += [f"{side.alias}n NULLS LAST" for side in self.sides]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {numbers} FROM {source}{where} ORDER BY {', '.join(orders)}", parameters

    def _source(self, needed: dict[str, set[int]], parameters: dict[str, Any], search: str) -> str:
        if self.join is None:
            side = self.sides[0]
            return f"({side.select(parameters, needed[side.alias], search)})"
        left, right = self.sides
        left_key = _place_in(left, self.join.left)
        right_key = _place_in(right, self.join.right)
        needed["l"].add(left_key)
        needed["r"].add(right_key)
        is_alike = compared_as(left.columns[left_key]) == compared_as(right.columns[right_key])
        left_name, right_name = f"l{left_key}", f"r{right_key}"
        on = (
            f"{left_name} = {right_name}"
            if is_alike
            else f"CAST({left_name} AS VARCHAR) = CAST({right_name} AS VARCHAR)"
        )
        how = {"inner": "INNER", "left": "LEFT", "right": "RIGHT", "outer": "FULL OUTER"}[self.join.how]
        return (
            f"({left.select(parameters, needed['l'], search)}) AS a {how} JOIN "
            f"({right.select(parameters, needed['r'], search)}) AS b ON {on}"
        )

    def _name(self, column: str) -> str:
        place = self.place_of(column)
        return f"{self.side_of(place).alias}{self.place_in_side(place)}"

    def _condition(self, number: int, one: TableFilter, parameters: dict[str, Any]) -> str:
        name, value = self._name(one.column), one.value
        kind = compared_as(self.columns[self.place_of(one.column)])
        if one.op == "is_null" or (one.op == "==" and value is None):
            return f"{name} IS NULL"
        if one.op == "is_not_null" or (one.op == "!=" and value is None):
            return f"{name} IS NOT NULL"
        if value is None:
            raise BadRequest(f"the filter {one.op} on {one.column[:200]!r} needs a value")
        parameter = f"v{number}"
        if one.op == "contains":
            parameters[parameter] = _text_of(value)
            return f"contains(lower(CAST({name} AS VARCHAR)), lower(${parameter}))"
        if kind == "list":
            raise BadRequest(f"the column {one.column[:200]!r} can't be compared with a value")
        parameters[parameter] = _value_for(kind, value, one.column)
        if one.op == "==":
            return f"{name} = ${parameter}"
        if one.op == "!=":
            return f"{name} IS DISTINCT FROM ${parameter}"
        return f"{name} {_OPERATORS[one.op]} ${parameter}"


@dataclass(frozen=True)
class Cut:
    """How much of a cell is shown: characters of texts and of media records, bytes, numbers of arrays."""

    chars: int
    bytes: int
    numbers: int
    record_chars: int


def file_query(
    file: TableFile, places: Sequence[int], numbers: Any, cut: Cut | None
) -> tuple[str, dict[str, Any]]:
    """SQL for some columns of some rows of a file; `numbers` rise. The first column is the row's number; then
    come three for each place, see `_shown`."""
    names = ", ".join(f"c{place}" for place in range(len(file.columns)))
    shown = "".join(_shown(file, place, cut) for place in places)
    first, last = int(numbers[0]), int(numbers[-1])
    parameters: dict[str, Any] = {"f": [str(file.path)], "a": first, "b": last}
    where = f"{_ROW} >= $a AND {_ROW} <= $b"
    if last - first + 1 != len(numbers):
        parameters["ids"] = [int(number) for number in numbers]
        where += f" AND {_ROW} IN (SELECT unnest($ids))"
    source = f"read_parquet($f, file_row_number=true) AS t({names})"
    return f"SELECT {_ROW}{shown} FROM {source} WHERE {where}", parameters


def files_query(
    files: Sequence[TableFile], places: Sequence[int], whose: Sequence[int], numbers: Any, cut: Cut | None
) -> tuple[str, dict[str, Any]]:
    """SQL for some columns of some rows of files of the same make; whose: the file of each wanted row. The
    first column says which of the wanted rows it is; then come three for each place, see `_shown`."""
    names = ", ".join(f"c{place}" for place in range(len(files[0].columns)))
    shown = "".join(_shown(files[0], place, cut) for place in places)
    paths = [str(file.path) for file in files]
    parameters: dict[str, Any] = {
        "f": list(dict.fromkeys(paths)),
        "p": [paths[one] for one in whose],
        "r": [int(number) for number in numbers],
        "k": list(range(len(whose))),
    }
    wanted = "(SELECT unnest($p) AS p, unnest($r) AS r, unnest($k) AS k)"
    source = f"read_parquet($f, filename=true, file_row_number=true) AS t({names})"
    return f"SELECT k{shown} FROM {source} JOIN {wanted} ON filename = p AND {_ROW} = r", parameters


def size_query(file: TableFile, first: int, count: int) -> tuple[str, dict[str, Any]] | None:
    """SQL for how many bytes the cells of some rows take that may be of any length; None if none may."""
    names = ", ".join(f"c{place}" for place in range(len(file.columns)))
    sizes = [
        f"coalesce(sum({size}), 0)"
        for place in range(len(file.columns))
        if (size := _sized(file, place)[0]) is not None
    ]
    if not sizes:
        return None
    source = f"read_parquet($f, file_row_number=true) AS t({names})"
    where = f"{_ROW} >= $a AND {_ROW} < $b"
    parameters = {"f": [str(file.path)], "a": first, "b": first + count}
    return f"SELECT {' + '.join(sizes)} FROM {source} WHERE {where}", parameters


def is_cuttable(file: TableFile, place: int) -> bool:
    """Whether cells of the column may be of any length."""
    return _sized(file, place)[0] is not None


def _shown(file: TableFile, place: int, cut: Cut | None) -> str:
    """Three columns: the value, or nothing if it is too large; then how large it is, and its beginning.

    They are cut here, so that a small file with large values never becomes a large answer.
    """
    size, begin = _sized(file, place)
    if size is None or cut is None:
        return f", c{place}, NULL, NULL"
    column = file.columns[place]
    if column.type == "array":
        limit = cut.numbers
    elif column.type == "bytes":
        limit = cut.bytes
    else:
        limit = cut.record_chars if column.type in _MEDIA else cut.chars
    return (
        f", CASE WHEN {size} <= {limit} THEN c{place} END"
        f", CASE WHEN {size} > {limit} THEN {size} END"
        f", CASE WHEN {size} > {limit} THEN {begin.format(limit=limit)} END"
    )


def _sized(file: TableFile, place: int) -> tuple[str | None, str]:
    """SQL for the size of a column's cells (None: they are always small) and for the beginning of one."""
    column, lies_as, name = file.columns[place], file.types[place], f"c{place}"
    if column.type == "array":
        return f"len({name})", f"{name}[1:{{limit}}]"
    if column.type == "bytes":
        return f"octet_length({name})", f"{name}[1:{{limit}}]"
    if lies_as in ("string", "large_string") or lies_as.startswith("dictionary<values=string"):
        return f"length({name})", f"left({name}, {{limit}})"
    if column.type == "any" and lies_as != "null":
        text = f"CAST(to_json({name}) AS VARCHAR)"
        return f"length({text})", f"left({text}, {{limit}})"
    return None, ""


_SQL_TYPES = {
    "number": "DOUBLE",
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
    "bytes": "BLOB",
}


def compared_as(column: TableColumn) -> str:
    """What the values of a column are when they are compared: "number", "text", "boolean", "time", "bytes" or
    "list"."""
    if column.type in ("integer", "number"):
        return "number"
    if column.type in ("timestamp", "date"):
        return "time"
    if column.type in ("boolean", "bytes"):
        return column.type
    return "list" if column.type == "array" else "text"


def _comparable(column: TableColumn, name: str) -> str:
    if column.type in ("integer", "number") and column.dtype in ("text", "decimal"):
        return f"TRY_CAST({name} AS DOUBLE)"
    if column.type == "date":
        return f"CAST({name} AS TIMESTAMP)"
    if column.type in _MEDIA:
        return f"CASE WHEN json_valid({name}) THEN json_extract_string({name}, '$.caption') END"
    return f"CAST({name} AS VARCHAR)" if column.type in ("list", "dict", "any") else name


def _searched(column: TableColumn, name: str, search: str) -> str | None:
    if column.type in _MEDIA:
        texts = f"array_to_string(json_extract_string({name}, {_MEDIA_TEXTS}), ' ')"
        return f"CASE WHEN json_valid({name}) THEN {texts} END"
    if column.type in ("array", "bytes", "none"):
        return None
    if column.type in ("integer", "number") and not _NUMBER_PART.fullmatch(search):
        return None  # spelling out a million numbers takes seconds
    return name if column.type == "string" else f"CAST({name} AS VARCHAR)"


def _place_in(side: Side, name: str) -> int:
    for place, column in enumerate(side.columns):
        if column.name == name:
            return place
    raise BadRequest(f"there is no column {name[:200]!r} to join on")


def _text_of(value: str | float | bool) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value_for(kind: str, value: str | float | bool, column: str) -> Any:
    try:
        if kind == "number":
            if isinstance(value, str):
                return int(value) if value.strip().lstrip("+-").isdigit() else float(value)
            return float(value)
        if kind == "boolean":
            if isinstance(value, str):
                return {"true": True, "false": False}[value.strip().lower()]
            return bool(value)
        if kind == "time":
            return _time_from(str(value))
    except (ValueError, KeyError, OverflowError):
        raise BadRequest(f"{str(value)[:80]!r} can't be compared with the column {column[:200]!r}") from None
    return str(value).encode() if kind == "bytes" else _text_of(value)


def _time_from(text: str) -> datetime.datetime:
    time = datetime.datetime.fromisoformat(text.strip().removesuffix("Z"))
    return time if time.tzinfo is None else time.astimezone(datetime.timezone.utc).replace(tzinfo=None)
