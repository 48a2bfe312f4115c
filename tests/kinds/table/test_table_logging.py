"""What each log of a table takes along, in its three modes, and while threads add rows."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from table_rows import put_into

from diorama.errors import UsageError
from diorama.media import KINDS_BY_NAME, Image, Table
from diorama.media.core.base import Snapshot


class TestLogging:
    def test_incremental(self, trip) -> None:
        table = Table(columns=["a"], log_mode="INCREMENTAL")
        parts = []
        for step in range(4):
            for number in range(step * 5000):
                table.add_data(number)
            snapshot = table.snapshot_for("here")
            parts.append(snapshot.header)
            assert table.snapshot_for("here").header == snapshot.header  # not logged yet
            table.note_logged("here", snapshot)
        assert [(part["first_row"], part["row_count"], part["increment"]) for part in parts] == [
            (0, 0, 0), (0, 5000, 1), (5000, 10000, 2), (15000, 15000, 3),
        ]  # fmt: skip
        assert table.snapshot_for("elsewhere").header["row_count"] == 30_000
        assert table.snapshot().header["row_count"] == 30_000
        record = trip(table).record
        assert (record.log_mode, record.increment, record.first_row) == ("INCREMENTAL", 0, 0)

    def test_the_parts_are_the_whole(self) -> None:
        table = Table(columns=["a", "p"], log_mode="INCREMENTAL")
        rows = []
        for number in range(9000):
            table.add_data(number, Image([[number % 256]]) if number % 1000 == 0 else None)
            if number % 1700 == 0:
                snapshot = table.snapshot_for("here")
                rows += _rows(snapshot)
                table.note_logged("here", snapshot)
        rows += _rows(table.snapshot_for("here"))
        assert [row[0] for row in rows] == list(range(9000))
        assert [row[1].array.tolist() for row in rows if row[1] is not None] == [
            [[number % 256]] for number in range(0, 9000, 1000)
        ]

    @pytest.mark.slow
    def test_threads_that_add_rows(self) -> None:
        table = Table(columns=["who", "n"], log_mode="INCREMENTAL")
        counted: list[int] = []

        def add(who: int) -> None:
            for number in range(10_000):
                table.add_data(who, number)

        threads = [threading.Thread(target=add, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            snapshot = table.snapshot_for("here")
            counted.append(snapshot.header["row_count"])
            table.note_logged("here", snapshot)
        counted.append(table.snapshot_for("here").header["row_count"])
        assert sum(counted) == len(table) == 40_000
        for who in range(4):
            assert [row[1] for row in table.data if row[0] == who] == list(range(10_000))

    def test_incremental_tables_have_fixed_columns(self) -> None:
        table = Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")
        for change in (
            lambda: table.add_column("b", [1]),
            lambda: table.add_computed_columns(lambda number, row: {"b": 1}),
        ):
            with pytest.raises(UsageError, match="INCREMENTAL"):
                change()

    @pytest.mark.parametrize("mode", ["IMMUTABLE", "MUTABLE"])
    def test_logged_again_it_has_all_its_rows(self, mode, trip) -> None:
        table = Table(columns=["a"], data=[[1]], log_mode=mode)
        first = table.snapshot_for("here")
        table.note_logged("here", first)
        table.add_data(2)
        assert [row[0] for row in _rows(table.snapshot_for("here"))] == [1, 2]
        assert [row[0] for row in _rows(first)] == [1]
        assert trip(table).record.log_mode == mode


def _rows(snapshot: Snapshot) -> list[list[Any]]:
    held: dict[str, bytes] = {}
    record = KINDS_BY_NAME["table"].encode(snapshot, put_into(held))
    rows: list[list[Any]] = KINDS_BY_NAME["table"].decode(record, lambda ref: held[ref.sha256]).rows()
    return rows
