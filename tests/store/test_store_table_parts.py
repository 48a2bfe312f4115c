"""Tables of several blobs: below one another, growing with the steps, joined."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from batches import ingest, log
from owner import Service
from stored_tables import page, record_of, stored

from diorama.errors import BadRequest, NotFound
from diorama.media import KINDS_BY_NAME, JoinedTable, PartitionedTable, Table
from diorama.service import table_parts
from diorama.service.views import TableFilter, TableJoin, TableRequest, TableSort
from diorama.store import schema


@contextmanager
def records_asked_for(service: Service) -> Iterator[list[int]]:
    """How many records each question in the block asks for at most."""
    found: list[int] = []

    def note(_connection: object, statement: Any, *_: object) -> None:
        if isinstance(statement, sa.Select) and schema.records in statement.get_final_froms():
            found.append(statement._limit)

    engine = service._database._engine
    sa.event.listen(engine, "before_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_execute", note)


class TestParts:
    def test_one_below_another(self, service) -> None:
        parts = [
            Table(columns=["a", "b"], data=[[1, "x"], [2, None]]),
            Table(columns=["a", "b"], data=[[0.5, "y"]]),
            Table(columns=["a", "b"], data=[[None, None]]),
            Table(columns=["a", "b"], data=[[2**70, "z"]]),
        ]
        shas = stored(service, *parts)
        found = page(service, shas)
        assert found.rows == [[1, "x"], [2, None], [0.5, "y"], [None, None], [{"_number": str(2**70)}, "z"]]
        assert found.columns[0].type == "number"
        assert page(service, shas, sort=[TableSort("a")]).numbers == [2, 0, 1, 4, 3]
        assert page(service, shas, search="y").numbers == [2]
        assert page(service, shas, offset=1, limit=2).rows == [[2, None], [0.5, "y"]]
        mixed = stored(service, Table(columns=["a", "b"], data=[["text", True]]))
        both = page(service, shas + mixed, sort=[TableSort("a"), TableSort("b")])
        assert both.total == 6
        with pytest.raises(BadRequest, match="different columns"):
            page(service, shas + stored(service, Table(columns=["a"], data=[[1]])))

    def test_many_small_parts(self, service) -> None:
        rng = random.Random(0)
        parts = [
            Table(columns=["i", "v"], data=[[10 * part + row, np.full((2, 2), part)] for row in range(10)])
            for part in range(30)
        ]
        shas = stored(service, *parts)
        shas += [shas[3], shas[3]]
        wanted = [10 * (part if part < 30 else 3) + row for part in range(32) for row in range(10)]
        found = page(service, shas, sort=[TableSort("i", True)], limit=1000)
        assert [row[0] for row in found.rows] == sorted(wanted, reverse=True)
        assert all(row[1][0][0] == row[0] // 10 for row in found.rows)
        assert [wanted[number] for number in found.numbers] == [row[0] for row in found.rows]
        some = page(service, shas, search=str(rng.randrange(100, 300)), limit=1000)
        assert some.matched == 1

    def test_incremental(self, service) -> None:
        table = Table(columns=["i", "loss"], log_mode="INCREMENTAL")
        entries = []
        for step in range(30):
            for number in range(3):
                table.add_data(step * 3 + number, 1 if step < 5 else 0.5)
            snapshot = table.snapshot_for("t")
            entries.append(log(step, {"t": KINDS_BY_NAME["table"].encode(snapshot, service.put_blob)}))
            table.note_logged("t", snapshot)
        uid = ingest(service, *entries)
        for step, count in ((0, 3), (7, 24), (29, 90), (None, 90)):
            found = service.table_page(TableRequest(run=uid, key="t", step=step, limit=1000))
            assert [row[0] for row in found.rows] == list(range(count))
            assert found.numbers == list(range(count))
        sort = [TableSort("loss"), TableSort("i", True)]
        found = service.table_page(TableRequest(run=uid, key="t", step=7, sort=sort, limit=1000))
        assert found.numbers == [*range(23, 14, -1), *range(14, -1, -1)]
        with pytest.raises(NotFound):
            service.table_page(TableRequest(run=uid, key="t", step=-1))

    def test_many_parts_are_read_backwards_a_few_at_a_time(self, service, monkeypatch) -> None:
        monkeypatch.setattr(table_parts, "_RECORDS_AT_ONCE", 4)
        table = Table(columns=["i"], log_mode="INCREMENTAL")
        entries = [log(0, {"t": record_of(service, Table(columns=["i"], data=[[-1]]))})]
        for number in range(11):
            table.add_data(number)
            snapshot = table.snapshot_for("t")
            record = KINDS_BY_NAME["table"].encode(snapshot, service.put_blob)
            entries.append(log(1 + number // 3, {"t": record}, row=number + 1))  # up to three at one step
            table.note_logged("t", snapshot)
        uid = ingest(service, *entries)
        for step, count in ((None, 11), (4, 11), (3, 9), (2, 6), (1, 3)):
            with records_asked_for(service) as asked:
                found = service.table_page(TableRequest(run=uid, key="t", step=step))
            assert [row[0] for row in found.rows] == list(range(count))
            # Until the table that did not grow, below the parts: it is read, and nothing behind it.
            assert asked == [1] + [4] * math.ceil(count / 4)

    def test_of_a_table_that_does_not_grow_only_the_last_is_read(self, service) -> None:
        uid = ingest(service, *(log(s, {"t": record_of(service, Table(["i"], [[s]]))}) for s in range(30)))
        for step, wanted in ((None, 29), (12, 12), (99, 29)):
            with records_asked_for(service) as asked:
                assert service.table_page(TableRequest(run=uid, key="t", step=step)).rows == [[wanted]]
            assert asked == [1]

    def test_the_last_one_up_to_a_step(self, service) -> None:
        tables = [Table(columns=["i"], data=[[number]]) for number in range(3)]
        entries = [log(step * 10, {"t": record_of(service, one)}) for step, one in enumerate(tables)]
        listed = [record_of(service, one) for one in tables]
        uid = ingest(service, *entries, log(40, {"l": listed}))
        for step, value in ((0, 0), (9, 0), (10, 1), (99, 2), (None, 2)):
            assert service.table_page(TableRequest(run=uid, key="t", step=step)).rows == [[value]]
        assert service.table_page(TableRequest(run=uid, key="l", index=1)).rows == [[1]]
        with pytest.raises(NotFound):
            service.table_page(TableRequest(run=uid, key="l", index=3))

    def test_joined_and_partitioned(self, service) -> None:
        left = Table(columns=["id", "x"], data=[["a", 1], ["b", 2], [None, 3]])
        right = Table(columns=["id", "y"], data=[["b", 10], ["c", 20], ["b", 30]])
        joined = record_of(service, JoinedTable(left, right, "id"))
        parts = record_of(service, PartitionedTable([left, left]))
        uid = ingest(service, log(0, {"j": joined, "p": parts}))
        found = service.table_page(TableRequest(run=uid, key="j"))
        assert [column.name for column in found.columns] == ["id", "x", "id (2)", "y"]
        assert found.rows == [
            ["a", 1, None, None],
            ["b", 2, "b", 10],
            ["b", 2, "b", 30],
            [None, 3, None, None],
            [None, None, "c", 20],
        ]
        assert (found.total, found.matched, found.numbers) == (5, 5, [0, 1, 2, 3, 4])
        tables, other = [joined.left.blob.sha256], [joined.right.blob.sha256]
        for how, total in (("inner", 2), ("left", 4), ("right", 3), ("outer", 5)):
            join = TableJoin(other, "id", "id", how)  # type: ignore[arg-type]  # one of the four
            assert page(service, tables, join=join).total == total
        join = TableJoin(other, "id", "id")
        some = page(
            service, tables, join=join, filters=[TableFilter("y", ">", 5.0)], sort=[TableSort("y", True)],
            search="b",
            columns=["y", "x"],
        )  # fmt: skip
        assert (some.rows, some.matched, some.total) == ([[30, 2], [10, 2]], 2, 5)
        with pytest.raises(BadRequest, match="join on"):
            page(service, tables, join=TableJoin(other, "id", "nope"))
        with pytest.raises(BadRequest, match="second table"):
            page(service, tables, join=TableJoin([], "id", "id"))
        assert service.table_page(TableRequest(run=uid, key="p")).total == 6

    def test_joining_numbers_with_text(self, service) -> None:
        shas = stored(
            service,
            Table(columns=["k"], data=[[1], [2]]),
            Table(columns=["k"], data=[["2"], ["x"]]),
            Table(columns=["k"], data=[[2.0], [2.5]]),
        )
        assert page(service, [shas[0]], join=TableJoin([shas[1]], "k", "k", "inner")).rows == [[2, "2"]]
        assert page(service, [shas[0]], join=TableJoin([shas[2]], "k", "k", "inner")).rows == [[2, 2.0]]
